"""An owner's endpoints, and the replay of deliveries and of providers' webhooks."""

import json

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.job import PATH as JOB_PATH
from infra.tools.rehearsal.stage import Stage, say

PATH = "/endpoint"


def try_endpoint(stage: Stage) -> None:
    """Creates an endpoint, changes, tests and deletes it."""
    order = {"url": stage.receiver_url, "events": ["job.failed"]}
    endpoint = stage.api.ask(201, "POST", "/v1/endpoints", order).json()
    listed = stage.api.get("/v1/endpoints")["data"]
    expect([one["id"] for one in listed] == [endpoint["id"]], f"the list of endpoints is {listed}")
    change = {"url": stage.receiver_url + PATH}
    stage.api.ask(200, "PATCH", f"/v1/endpoints/{endpoint['id']}", change)
    stage.api.ask(202, "POST", f"/v1/endpoints/{endpoint['id']}/test")
    webhook = stage.webhook_about(PATH, f"/v1/endpoints/{endpoint['id']}")
    event = verify(webhook, endpoint["secret"])
    expect(event["type"] == "endpoint.test", f"the webhook is {event['type']}")
    stage.api.ask(204, "DELETE", f"/v1/endpoints/{endpoint['id']}")
    say("an endpoint is created, changed, tested with a webhook that its own secret verifies, and deleted")


def replay_delivery(stage: Stage, delivery_id: str) -> None:
    """Replays the delivery of a job's webhook."""
    listed = [delivery["id"] for delivery in stage.api.get("/v1/deliveries")["data"]]
    expect(delivery_id in listed, f"{delivery_id} is not among the deliveries {listed}")
    stage.api.ask(202, "POST", f"/v1/deliveries/{delivery_id}/replay")
    replayed = stage.webhook_about(JOB_PATH, f"/v1/deliveries/{delivery_id}")
    verify(replayed, stage.secret)
    expect(replayed.id == delivery_id, f"its replay has the id {replayed.id}, not {delivery_id}")
    stage.wait(f"/v1/deliveries/{delivery_id}", lambda delivery: len(delivery["attempts"]) == 2)
    say("a delivery is replayed with its own id")


def replay_inbound(stage: Stage, project_id: str) -> None:
    """Replays a provider's webhook, which must change nothing."""
    before = stage.api.get(f"/v1/projects/{project_id}")
    stored = stage.api.get(f"/v1/inbound?project_id={project_id}&status=applied&limit=1")["data"]
    expect(len(stored) == 1, f"the list of one webhook from providers is {json.dumps(stored)}")
    replayed = stage.api.ask(200, "POST", f"/v1/inbound/{stored[0]['id']}/replay").json()
    expect(replayed["status"] in ("duplicate", "superseded"), f"its replay is {replayed['status']}")
    after = stage.api.get(f"/v1/projects/{project_id}")
    expect(after == before, f"the project was {before} and is {after}")
    say("a service's webhook is replayed, and changes nothing")
