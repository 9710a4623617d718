"""Rehearses a deployment on this machine: what AWS would be given, deployed and driven.

    python -m infra.rehearsal

CloudFormation deploys the transformed template into an emulator that others wrote, the zips run
there, and one text-to-speech job goes through the API from submission to verified webhook and
downloaded file. Everything is on loopback; nothing is left behind.
"""

import os
import queue
import re
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra import package, sam
from infra.process import Child, Failed, free_port
from infra.rehearsal import client, emulator, transform
from infra.rehearsal.emulator import Emulator
from infra.rehearsal.servers import Door, Webhook, front_door, receiver
from infra.sam import ROOT

SECRET = "hookreel"
LOG = "ministack.log"
STUDIO = ROOT / "target" / "debug" / "hookreel-studio"
CLI = ROOT / "target" / "debug" / "hookreel"
DRAIN_SECONDS = 30

start = time.monotonic()


def say(sentence: str) -> None:
    """Tells what has been seen, and when."""
    print(f"{time.monotonic() - start:6.1f} s  {sentence}", flush=True)


def main() -> int:
    names = [function.name for function in sam.functions(sam.load())]
    architecture = package.host()
    for needed in [STUDIO, CLI, *(package.package(name, architecture) for name in names)]:
        if not needed.exists():
            raise Failed(f"{needed.relative_to(ROOT)} is not built; `make rehearse` builds it")
    with tempfile.TemporaryDirectory(prefix="hookreel-rehearsal-") as folder:
        rehearse(Path(folder), names, architecture)
        ran = started(Path(folder) / LOG)
    print("Worked around in the rehearsal, never in the product:")
    for workaround in transform.WORKAROUNDS:
        print(f"  - {workaround}")
    idle = [name for name in names if name not in ran]
    print(f"{len(ran)} of {len(names)} functions ran as deployed, each with its own role: {', '.join(ran)}")
    print(f"Deployed, but nothing asked for them: {', '.join(idle) or 'none'}")
    return 0


def started(log: Path) -> list[str]:
    """The functions that the emulator has started, by its log."""
    text = log.read_text(errors="replace")
    functions = sam.functions(sam.load())
    return [f.name for f in functions if re.search(rf"spawned for \S*-{f.logical_id}-", text)]


def rehearse(folder: Path, names: list[str], architecture: str) -> None:
    """Everything between the start of the emulator and its end."""
    door, webhooks = Door(), queue.Queue[Webhook]()
    door.emulator_port = free_port()
    runpod = {"RUNPOD_API_KEY": secrets.token_hex(16), "RUNPOD_WEBHOOK_SECRET": secrets.token_hex(16)}
    studio_port = free_port()
    options = ["--port", str(studio_port), "--work-dir", str(folder / "studio")]
    with (
        Emulator(door.emulator_port, folder / LOG) as cloud,
        Child([STUDIO, *options], folder / "studio.log", runpod),
        front_door(door) as api,
        receiver(webhooks) as client_server,
    ):
        say(f"ministack runs at {cloud.url}")
        try:
            resources = deploy(cloud, names, architecture, api.url, studio_port, runpod)
            door.api_id = resources["HttpApi"]
            drive(cloud, resources, api.url, client_server.url, webhooks)
            cloud.remove()
            say("CloudFormation has removed the stack")
        except Exception:
            print(cloud.child.log.read_text(errors="replace")[-6000:], file=sys.stderr)
            raise


def deploy(
    cloud: Emulator,
    names: list[str],
    architecture: str,
    api_url: str,
    studio_port: int,
    runpod: dict[str, str],
) -> dict[str, str]:
    """Code, secrets, stack; the physical id of each resource."""
    cloud.upload_code(names, architecture)
    members = re.findall(r"SecretString:(\w+)", sam.TEMPLATE.read_text())
    cloud.create_secret(SECRET, {**{name: secrets.token_hex(32) for name in members}, **runpod})
    resources = cloud.deploy(
        {
            "ApiBaseUrl": api_url,
            "SecretName": SECRET,
            "RunpodBaseUrl": f"http://127.0.0.1:{studio_port}",
        },
        architecture,
    )
    say(f"CloudFormation has made {len(resources)} resources, {len(names)} functions among them")
    return resources


def drive(
    cloud: Emulator,
    resources: dict[str, str],
    api_url: str,
    client_url: str,
    webhooks: "queue.Queue[Webhook]",
) -> None:
    """One job, from the first API key to the last empty queue."""
    refused = client.Client(api_url, "hr_wrong").call("GET", "/v1/jobs")
    client.expect(refused.status == 401, f"a wrong key is answered {refused.status}: {refused.body!r}")
    say("a wrong API key is refused with 401")
    ours = client.Client(api_url, make_api_key(cloud, resources["Table"]))
    say("hookreel keys create has put an API key into the table")
    secret = ours.call("GET", "/v1/webhook-secret").json()["secret"]
    job_id = client.submit(ours, f"{client_url}/callback")
    say(f"job {job_id} is accepted, and its repetition answered the same")
    webhook = client.await_webhook(webhooks, ours, job_id)
    event = client.verify(webhook, secret)
    client.expect(event["type"] == "job.completed", f"the webhook tells of {event['type']}")
    say("the webhook has come; X-Webhook-Signature and Standard Webhooks both verify")
    audio = client.download(event)
    say(f"its link leads to the announced WAV file of {len(audio)} bytes")
    jobs = ours.call("GET", "/v1/jobs?status=completed").json()["data"]
    client.expect([job["job_id"] for job in jobs] == [job_id], f"the list of jobs shows {jobs}")
    late = ours.call("DELETE", f"/v1/jobs/{job_id}")
    client.expect(late.status == 409, f"a late cancellation is answered {late.status}")
    say("GET /v1/jobs lists it as completed; cancelling it now is refused with 409")
    for path in ("/v1/health", "/openapi.json", "/v1/endpoints", "/v1/deliveries", "/v1/inbound"):
        answer = ours.call("GET", path)
        client.expect(answer.status == 200, f"GET {path} is answered {answer.status}: {answer.body!r}")
    say("health, description, endpoints, deliveries and inbound webhooks are answered")
    await_empty_queues(cloud, resources)
    say("every queue is worked off and every dead-letter queue is empty")


def make_api_key(cloud: Emulator, table: str) -> str:
    """The first API key, made as an operator makes it."""
    made = subprocess.run(
        [CLI, "keys", "create", "--owner", "rehearsal", "--table", table],
        env={**os.environ, **emulator.CREDENTIALS, "AWS_ENDPOINT_URL": cloud.url},
        capture_output=True,
        text=True,
    )
    client.expect(made.returncode == 0, f"hookreel keys create fails: {made.stderr}")
    return made.stdout.strip()


def await_empty_queues(cloud: Emulator, resources: dict[str, str]) -> None:
    """Waits until no queue holds a message that is due, and sees that none was given up."""
    sqs = cloud.client("sqs")
    queues = {name: url for name, url in resources.items() if name.endswith(("Queue", "DeadLetters"))}
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    end = time.monotonic() + DRAIN_SECONDS
    while True:
        held = {}
        for name, url in queues.items():
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            held[name] = sum(int(attributes[attribute]) for attribute in names)
        if not any(held.values()):
            return
        client.expect(time.monotonic() < end, f"queues still hold messages: {held}")
        time.sleep(0.2)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"rehearsal: {error}")
