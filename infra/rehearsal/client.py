"""The client of the rehearsal: submits a job, takes its webhook, verifies it, fetches the file."""

import hashlib
import hmac
import io
import json
import queue
import time
import urllib.error
import urllib.request
import wave
from dataclasses import dataclass
from typing import Any

from standardwebhooks import Webhook as StandardWebhooks

from infra.process import Failed
from infra.rehearsal.servers import Webhook

JOB_SECONDS = 180
TEXT = (
    "Hookreel takes a text and gives it to a rented machine to be spoken. The machine says when it "
    "has finished, the file is pulled into the bucket, and whoever asked is told. " * 6
)


@dataclass(frozen=True)
class Answer:
    """An answer of the API, of whatever status."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Its body, which must be a JSON object."""
        return json.loads(self.body)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Shows a redirect for what it is."""

    def redirect_request(self, *_: Any) -> None:
        """Follows none."""


class Client:
    """Speaks to the API with one key."""

    def __init__(self, url: str, key: str | None):
        self._url = url
        self._key = key
        self._opener = urllib.request.build_opener(NoRedirects)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request, `path` below the API or a whole URL; underscores in header names are hyphens."""
        url = path if path.startswith("http") else self._url + path
        request = urllib.request.Request(url, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self._key and url.startswith(self._url):
            request.add_header("Authorization", f"Bearer {self._key}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with self._opener.open(request, timeout=60) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())


def expect(condition: bool, sentence: str) -> None:
    """Fails with `sentence`, which says what is not so, unless `condition` holds."""
    if not condition:
        raise Failed(sentence)


def submit(client: Client, webhook_url: str) -> str:
    """Submits the job twice under one idempotency key; its id."""
    order = {"text": TEXT, "language": "english", "webhook_url": webhook_url}
    first = client.call("POST", "/v1/tts/async", order, Idempotency_Key="rehearsal-1")
    expect(first.status == 202, f"a job is answered {first.status}: {first.body!r}")
    again = client.call("POST", "/v1/tts/async", order, Idempotency_Key="rehearsal-1")
    expect(again.body == first.body, f"the repeated request is answered {again.body!r}")
    return first.json()["job_id"]


def await_webhook(webhooks: "queue.Queue[Webhook]", client: Client, job_id: str) -> Webhook:
    """The job's webhook; fails with the job's state if none comes."""
    end = time.monotonic() + JOB_SECONDS
    while time.monotonic() < end:
        try:
            return webhooks.get(timeout=1)
        except queue.Empty:
            job = client.call("GET", f"/v1/jobs/{job_id}").json()
            if job.get("status") == "failed":
                break
    job = client.call("GET", f"/v1/jobs/{job_id}").body.decode()
    raise Failed(f"no webhook came; the job is {job}")


def verify(webhook: Webhook, secret: str) -> dict[str, Any]:
    """Checks both signatures, each with code that is not ours; the webhook's body."""
    StandardWebhooks(secret).verify(webhook.body, webhook.headers)
    expected = hmac.new(secret.encode(), webhook.body, hashlib.sha256).hexdigest()
    presented = webhook.headers["x-webhook-signature"]
    expect(hmac.compare_digest(presented, f"sha256={expected}"), "X-Webhook-Signature is wrong")
    return json.loads(webhook.body)


def download(event: dict[str, Any]) -> bytes:
    """The file behind the webhook's link, which must be what the webhook announced."""
    anyone = Client("http://nowhere.invalid", None)
    redirect = anyone.call("GET", event["audio_url"])
    expect(redirect.status == 302, f"the link is answered {redirect.status}: {redirect.body!r}")
    location = {name.lower(): value for name, value in redirect.headers.items()}["location"]
    file = anyone.call("GET", location)
    expect(file.status == 200, f"the presigned URL is answered {file.status}: {file.body[:300]!r}")
    [output] = event["data"]["outputs"]
    expect(len(file.body) == output["bytes"], f"{len(file.body)} bytes are not {output['bytes']}")
    digest = hashlib.sha256(file.body).hexdigest()
    expect(digest == output["sha256"], "the file's SHA-256 is not the one announced")
    with wave.open(io.BytesIO(file.body)) as audio:
        seconds = audio.getnframes() / audio.getframerate()
    expect(abs(seconds * 1000 - output["duration_ms"]) < 2, f"it plays {seconds} s, as not announced")
    return file.body
