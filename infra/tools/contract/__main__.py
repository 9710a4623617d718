"""Checks the API against its own description, /openapi.json, with schemathesis.

    python -m infra.tools.contract [options of schemathesis run]

The embedded cloud runs on loopback with its state in a temporary folder. Every route gets requests that
fit the description and requests that do not: none may be answered 5xx, and the description must name
every answer.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.tools.process import Child, Failed, free_port
from infra.tools.template import ROOT

CLOUD = ROOT / "target" / "debug" / "hookreel-local"
SCHEMATHESIS = ROOT / ".venv" / "contract" / "bin" / "schemathesis"
CONFIG = Path(__file__).with_name("schemathesis.toml")

# Test cases for an operation in each round; rounds of fuzzing and of sequences fill the time.
EXAMPLES = 20
SECONDS = 240
# The further time to end.
GRACE_SECONDS = 60

# The route of each provider's webhook, and the variable with its secret.
WEBHOOKS = {
    "/api/runpod-webhook": "RUNPOD_WEBHOOK_SECRET",
    "/api/webhooks/video-complete": "VIDEO_WEBHOOK_SECRET",
    "/api/webhooks/last-frame-complete": "LAST_FRAME_WEBHOOK_SECRET",
    "/api/webhooks/stitch-complete": "STITCH_WEBHOOK_SECRET",
    "/api/webhooks/replicate/completed": "REPLICATE_WEBHOOK_SECRET",
    "/api/webhooks/ai-clipping": "WEBHOOK_SECRET",
}
# The one of them that is signed by Standard Webhooks.
STANDARD = "/api/webhooks/replicate/completed"


def main() -> int:
    for needed, maker in {CLOUD: "cargo build --package hookreel-local", SCHEMATHESIS: "make contract"}.items():
        if not needed.exists():
            raise Failed(f"{needed.relative_to(ROOT)} is missing; `{maker}` creates it")
    with tempfile.TemporaryDirectory(prefix="hookreel-contract-") as folder:
        return check(Path(folder), sys.argv[1:])


def check(folder: Path, options: list[str]) -> int:
    """Everything from the start of the cloud to its end; schemathesis's exit code."""
    url = f"http://127.0.0.1:{free_port()}"
    key = f"hr_{secrets.token_hex(16)}"
    webhook_secrets = {path: secrets.token_hex(16) for path in WEBHOOKS}
    webhook_secrets[STANDARD] = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    environment = {
        "HOOKREEL_API_KEY": key,
        **{variable: webhook_secrets[path] for path, variable in WEBHOOKS.items()},
    }
    command = [CLOUD, "--port", url.rpartition(":")[2], "--aws-port", "0", "--data-dir", folder / "data"]
    with Child(command, folder / "cloud.log", environment) as cloud:
        cloud.wait_for(f"{url}/v1/health")
        code = run(folder, url, key, webhook_secrets, options)
        cloud.check()
        return code


def run(folder: Path, url: str, key: str, webhook_secrets: dict[str, str], options: list[str]) -> int:
    """Runs schemathesis in `folder`, where it stores its state."""
    command = [SCHEMATHESIS, "--config-file", CONFIG, "run", f"{url}/openapi.json"]
    command += ["--max-examples", str(EXAMPLES), "--max-time", str(SECONDS), *options]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "CONTRACT_URL": url,
        "CONTRACT_API_KEY": key,
        "CONTRACT_WEBHOOK_SECRETS": json.dumps(webhook_secrets),
    }
    limit = SECONDS + GRACE_SECONDS
    try:
        return subprocess.run(command, cwd=folder, env=environment, timeout=limit).returncode
    except subprocess.TimeoutExpired:
        raise Failed(f"schemathesis has not ended after {limit} s") from None


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"contract: {error}")
