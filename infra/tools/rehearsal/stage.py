"""What every part of the rehearsal uses."""

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
    """The deployed API with a key, and the client's server."""

    api: Client
    # The key that signs webhooks to the `webhook_url` of a job or project.
    secret: str
    receiver_url: str
    inbox: Inbox

    def webhook_about(self, path: str, subject: str) -> Webhook:
        """The next webhook to the receiver's `path`, about the job or project at the API's `subject`."""
        return self.inbox.take(path, lambda: self.api.get(subject))

    def wait(
        self, path: str, is_so: Callable[[dict[str, Any]], bool], seconds: float = STATE_SECONDS
    ) -> dict[str, Any]:
        """The API's answer at `path`, once it `is_so`."""
        end = time.monotonic() + seconds
        while not is_so(shown := self.api.get(path)):
            if time.monotonic() > end:
                raise Failed(f"{path} stays {shown}")
            time.sleep(0.1)
        return shown


def say(sentence: str) -> None:
    """Prints a result with its time."""
    print(f"{time.monotonic() - START:6.1f} s  {sentence}", flush=True)
