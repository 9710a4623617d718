"""Rehearses a deployment on this machine: deploys template and zips into an emulator and uses them.

    python -m infra.tools.rehearsal

The CloudFormation of ministack, an independent emulator of AWS, deploys the transformed template, and the
zips run there. A text-to-speech job, a project of scenes, and the training of a model that then makes a
picture go through the API, each from submission to verified webhook and downloaded file. A job outlives 20
polls and a webhook 20 failures, though the emulator stops recursive loops as Lambda does. A function that is
deployed and never invoked fails the rehearsal.
Everything is on loopback; nothing remains.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.tools import package, template
from infra.tools.process import Failed, free_port
from infra.tools.rehearsal import emulator, functions, hops, job, models, project, studio, transform, webhooks
from infra.tools.rehearsal.client import Client, expect
from infra.tools.rehearsal.emulator import Emulator
from infra.tools.rehearsal.inbox import Inbox
from infra.tools.rehearsal.servers import Door, delayed, front_door, patient, receiver
from infra.tools.rehearsal.stage import Stage, say
from infra.tools.rehearsal.studio import Studio
from infra.tools.template import ROOT

SECRET = "hookreel"
LOG = "ministack.log"
CLI = ROOT / "target" / "debug" / "hookreel"
DRAIN_SECONDS = 30


def main() -> int:
    """Rehearses, and lists the workarounds and the functions that ran."""
    argparse.ArgumentParser(prog="python -m infra.tools.rehearsal", description=__doc__.split("\n")[0]).parse_args()
    names = list(template.read().functions)
    architecture = package.host()
    zips = [package.package(name, architecture) for name in names]
    for needed in [studio.PROGRAM, CLI, *zips]:
        if not needed.exists():
            raise Failed(f"{needed.relative_to(ROOT)} is not built; `make rehearse` builds it")
    with tempfile.TemporaryDirectory(prefix="hookreel-rehearsal-") as folder:
        rehearse(Path(folder), names, architecture)
        ran = functions.check_idle(Path(folder) / LOG)
    print("Worked around in the rehearsal, never in the product:")
    for workaround in transform.WORKAROUNDS:
        print(f"  - {workaround}")
    print(f"All {len(ran)} functions ran as deployed, each with its own role: {', '.join(ran)}")
    return 0


def rehearse(folder: Path, names: list[str], architecture: str) -> None:
    """Everything from the start of the emulator to its end."""
    door, inbox, members = Door(free_port()), Inbox(), studio.make_secrets()
    with (
        Emulator(door.emulator_port, folder / LOG) as cloud,
        Studio(folder, members) as services,
        front_door(door) as api,
        delayed(services.port, door) as late_service,
        patient(services.port, door) as runpod,
        receiver(inbox) as client,
    ):
        say(f"ministack runs at {cloud.url}")
        try:
            cloud.upload_code(names, architecture)
            cloud.create_secret(SECRET, members)
            parameters = {
                "ApiBaseUrl": api.url,
                "SecretName": SECRET,
                "NotificationServiceUrl": client.url + project.NOTIFICATIONS,
                # The first polls follow one another in half of this time.
                "DownloadConfirmationTimeout": "6",
                **services.parameters(runpod.url, late_service.url),
            }
            resources = cloud.deploy(parameters, architecture)
            say(f"CloudFormation has created {len(resources)} resources, {len(names)} functions among them")
            door.api_id = resources["HttpApi"]
            owner = with_key(cloud, resources["Table"], api.url)
            secret = owner.get("/v1/webhook-secret")["secret"]
            with functions.watched(cloud, resources["FunctionLogs"]):
                stage = Stage(owner, secret, client.url, inbox)
                long_job = hops.start_long_job(stage)
                use_api(stage, members["NOTIFICATION_API_KEY"])
                hops.retry_a_webhook(stage)
                hops.pass_an_unreadable_change(stage, cloud, resources)
                hops.outlive_polls(stage, door, long_job)
                await_empty_queues(cloud, resources)
            say("every queue is empty, the dead letter queues too, and no function has logged an error")
            cloud.remove()
            say("CloudFormation has removed the stack")
        except Exception:
            print(cloud.child.log.read_text(errors="replace")[-6000:], file=sys.stderr)
            raise


def with_key(cloud: Emulator, table: str, api_url: str) -> Client:
    """A client with the first API key, created as an operator creates it."""
    Client(api_url, "hr_wrong").ask(401, "GET", "/v1/jobs")
    say("a wrong API key is answered 401")
    made = subprocess.run(
        [CLI, "keys", "create", "--owner", "rehearsal", "--table", table],
        env={**os.environ, **emulator.CREDENTIALS, "AWS_ENDPOINT_URL": cloud.url},
        capture_output=True,
        text=True,
    )
    expect(made.returncode == 0, f"hookreel keys create fails: {made.stderr}")
    say("hookreel keys create has stored an API key in the table")
    return Client(api_url, made.stdout.strip())


def use_api(stage: Stage, notification_key: str) -> None:
    """All requests to the API."""
    for path in ("/v1/health", "/openapi.json"):
        stage.api.get(path)
    say("health check and API description are answered")
    delivery_id = job.rehearse(stage)
    project_id = project.rehearse(stage, notification_key)
    project.cancel_another(stage)
    webhooks.replay_delivery(stage, delivery_id)
    webhooks.replay_inbound(stage, project_id)
    webhooks.try_endpoint(stage)
    job.erase(stage)
    models.rehearse(stage)


def await_empty_queues(cloud: Emulator, resources: dict[str, str]) -> None:
    """Waits until no queue holds a message that is due, dead letter queues included."""
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
        expect(time.monotonic() < end, f"queues still hold messages: {held}")
        time.sleep(0.2)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"rehearsal: {error}")
