"""What every part of the rehearsal plays on."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.tools.process import Failed
from infra.tools.rehearsal.client import Client
from infra.tools.rehearsal.inbox import Inbox, Webhook

STATE_SECONDS = 60
START = time.monotonic()


@dataclass(frozen=True)
class Stage:
    """The deployed API with a key to it, and the client's own server."""

    api: Client
    # What signs webhooks to the addresses of single jobs and projects.
    secret: str
    receiver_url: str
    inbox: Inbox

    def webhook_about(self, path: str, subject: str) -> Webhook:
        """The next webhook that comes to the receiver's `path`, about what the API shows at `subject`."""
        return self.inbox.take(path, lambda: self.api.get(subject))

    def wait(self, path: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What the API shows at `path`, once that `is_so`."""
        end = time.monotonic() + STATE_SECONDS
        while not is_so(shown := self.api.get(path)):
            if time.monotonic() > end:
                raise Failed(f"{path} stays {shown}")
            time.sleep(0.1)
        return shown


def say(sentence: str) -> None:
    """Tells what has been seen, and when."""
    print(f"{time.monotonic() - START:6.1f} s  {sentence}", flush=True)
