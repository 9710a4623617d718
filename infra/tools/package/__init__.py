"""Building functions for Lambda, and where the zips lie."""

import platform
from pathlib import Path

from infra.tools.sam import ROOT


def host() -> str:
    """This machine's architecture, as Lambda names it."""
    return "arm64" if platform.machine() == "aarch64" else "x86_64"


def triple(architecture: str) -> str:
    """Rust's name for what is built: statically linked, since half of a small program's start is
    otherwise spent on finding and binding the C library."""
    return {"arm64": "aarch64", "x86_64": "x86_64"}[architecture] + "-unknown-linux-musl"


def folder(architecture: str) -> Path:
    """Where what is built for an architecture lies."""
    return ROOT / "target" / "package" / architecture


def program(name: str, architecture: str) -> Path:
    """A function's program."""
    return folder(architecture) / name / "bootstrap"


def package(name: str, architecture: str) -> Path:
    """A function's zip."""
    return folder(architecture) / f"{name}.zip"
