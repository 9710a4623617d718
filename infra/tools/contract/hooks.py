"""What schemathesis cannot take from the description: the signatures of providers, the rule that no
request leaves this machine, and the rules that JSON Schema cannot express."""

import base64
import hashlib
import hmac
import json
import os
import re
import time
from typing import Any

import requests
import schemathesis

HERE = os.environ["CONTRACT_URL"]
# Replaces the generated hosts in requests, so that the cloud calls this machine only.
HOME = HERE.replace("http://", "https://")
ORIGIN = re.compile(r"^https?://[^/?#\s]*", re.IGNORECASE)

# The secrets that sign the providers' webhooks, by path.
SECRETS = json.loads(os.environ["CONTRACT_WEBHOOK_SECRETS"])
SIGNATURE = "X-Webhook-Signature"
# The beginning of a secret by which Standard Webhooks are signed.
STANDARD = "whsec_"
STANDARD_SIGNATURE = "webhook-signature"

# Fields with a rule beyond their schema: a value that fits the schema may be rejected.
BEYOND_SCHEMA = {
    "cursor",  # is opaque
    "url",  # must have a public host
    "webhook_url",
    "video_url",
    "youtubeUrl",
    "language",  # is one that the deployment lists
    "retry_schedule_seconds",  # must not decrease
    "stitch.transition_duration",  # depends on the shortest scene
    "metadata",  # has a limit in bytes
    "input",
    "destination",  # must be there if the deployment has no default
    "options",
    "scenes",
    "filename",
    "job_id",  # must be that of the callback URL in RunPod's own webhooks
}
# The same for the members of these fields: names of headers may be reserved.
MEMBERS_BEYOND_SCHEMA = ("headers.",)


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Keeps addresses on this machine, and signs providers' webhooks."""
    if isinstance(case.body, dict):
        case.body = at_home(case.body)
    secret = SECRETS.get(case.operation.path) if case.method.upper() == "POST" else None
    is_left_out = case.meta and getattr(case.meta.phase.data, "parameter", None) in (
        SIGNATURE,
        STANDARD_SIGNATURE,
    )
    if secret and not is_left_out:
        sign(case, secret)


def sign(case: schemathesis.Case, secret: str) -> None:
    """Signs the body like the webhook's provider."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    if secret.startswith(STANDARD):
        key, now = base64.b64decode(secret.removeprefix(STANDARD)), str(int(time.time()))
        mac = hmac.new(key, f"msg_contract.{now}.".encode() + body, hashlib.sha256).digest()
        case.headers.update({"webhook-id": "msg_contract", "webhook-timestamp": now})
        case.headers[STANDARD_SIGNATURE] = "v1," + base64.b64encode(mac).decode()
    else:
        case.headers[SIGNATURE] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    # Marks it as valid for schemathesis, which then also tries an invalid one.
    case._has_explicit_auth = True


def at_home(value: Any) -> Any:
    """The value with this machine in place of the host of every URL."""
    match value:
        case str():
            return ORIGIN.sub(HOME, value)
        case list():
            return [at_home(item) for item in value]
        case dict():
            return {name: at_home(item) for name, item in value.items()}
    return value


@schemathesis.check
def rejections_are_described(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """A request that fits the schema is rejected only for a rule that no schema can express."""
    if response.status_code not in (400, 422) or not case.meta or not case.meta.generation.mode.is_positive:
        return
    field = response.json().get("field", "")
    last = re.sub(r"^scenes\[\d+\]\.", "", field)
    if last not in BEYOND_SCHEMA and not last.startswith(MEMBERS_BEYOND_SCHEMA):
        raise AssertionError(f"{field or 'the body'} fits its schema, but is rejected: {response.text}")
