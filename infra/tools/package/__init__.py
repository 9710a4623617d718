"""The paths of functions built for Lambda."""

import platform
from pathlib import Path

from infra.tools.template import ROOT


def host() -> str:
    """This machine's architecture, as Lambda names it."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def triple(architecture: str) -> str:
    """Rust's target: statically linked, since a small program otherwise spends half of its start on
    finding and binding the C library."""
    return {"arm64": "aarch64", "x86_64": "x86_64"}[architecture] + "-unknown-linux-musl"


def folder(architecture: str) -> Path:
    """The folder of everything built for an architecture."""
    return ROOT / "target" / "package" / architecture


def program(name: str, architecture: str) -> Path:
    """A function's program."""
    return folder(architecture) / name / "bootstrap"


def package(name: str, architecture: str) -> Path:
    """A function's zip."""
    return folder(architecture) / f"{name}.zip"
