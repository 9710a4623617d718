"""Chains of messages that are longer than Lambda lets a loop be, and a change of the table that cannot be read."""

import json
import time

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.emulator import Emulator
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.servers import LONG_TASK, Door
from infra.tools.rehearsal.stage import Stage, say

HOPS = 20
PATH = "/flaky"
EVENT = "job.completed"
RETRY_SECONDS = 120
# Its polls become fewer with its age: the last is after five and a half minutes.
LONG_SECONDS = 400
# How many jobs come after the change that cannot be read.
JOBS = 100
JOBS_SECONDS = 900
UNREADABLE = "JOB#job_unreadable"


def start_long_job(stage: Stage) -> str:
    """Submits a job on which its provider works until it is cancelled; its id."""
    return submit(stage, LONG_TASK)


def outlive_polls(stage: Stage, door: Door, job_id: str) -> None:
    """Waits until the long job has been polled more often than a loop may run, and cancels it."""
    end = time.monotonic() + LONG_SECONDS
    while door.polls <= HOPS:
        expect(time.monotonic() < end, f"the job is polled no more, after {door.polls} times")
        time.sleep(0.5)
    stage.api.ask(202, "DELETE", f"/v1/jobs/{job_id}")
    stage.wait(f"/v1/jobs/{job_id}", lambda job: job["status"] == "cancelled")
    say(f"a job lives through {door.polls} polls, and is cancelled: `reconcile` may send to itself")


def retry_a_webhook(stage: Stage) -> None:
    """Has a webhook fail more often than a loop may run. Test events that succeed keep the circuit closed."""
    order = {"url": stage.receiver_url + PATH, "events": [EVENT], "retry_schedule_seconds": [1] * HOPS}
    endpoint = stage.api.ask(201, "POST", "/v1/endpoints", order).json()
    path = f"/v1/endpoints/{endpoint['id']}"
    stage.inbox.fail(PATH, EVENT, HOPS)
    submit(stage, "A webhook that has to be retried.")
    kind, end = None, time.monotonic() + RETRY_SECONDS
    while kind != EVENT:
        expect(time.monotonic() < end, f"the webhook is not retried {HOPS} times")
        stage.api.ask(202, "POST", f"{path}/test")
        webhook = stage.webhook_about(PATH, path)
        kind = verify(webhook, endpoint["secret"])["type"]
    delivery = stage.wait(f"/v1/deliveries/{webhook.id}", lambda delivery: delivery["status"] == "delivered")
    expect(delivery["attempts_made"] == HOPS + 1, f"it has arrived otherwise: {json.dumps(delivery)}")
    stage.api.ask(204, "DELETE", path)
    say(f"a webhook that fails {HOPS} times arrives: `deliver` may send to itself")


def pass_an_unreadable_change(stage: Stage, cloud: Emulator, resources: dict[str, str]) -> None:
    """Saves what `relay` cannot read, and then jobs, which it must not hold up."""
    item = {"PK": UNREADABLE, "SK": "JOB", "entity": "job", "state": "queued", "attempt": "many"}
    written = {name: {"S": value} for name, value in item.items()}
    cloud.client("dynamodb").put_item(TableName=resources["Table"], Item=written)
    start = time.monotonic()
    jobs = [submit(stage, f"Number {number}.") for number in range(JOBS)]
    for job_id in jobs:
        stage.wait(f"/v1/jobs/{job_id}", lambda job: job["status"] == "completed", JOBS_SECONDS)
    sqs, parked = cloud.client("sqs"), resources["RelayDeadLetters"]
    [message] = sqs.receive_message(QueueUrl=parked, MaxNumberOfMessages=10).get("Messages", [])
    expect(json.loads(message["Body"])["item"] == UNREADABLE, f"{message['Body']} is parked")
    sqs.delete_message(QueueUrl=parked, ReceiptHandle=message["ReceiptHandle"])
    seconds = time.monotonic() - start
    say(f"a change that cannot be read is parked, and the next {JOBS} jobs are done in {seconds:.0f} s")


def submit(stage: Stage, text: str) -> str:
    """Submits a job without a webhook of its own; its id."""
    return stage.api.ask(202, "POST", "/v1/tts/async", {"text": text, "language": "english"}).json()["job_id"]
