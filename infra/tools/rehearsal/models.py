"""Models, without the provider that trains and runs them: nothing here takes its place."""

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.stage import Stage, say


def rehearse(stage: Stage) -> None:
    """Trainings and predictions are refused, and there is no model."""
    order = {"version": "5c7d5dc6", "input": {"prompt": "A red kite"}}
    training = {**order, "model": "stability-ai/sdxl", "destination": "acme/kites"}
    for path, body in ("/v1/trainings", training), ("/v1/predictions", order):
        problem = stage.api.ask(422, "POST", path, body).json()
        expect(problem["code"] == "no_provider", f"{path} answers {problem}")
    models = stage.api.get("/v1/models")
    expect(models["data"] == [], f"the models are {models}")
    say("trainings and predictions are refused without their provider, and there is no model")
