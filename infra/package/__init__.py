"""Building functions for Lambda, and where the zips lie."""

import platform
from pathlib import Path

from infra.sam import ROOT


def host() -> str:
    """This machine's architecture, as Lambda names it."""
    return "arm64" if platform.machine() == "aarch64" else "x86_64"


def triple(architecture: str) -> str:
    """Rust's name for an architecture under Linux."""
    return {"arm64": "aarch64", "x86_64": "x86_64"}[architecture] + "-unknown-linux-gnu"


def program(name: str, architecture: str) -> Path:
    """Where cargo puts a function's program."""
    return ROOT / "target" / triple(architecture) / "release" / name


def package(name: str, architecture: str) -> Path:
    """Where a function's zip lies."""
    return ROOT / "target" / "package" / architecture / f"{name}.zip"
