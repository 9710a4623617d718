"""The studio, which stands in for all providers, and the deployment's settings for it."""

import re
import secrets
from base64 import b64encode
from pathlib import Path

from infra.tools.process import Child, free_port
from infra.tools.template import ROOT

PROGRAM = ROOT / "target" / "debug" / "hookreel-studio"
# The prefixes of the providers' members of the secret.
SERVICES = ("RUNPOD_", "VIDEO_", "LAST_FRAME_", "STITCH_", "REPLICATE_")


def make_secrets() -> dict[str, str]:
    """A value for each member of the secret to which the template refers."""
    text = (ROOT / "template.yaml").read_text()
    members = {name: secrets.token_hex(32) for name in re.findall(r"SecretString:(\w+)", text)}
    # Replicate's is one of Standard Webhooks.
    return members | {"REPLICATE_WEBHOOK_SECRET": f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"}


class Studio:
    """The studio while it runs: RunPod with a text-to-speech worker, the three scene services, and Replicate."""

    def __init__(self, folder: Path, members: dict[str, str]):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        options = ["--port", str(self.port), "--work-dir", str(folder / "studio")]
        # Its variables are called like the members.
        environment = {name: value for name, value in members.items() if name.startswith(SERVICES)}
        self._child = Child([PROGRAM, *options], folder / "studio.log", environment)

    def __enter__(self) -> "Studio":
        self._child.wait_for(self.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def parameters(self, runpod_url: str, last_frame_url: str) -> dict[str, str]:
        """The template's parameters with the addresses of the services."""
        return {
            "RunpodBaseUrl": runpod_url,
            "RunpodEndpointId": "tts",
            "VideoGenerationService": f"{self.url}/scene-video",
            "LastFrameServiceUrl": f"{last_frame_url}/last-frame",
            "StitchServiceUrl": f"{self.url}/stitch",
            "ReplicateBaseUrl": self.url,
            "ReplicateFileHosts": "127.0.0.1",
            # The API's address here is none that Replicate would take.
            "ReplicateWebhooks": "always",
        }
