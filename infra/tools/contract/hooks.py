"""What schemathesis cannot know of this API: how providers sign, that nothing may leave this
machine, and which rules no JSON Schema can say."""

import hashlib
import hmac
import json
import os
import re
from typing import Any

import requests
import schemathesis

HERE = os.environ["CONTRACT_URL"]
# Where a request may send the cloud, instead of to whatever host was made up.
HOME = HERE.replace("http://", "https://")
ORIGIN = re.compile(r"^https?://[^/?#\s]*", re.IGNORECASE)

# The secrets with which the providers' webhooks are signed, by path.
SECRETS = json.loads(os.environ["CONTRACT_WEBHOOK_SECRETS"])
SIGNATURE = "X-Webhook-Signature"

# Fields with a rule beyond their schema. A value that fits the schema may still be refused.
BEYOND_SCHEMA = {
    "cursor",  # is opaque
    "url",  # must lead to a public host
    "webhook_url",
    "retry_schedule_seconds",  # must not sink
    "stitch.transition_duration",  # depends on the shortest scene
    "metadata",  # has its size limited in bytes
    "options",
    "scenes",
    "filename",
    "job_id",  # must be the one of the callback URL, if RunPod itself reports
}
# The same of these fields' members: names of headers may be reserved.
MEMBERS_BEYOND_SCHEMA = ("headers.",)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Keeps addresses on this machine, and signs what only a provider may send."""
    if isinstance(case.body, dict):
        case.body = at_home(case.body)
    secret = SECRETS.get(case.operation.path) if case.method.upper() == "POST" else None
    is_left_out = case.meta and getattr(case.meta.phase.data, "parameter", None) == SIGNATURE
    if secret and not is_left_out:
        sign(case, secret)


def sign(case: schemathesis.Case, secret: str) -> None:
    """Signs the body as the webhook's provider does."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    case.headers[SIGNATURE] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    # So that schemathesis takes it for one that is right, and tries a wrong one too.
    case._has_explicit_auth = True


def at_home(value: Any) -> Any:
    """The same value, in which every URL leads to this machine."""
    match value:
        case str():
            return ORIGIN.sub(HOME, value)
        case list():
            return [at_home(item) for item in value]
        case dict():
            return {name: at_home(item) for name, item in value.items()}
    return value


@schemathesis.check
def refusals_are_described(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """What fits the schema is refused for a rule that no schema can say, or not at all."""
    if response.status_code not in (400, 422) or not case.meta or not case.meta.generation.mode.is_positive:
        return
    field = response.json().get("field", "")
    last = re.sub(r"^scenes\[\d+\]\.", "", field)
    if last not in BEYOND_SCHEMA and not last.startswith(MEMBERS_BEYOND_SCHEMA):
        raise AssertionError(f"{field or 'the body'} fits its schema, but is refused: {response.text}")
