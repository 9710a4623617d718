"""A job of its own: a text is spoken."""

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.file import download, wav_seconds
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.stage import Stage, say

PATH = "/job"
TEXT = (
    "Hookreel takes a text and gives it to a rented machine to be spoken. The machine says when it "
    "has finished, the file is pulled into the bucket, and whoever asked is told. " * 6
)


def play(stage: Stage) -> str:
    """Takes a job from submission to the checked file, and asks too late for its end; its webhook's id."""
    api = stage.api
    job_id = submit(stage)
    say(f"job {job_id} is accepted, and its repetition answered the same")
    webhook = stage.webhook_about(PATH, f"/v1/jobs/{job_id}")
    event = verify(webhook, stage.secret)
    expect(event["type"] == "job.completed", f"the webhook tells of {event['type']}")
    say("the webhook has come; X-Webhook-Signature and Standard Webhooks both verify")
    [output] = event["data"]["outputs"]
    audio = download(event["audio_url"], output)
    seconds = wav_seconds(audio)
    expect(abs(seconds * 1000 - output["duration_ms"]) < 2, f"it plays {seconds} s, as not announced")
    say(f"its link leads to the announced WAV file of {len(audio)} bytes")
    shown = api.get(f"/v1/jobs/{job_id}")
    expect(shown == event["data"], f"the job is shown as {shown}, told as {event['data']}")
    jobs = api.get("/v1/jobs?status=completed")["data"]
    expect([job["job_id"] for job in jobs] == [job_id], f"the list of jobs shows {jobs}")
    events = [entry["event"] for entry in api.get(f"/v1/jobs/{job_id}/timeline")["data"]]
    expect({"created", "webhook_received", "completed"} <= set(events), f"its timeline tells {events}")
    api.ask(409, "DELETE", f"/v1/jobs/{job_id}")
    say("it is shown, told of and listed as completed; cancelling it now is refused with 409")
    return webhook.id


def submit(stage: Stage) -> str:
    """Submits the job twice under one idempotency key; its id."""
    order = {"text": TEXT, "language": "english", "webhook_url": stage.receiver_url + PATH}
    first = stage.api.ask(202, "POST", "/v1/tts/async", order, Idempotency_Key="rehearsal-1")
    again = stage.api.ask(202, "POST", "/v1/tts/async", order, Idempotency_Key="rehearsal-1")
    expect(again.body == first.body, f"the repeated request is answered {again.body!r}")
    return first.json()["job_id"]
