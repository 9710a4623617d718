"""A single job: text to speech."""

import time

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.file import download, wav_seconds
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.stage import Stage, say

PATH = "/job"
ERASE_SECONDS = 30
TEXT = (
    "Hookreel takes a text and sends it to a rented machine that speaks it. The machine reports when it "
    "has finished, the file is pulled into the bucket, and the client is notified. " * 6
)


def rehearse(stage: Stage) -> str:
    """Follows a job from submission to the checked file, and cancels it too late; its webhook's id."""
    api = stage.api
    job_id = submit(stage)
    say(f"job {job_id} is accepted, and the repeated request has the same answer")
    webhook = stage.webhook_about(PATH, f"/v1/jobs/{job_id}")
    event = verify(webhook, stage.secret)
    expect(event["type"] == "job.completed", f"the webhook is {event['type']}")
    say("the webhook has arrived; X-Webhook-Signature and Standard Webhooks both verify")
    [output] = event["data"]["outputs"]
    audio = download(event["audio_url"], output)
    seconds = wav_seconds(audio)
    expect(abs(seconds * 1000 - output["duration_ms"]) < 2, f"it plays {seconds} s, not {output['duration_ms']} ms")
    say(f"its link leads to the announced WAV file of {len(audio)} bytes")
    shown = api.get(f"/v1/jobs/{job_id}")
    expect(shown == event["data"], f"the job is {shown}, and {event['data']} in its webhook")
    jobs = api.get("/v1/jobs?status=completed")["data"]
    expect([job["job_id"] for job in jobs] == [job_id], f"the list of jobs is {jobs}")
    events = [entry["event"] for entry in api.get(f"/v1/jobs/{job_id}/timeline")["data"]]
    expect({"created", "webhook_received", "completed"} <= set(events), f"its timeline is {events}")
    api.ask(409, "DELETE", f"/v1/jobs/{job_id}")
    say("API, webhook and list have it as completed; cancelling it now is answered 409")
    return webhook.id


def erase(stage: Stage) -> None:
    """Erases the files of the completed job."""
    [job] = stage.api.get("/v1/jobs?status=completed")["data"]
    link = stage.api.ask(302, "GET", f"/v1/download/{job['job_id']}").header("location")
    stage.api.ask(200, "DELETE", f"/v1/jobs/{job['job_id']}/outputs")
    end = time.monotonic() + ERASE_SECONDS
    while stage.api.call("GET", link).status != 404:
        expect(time.monotonic() < end, "the erased file is still there")
        time.sleep(0.2)
    say("the job's outputs are erased, and its file is gone from the bucket")


def submit(stage: Stage) -> str:
    """Submits the job twice with one idempotency key; its id."""
    order = {"text": TEXT, "language": "english", "webhook_url": stage.receiver_url + PATH}
    first = stage.api.ask(202, "POST", "/v1/tts/async", order, Idempotency_Key="rehearsal-1")
    again = stage.api.ask(202, "POST", "/v1/tts/async", order, Idempotency_Key="rehearsal-1")
    expect(again.body == first.body, f"the repeated request is answered {again.body!r}")
    return first.json()["job_id"]
