"""A project: scenes become a film, one scene is regenerated, and another project is cancelled."""

import json
from typing import Any

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.file import download, mp4_seconds
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.stage import Stage, say

PATH = "/project"
# Below this path the receiver stands in for the notification service, whose own route follows.
NOTIFICATIONS = "/notify"
NOTIFICATION_PATH = f"{NOTIFICATIONS}/api/notifications"
PROMPTS = ["A red kite over a green hill", "The kite climbs into the clouds", "It comes down at dusk"]
SCENE_SECONDS = 1
TRANSITION_SECONDS = 0.25
FILM_SECONDS = len(PROMPTS) * SCENE_SECONDS - (len(PROMPTS) - 1) * TRANSITION_SECONDS
# A few frames of 1/24 s at every transition.
TOLERANCE_SECONDS = 0.2
STEPS = 2 * len(PROMPTS) + 1
# Those of the last scene, and the stitch.
REGENERATED_STEPS = 3


def rehearse(stage: Stage, notification_key: str) -> str:
    """Follows a project to its film, and to a second film with another scene; its id."""
    project_id = create(stage, PROMPTS, SCENE_SECONDS, width=320, height=180)
    say(f"project {project_id} of {len(PROMPTS)} scenes is accepted")
    film = check_film(stage, project_id)
    check_notification(stage, project_id, notification_key)
    check_webhooks_in(stage, project_id, STEPS)
    listed = stage.api.get("/v1/projects?status=completed")["data"]
    expect([one["project_id"] for one in listed] == [project_id], f"the list of projects is {listed}")
    stage.api.ask(409, "POST", f"/v1/projects/{project_id}/resume")
    stage.api.ask(409, "DELETE", f"/v1/jobs/{project_id}-stitch")
    say("it is listed as completed; resuming it and cancelling a step are answered 409")
    scene = f"/v1/projects/{project_id}/scenes/scene_{len(PROMPTS):03}"
    stage.api.ask(202, "POST", f"{scene}/regenerate", {"prompt": "It lands on a beach"})
    say("another prompt for the last scene is accepted")
    expect(check_film(stage, project_id) != film, "the film with another scene has not changed")
    check_webhooks_in(stage, project_id, STEPS + REGENERATED_STEPS)
    check_timeline(stage, project_id)
    return project_id


def create(stage: Stage, prompts: list[str], seconds: int, width: int, height: int) -> str:
    """Submits a project with a scene for each of `prompts`; its id."""
    order = {
        "scenes": [{"prompt": prompt, "duration": seconds} for prompt in prompts],
        "stitch": {"transition": "fade", "transition_duration": TRANSITION_SECONDS},
        "width": width,
        "height": height,
        "fps": 24,
        "webhook_url": stage.receiver_url + PATH,
    }
    return stage.api.ask(202, "POST", "/v1/projects", order).json()["project_id"]


def check_film(stage: Stage, project_id: str) -> bytes:
    """Waits for the webhook of the completed project, and downloads the film."""
    subject = f"/v1/projects/{project_id}"
    event = verify(stage.webhook_about(PATH, subject), stage.secret)
    announced = (event["type"], event["project_id"])
    expect(announced == ("project.completed", project_id), f"the webhook is {announced}")
    [output, _thumbnail] = stage.api.get(f"/v1/jobs/{project_id}-stitch")["outputs"]
    film = download(event["final_video_url"], output)
    seconds = mp4_seconds(film)
    expect(abs(seconds - FILM_SECONDS) < TOLERANCE_SECONDS, f"the film plays {seconds} s")
    project = stage.api.get(subject)
    expect(project["status"] == "completed", f"the project is {project['status']}")
    expect(len(project["steps_done"]) == STEPS, f"its completed steps are {project['steps_done']}")
    say(f"its webhook has arrived and verifies; its link leads to an MP4 of {len(film)} bytes, {seconds} s")
    return film


def check_notification(stage: Stage, project_id: str, key: str) -> None:
    """Checks that the notification service was notified too, with its key."""
    notification = stage.webhook_about(NOTIFICATION_PATH, f"/v1/projects/{project_id}")
    presented = notification.headers["authorization"]
    expect(presented == f"Bearer {key}", "the notification service has received another key")
    event = json.loads(notification.body)
    expect(event["project_id"] == project_id, f"the notification service has received {event}")
    say("the notification service is notified as well")


def check_webhooks_in(stage: Stage, project_id: str, count: int) -> None:
    """Checks that `count` webhooks of the services were applied, those that came too early included."""
    applied = f"/v1/inbound?project_id={project_id}&status=applied&limit=100"
    stage.wait(applied, lambda page: len(page["data"]) == count)


def check_timeline(stage: Stage, project_id: str) -> None:
    """Checks that the timeline is complete, from the first film to the second."""
    expected = {
        "created": 1,
        "webhook_received": STEPS + REGENERATED_STEPS,
        "regenerated": 1,
        # To the project's address and to the notification service, twice.
        "delivery_attempted": 4,
    }

    def is_complete(page: dict[str, Any]) -> bool:
        events = [entry["event"] for entry in page["data"]]
        return {event: events.count(event) for event in expected} == expected

    timeline = stage.wait(f"/v1/projects/{project_id}/timeline", is_complete)
    say(f"the timeline has both films, in {len(timeline['data'])} entries")


def cancel_another(stage: Stage) -> None:
    """Cancels a project while the service makes its first scene, which would take minutes."""
    project_id = create(stage, PROMPTS[:1], seconds=60, width=1920, height=1080)
    video = f"/v1/jobs/{project_id}-scene_001-video"
    stage.wait(video, lambda job: job["step"] == "running")
    cancelled = stage.api.ask(200, "DELETE", f"/v1/projects/{project_id}").json()
    expect(cancelled["status"] == "cancelled", f"the project is {cancelled['status']}")
    stage.wait(video, lambda job: job["status"] == "cancelled")
    say("another project is cancelled, and so is its task at the service")
