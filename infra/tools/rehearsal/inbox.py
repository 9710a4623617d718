"""The webhooks that the client's server has received, and their signatures."""

import hashlib
import hmac
import json
import queue
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from standardwebhooks import Webhook as StandardWebhooks

from infra.tools.process import Failed
from infra.tools.rehearsal.client import expect

WEBHOOK_SECONDS = 180
ENDED = {"failed", "cancelled"}


@dataclass(frozen=True)
class Webhook:
    """A request to the server."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The same on every attempt."""
        return self.headers["webhook-id"]


class Inbox:
    """Every webhook received, by the path to which it was sent."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, queue.Queue[Webhook]] = defaultdict(queue.Queue)
        # How often each path still refuses each event.
        self._failures: dict[tuple[str, str], int] = {}

    def fail(self, path: str, event: str, times: int) -> None:
        """Refuses the next webhooks of `event` to `path`."""
        self._failures[path, event] = times

    def put(self, path: str, webhook: Webhook) -> int:
        """Stores a webhook, unless it is to fail; the status to answer."""
        key = (path, json.loads(webhook.body).get("type"))
        if self._failures.get(key):
            self._failures[key] -= 1
            return 500
        self._queues[path].put(webhook)
        return 204

    def take(self, path: str, poll: Callable[[], dict[str, Any]]) -> Webhook:
        """The next webhook for `path`; fails if its subject, which `poll` returns, fails or is cancelled."""
        end = time.monotonic() + WEBHOOK_SECONDS
        while time.monotonic() < end:
            try:
                return self._queues[path].get(timeout=1)
            except queue.Empty:
                if poll().get("status") in ENDED:
                    break
        raise Failed(f"no webhook came to {path}; its subject is {json.dumps(poll())}")


def verify(webhook: Webhook, secret: str) -> dict[str, Any]:
    """The body of a webhook, once both signatures verify, each by code from outside the product."""
    StandardWebhooks(secret).verify(webhook.body, webhook.headers)
    expected = hmac.new(secret.encode(), webhook.body, hashlib.sha256).hexdigest()
    presented = webhook.headers["x-webhook-signature"]
    expect(hmac.compare_digest(presented, f"sha256={expected}"), "X-Webhook-Signature is wrong")
    return json.loads(webhook.body)
