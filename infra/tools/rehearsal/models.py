"""A model: trained, and run once. The studio stands in for the provider, which the template's parameters name."""

import hashlib

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.file import download
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.stage import Stage, say

PATH = "/model"
# The studio has both, and calls the first version of a model by the digest of its name.
TRAINER = "ostris/flux-dev-lora-trainer"
DESTINATION = "acme/portraits"
PNG = b"\x89PNG\r\n\x1a\n"


def rehearse(stage: Stage) -> None:
    """Trains a model until it is ready, and has it make a picture."""
    api = stage.api
    training = {
        "model": TRAINER,
        "version": hashlib.sha256(TRAINER.encode()).hexdigest(),
        "destination": DESTINATION,
        "input": {"input_images": "https://example.com/cats.zip", "steps": 10},
        "webhook_url": stage.receiver_url + PATH,
    }
    accepted = api.ask(202, "POST", "/v1/trainings", training).json()
    completed(stage, accepted["job_id"])
    model = api.get(f"/v1/models/{accepted['model_id']}")
    expect(model["status"] == "Ready", f"the model is {model}")
    listed = [one["model_id"] for one in api.get("/v1/models")["data"]]
    expect(listed == [accepted["model_id"]], f"the models are {listed}")
    say(f"the model {model['name']} is trained and ready, by its version {model['version'][-12:]}")
    order = {"version": model["version"], "input": {"prompt": "A red kite"}, "webhook_url": stage.receiver_url + PATH}
    job_id = api.ask(202, "POST", "/v1/predictions", order).json()["job_id"]
    event = completed(stage, job_id)
    [output] = event["data"]["outputs"]
    picture = download(output["url"], output)
    expect(picture.startswith(PNG), f"the picture begins with {picture[:8]!r}")
    say(f"it has made a picture of {len(picture)} bytes")


def completed(stage: Stage, job_id: str) -> dict:
    """The webhook about the completed job."""
    event = verify(stage.webhook_about(PATH, f"/v1/jobs/{job_id}"), stage.secret)
    expect((event["type"], event["job_id"]) == ("job.completed", job_id), f"the webhook is {event}")
    return event
