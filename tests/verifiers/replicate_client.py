"""Uses the studio in place of Replicate with the official client, as a program that knows only the
original: `replicate_client.py URL TOKEN`. Its webhooks are verified with the official library of
Standard Webhooks, too. Ends with an error at the first difference."""

import json
import queue
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import replicate
from replicate.exceptions import ModelError, ReplicateError
from replicate.webhook import Webhooks
from standardwebhooks.webhooks import Webhook

URL, TOKEN = sys.argv[1:]
OFFICIAL = "black-forest-labs/flux-schnell"
TRAINER = "ostris/flux-dev-lora-trainer"
OWN = "acme/portraits"
HOUR = 3_600_000

client = replicate.Client(TOKEN, base_url=URL)
client.poll_interval = 0.01


class Inbox(BaseHTTPRequestHandler):
    """Keeps webhooks, by the id in their bodies."""

    received: "queue.Queue[tuple[dict, bytes]]" = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def refused(status, call):
    """Calls `call`, which must be refused with `status`; returns the error."""
    try:
        call()
    except ReplicateError as error:
        assert error.status == status, error
        assert error.detail, error
        return error
    raise AssertionError(f"not refused with {status}")


def wait(task):
    """Reloads a task until it has ended; trainings have no method for that."""
    deadline = time.monotonic() + 30
    while task.status in ("starting", "processing"):
        assert time.monotonic() < deadline, task
        time.sleep(0.01)
        task.reload()
    return task


def files(uri):
    """The content of a file, which is not shown without the token."""
    assert httpx.get(uri, trust_env=False).status_code == 401
    answer = client._client.get(uri)
    answer.raise_for_status()
    return answer


def resources():
    assert client.accounts.current().username == "acme"
    model = client.models.get(OFFICIAL)
    assert model.id == OFFICIAL and model.visibility == "public"
    version = model.versions.get(model.latest_version.id)
    assert version.id == model.latest_version.id == model.versions.list()[0].id
    deployment = client.deployments.get(OWN)
    assert deployment.current_release.model == OWN
    refused(404, lambda: client.models.get("acme/nothing"))
    refused(404, lambda: model.versions.get("0" * 64))
    refused(404, lambda: client.deployments.get("acme/nothing"))


def predictions(receiver):
    hash_ = client.models.get(OFFICIAL).latest_version.id
    template = {"video": "file:mp4", "frames": ["file:png", "file:jpg"], "seconds": 1.5}
    references = [
        {"version": hash_},
        {"version": f"{OFFICIAL}:{hash_}"},
        {"version": OFFICIAL},
        {"model": OFFICIAL},
        {"deployment": OWN},
    ]
    for reference in references:
        made = client.predictions.create(
            **reference, input={"prompt": "a fox", "output": template}, webhook=receiver
        )
        assert made.status == "starting" and made.output is None, made
        made.wait()
        assert made.status == "succeeded" and made.error is None, made
        assert made.model == (OWN if "deployment" in reference else OFFICIAL)
        assert made.progress.percentage == 1.0, made.logs
        assert made.metrics["predict_time"] >= 0
        assert made.created_at <= made.started_at <= made.completed_at
        assert made.output["seconds"] == 1.5
        check_webhooks(made.id)
    for uri, start in (
        (made.output["video"], b"ftyp"),
        (made.output["frames"][0], b"PNG"),
        (made.output["frames"][1], b"\xff\xd8\xff"),
    ):
        assert start in files(uri).content[:12], uri
    (picture,) = client.run(OFFICIAL, input={"prompt": "a fox"})
    assert picture.read()[1:4] == b"PNG"
    text = client.run(OFFICIAL, input={"prompt": "a fox", "output": "a text"}, wait=False)
    assert text == "a text", text
    try:
        client.run(OFFICIAL, input={"error": "CUDA out of memory"})
    except ModelError as error:
        assert str(error) == "CUDA out of memory" and error.prediction.status == "failed"
    else:
        raise AssertionError("a failed prediction raises an error")


def check_webhooks(task_id):
    """Takes the four webhooks of a task, verified by both libraries."""
    secret = client.webhooks.default.secret()
    kinds = []
    for _ in range(4):
        headers, body = Inbox.received.get(timeout=30)
        Webhook(secret.key).verify(body, headers)
        Webhooks.validate(headers=headers, body=body.decode(), secret=secret)
        task = json.loads(body)
        assert task["id"] == task_id
        kinds.append((task["status"], bool(task["logs"]), task["output"] is not None))
    assert kinds == [
        ("processing", False, False),
        ("processing", True, False),
        ("processing", True, True),
        ("succeeded", True, True),
    ], kinds


def lists():
    ids = [
        client.predictions.create(OFFICIAL, {"output": number}).id for number in range(105)
    ]
    pages = list(replicate.pagination.paginate(client.predictions.list))
    assert len(pages) > 1 and all(len(page) == 100 for page in pages[:-1])
    listed = [prediction.id for page in pages for prediction in page]
    assert listed[:105] == ids[::-1] and len(set(listed)) == len(listed)
    back = client.predictions.list(pages[1].previous)
    assert [prediction.id for prediction in back] == listed[:100]


def cancels():
    for phase in ("starting", "processing"):
        running = client.predictions.create(OFFICIAL, {f"{phase}_ms": HOUR})
        while running.status != phase:
            running.reload()
        running.cancel()
        assert running.status == "canceled" and running.completed_at, running
    done = client.predictions.create(OFFICIAL, {"output": "done"})
    done.wait()
    before = done.dict()
    done.cancel()
    assert done.dict() == before


def trainings(receiver):
    version = client.models.get(TRAINER).latest_version.id
    order = {"model": TRAINER, "version": version, "input": {"input_images": "https://a.test/z"}}
    training = client.trainings.create(**order, destination=OWN, webhook=receiver)
    assert wait(training).status == "succeeded", training
    assert training.destination == OWN
    weights = files(training.output["weights"]).content
    assert b"lora" in weights
    assert training.urls["get"].endswith(f"/v1/predictions/{training.id}")
    check_webhooks(training.id)
    assert client.trainings.list()[0].id == training.id
    trained = client.predictions.create(training.output["version"], {"output": "portrait"})
    trained.wait()
    assert trained.output == "portrait"
    canceled = client.trainings.create(**{**order, "input": {"starting_ms": HOUR}}, destination=OWN)
    canceled.cancel()
    assert canceled.status == "canceled"
    refused(404, lambda: client.trainings.create(**order, destination="acme/nothing"))
    refused(404, lambda: client.trainings.create(**order, destination=OFFICIAL))
    client.models.create("acme", "new", visibility="private", hardware="gpu-t4")
    assert wait(client.trainings.create(**order, destination="acme/new")).status == "succeeded"
    assert client.models.get("acme/new").latest_version


def errors():
    stranger = replicate.Client("wrong", base_url=URL)
    assert refused(401, lambda: stranger.predictions.list()).title == "Unauthenticated"
    refused(404, lambda: client.predictions.get("nothing"))
    refused(404, lambda: client.predictions.create(model="acme/nothing", input={}))
    refused(422, lambda: client.predictions.create("0" * 64, {}))
    problem = refused(422, lambda: client.predictions.create(OFFICIAL, {"prompt": 7}))
    assert "input.prompt" in problem.detail


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    receiver = f"http://127.0.0.1:{server.server_port}/hook?job=job_1"
    resources()
    predictions(receiver)
    lists()
    cancels()
    trainings(receiver)
    errors()


main()
