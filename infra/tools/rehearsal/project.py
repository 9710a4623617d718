"""A project: scenes become a film, one of them is made anew, and another project is ended."""

import json
from typing import Any

from infra.tools.rehearsal.client import expect
from infra.tools.rehearsal.file import download, mp4_seconds
from infra.tools.rehearsal.inbox import verify
from infra.tools.rehearsal.stage import Stage, say

PATH = "/project"
# Below this the receiver plays the notification service; its route is that service's own.
NOTIFICATIONS = "/notify"
NOTIFICATION_PATH = f"{NOTIFICATIONS}/api/notifications"
PROMPTS = ["A red kite over a green hill", "The kite climbs into the clouds", "It comes down at dusk"]
SCENE_SECONDS = 1
TRANSITION_SECONDS = 0.25
FILM_SECONDS = len(PROMPTS) * SCENE_SECONDS - (len(PROMPTS) - 1) * TRANSITION_SECONDS
# Some pictures at 24 a second, at every joint.
TOLERANCE_SECONDS = 0.2
STEPS = 2 * len(PROMPTS) + 1
# Those of the last scene, and the stitch.
STEPS_ANEW = 3


def play(stage: Stage, notification_key: str) -> str:
    """Takes a project to its film, and to another one; its id."""
    project_id = create(stage, PROMPTS, SCENE_SECONDS, width=320, height=180)
    say(f"project {project_id} of {len(PROMPTS)} scenes is accepted")
    film = check_film(stage, project_id)
    check_notification(stage, project_id, notification_key)
    check_webhooks_in(stage, project_id, STEPS)
    listed = stage.api.get("/v1/projects?status=completed")["data"]
    expect([one["project_id"] for one in listed] == [project_id], f"the list of projects shows {listed}")
    stage.api.ask(409, "POST", f"/v1/projects/{project_id}/resume")
    stage.api.ask(409, "DELETE", f"/v1/jobs/{project_id}-stitch")
    say("it is listed as completed; resuming it and cancelling a step are refused with 409")
    scene = f"/v1/projects/{project_id}/scenes/scene_{len(PROMPTS):03}"
    stage.api.ask(202, "POST", f"{scene}/regenerate", {"prompt": "It lands on a beach"})
    say("another prompt for the last scene is accepted")
    expect(check_film(stage, project_id) != film, "the film with another scene is the same")
    check_webhooks_in(stage, project_id, STEPS + STEPS_ANEW)
    check_timeline(stage, project_id)
    return project_id


def create(stage: Stage, prompts: list[str], seconds: int, width: int, height: int) -> str:
    """Asks for a film with a scene for each of `prompts`; the project's id."""
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
    """Waits until the project is told to be completed, and fetches its film."""
    subject = f"/v1/projects/{project_id}"
    event = verify(stage.webhook_about(PATH, subject), stage.secret)
    told = (event["type"], event["project_id"])
    expect(told == ("project.completed", project_id), f"the webhook tells of {told}")
    [output, _thumbnail] = stage.api.get(f"/v1/jobs/{project_id}-stitch")["outputs"]
    film = download(event["final_video_url"], output)
    seconds = mp4_seconds(film)
    expect(abs(seconds - FILM_SECONDS) < TOLERANCE_SECONDS, f"the film plays {seconds} s")
    project = stage.api.get(subject)
    expect(project["status"] == "completed", f"the project is {project['status']}")
    expect(len(project["steps_done"]) == STEPS, f"of its steps are done {project['steps_done']}")
    say(f"its webhook has come and verifies; its link leads to an MP4 of {len(film)} bytes, {seconds} s")
    return film


def check_notification(stage: Stage, project_id: str, key: str) -> None:
    """Sees that the notification service was told too, under its key."""
    notification = stage.webhook_about(NOTIFICATION_PATH, f"/v1/projects/{project_id}")
    presented = notification.headers["authorization"]
    expect(presented == f"Bearer {key}", "the notification service is shown another key")
    event = json.loads(notification.body)
    expect(event["project_id"] == project_id, f"the notification service is told {event}")
    say("the notification service was told as well")


def check_webhooks_in(stage: Stage, project_id: str, count: int) -> None:
    """Sees that `count` webhooks of the services were acted on, those that came too early included."""
    applied = f"/v1/inbound?project_id={project_id}&status=applied&limit=100"
    stage.wait(applied, lambda page: len(page["data"]) == count)


def check_timeline(stage: Stage, project_id: str) -> None:
    """Sees that the timeline tells it all, from one film to the other."""
    expected = {
        "created": 1,
        "webhook_received": STEPS + STEPS_ANEW,
        "regenerated": 1,
        # To the project's address and to the notification service, twice.
        "delivery_attempted": 4,
    }

    def is_told(page: dict[str, Any]) -> bool:
        events = [entry["event"] for entry in page["data"]]
        return {event: events.count(event) for event in expected} == expected

    timeline = stage.wait(f"/v1/projects/{project_id}/timeline", is_told)
    say(f"the timeline tells of both films in {len(timeline['data'])} entries")


def end_another(stage: Stage) -> None:
    """Ends a project while its first scene is being made, which takes longer than anyone waits."""
    project_id = create(stage, PROMPTS[:1], seconds=60, width=1920, height=1080)
    video = f"/v1/jobs/{project_id}-scene_001-video"
    stage.wait(video, lambda job: job["step"] == "running")
    ended = stage.api.ask(200, "DELETE", f"/v1/projects/{project_id}").json()
    expect(ended["status"] == "cancelled", f"the ended project is {ended['status']}")
    stage.wait(video, lambda job: job["status"] == "cancelled")
    say("another project is ended, and the service lets go of its scene")
