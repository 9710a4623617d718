"""What an owner does about webhooks: endpoints of their own, and what was sent and came once more."""

import json

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.job import PATH as JOB_PATH
from infra.tools.rehearsal.stage import Stage, say

PATH = "/endpoint"


def try_endpoint(stage: Stage) -> None:
    """Makes an endpoint, changes it, has it tested and deletes it."""
    order = {"url": stage.receiver_url, "events": ["job.failed"]}
    endpoint = stage.api.ask(201, "POST", "/v1/endpoints", order).json()
    listed = stage.api.get("/v1/endpoints")["data"]
    expect([one["id"] for one in listed] == [endpoint["id"]], f"the list of endpoints shows {listed}")
    change = {"url": stage.receiver_url + PATH}
    stage.api.ask(200, "PATCH", f"/v1/endpoints/{endpoint['id']}", change)
    stage.api.ask(202, "POST", f"/v1/endpoints/{endpoint['id']}/test")
    webhook = stage.webhook_about(PATH, f"/v1/endpoints/{endpoint['id']}")
    event = verify(webhook, endpoint["secret"])
    expect(event["type"] == "endpoint.test", f"the webhook tells of {event['type']}")
    stage.api.ask(204, "DELETE", f"/v1/endpoints/{endpoint['id']}")
    say("an endpoint is made, moved, tested with a webhook that its own secret verifies, and deleted")


def send_again(stage: Stage, delivery_id: str) -> None:
    """Has the delivery of a job's webhook sent once more."""
    listed = [delivery["id"] for delivery in stage.api.get("/v1/deliveries")["data"]]
    expect(delivery_id in listed, f"{delivery_id} is not among the deliveries {listed}")
    stage.api.ask(202, "POST", f"/v1/deliveries/{delivery_id}/replay")
    again = stage.webhook_about(JOB_PATH, f"/v1/deliveries/{delivery_id}")
    verify(again, stage.secret)
    expect(again.id == delivery_id, f"it is sent again as {again.id}, not as {delivery_id}")
    stage.wait(f"/v1/deliveries/{delivery_id}", lambda delivery: len(delivery["attempts"]) == 2)
    say("a delivery is sent again under its own id")


def take_again(stage: Stage, project_id: str) -> None:
    """Has a provider's webhook acted on once more, which must change nothing."""
    before = stage.api.get(f"/v1/projects/{project_id}")
    kept = stage.api.get(f"/v1/inbound?project_id={project_id}&status=applied&limit=1")["data"]
    expect(len(kept) == 1, f"of the webhooks that came in, one is asked for: {json.dumps(kept)}")
    again = stage.api.ask(200, "POST", f"/v1/inbound/{kept[0]['id']}/replay").json()
    expect(again["status"] in ("duplicate", "superseded"), f"taken again, it is {again['status']}")
    after = stage.api.get(f"/v1/projects/{project_id}")
    expect(after == before, f"the project was {before} and is {after}")
    say("a service's webhook is acted on again, and changes nothing")
