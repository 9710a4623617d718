"""The outside services, all played by the studio, and what the deployment has to know of them."""

import re
import secrets
from pathlib import Path

from infra.tools import sam
from infra.tools.process import Child, free_port
from infra.tools.sam import ROOT

PROGRAM = ROOT / "target" / "debug" / "hookreel-studio"
# What the names of their members begin with.
SERVICES = ("RUNPOD_", "VIDEO_", "LAST_FRAME_", "STITCH_")


def make_secrets() -> dict[str, str]:
    """A value for each member of the secret that the template reads."""
    members = re.findall(r"SecretString:(\w+)", sam.TEMPLATE.read_text())
    return {name: secrets.token_hex(32) for name in members}


class Studio:
    """The studio, running: RunPod with a worker that speaks, and the three scene services."""

    def __init__(self, folder: Path, members: dict[str, str]):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        options = ["--port", str(self.port), "--work-dir", str(folder / "studio")]
        # Its environment has the members' names.
        theirs = {name: value for name, value in members.items() if name.startswith(SERVICES)}
        self._child = Child([PROGRAM, *options], folder / "studio.log", theirs)

    def __enter__(self) -> "Studio":
        self._child.wait_for(self.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def parameters(self, way_to_last_frame: str) -> dict[str, str]:
        """The template's parameters that say where the services are."""
        return {
            "RunpodBaseUrl": self.url,
            "RunpodEndpointId": "tts",
            "VideoGenerationService": f"{self.url}/scene-video",
            "LastFrameServiceUrl": f"{way_to_last_frame}/last-frame",
            "StitchServiceUrl": f"{self.url}/stitch",
        }
