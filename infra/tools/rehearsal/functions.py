"""What became of the functions while the rehearsal lasted."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.tools import sam
from infra.tools.process import Failed
from infra.tools.rehearsal.emulator import Emulator

MOST_ERRORS = 10


def check_idle(log: Path) -> list[str]:
    """The names of all functions of the template; fails if one was never asked, by the emulator's log."""
    text = log.read_text(errors="replace")
    functions = sam.functions(sam.load())
    idle = [f.name for f in functions if not re.search(rf"spawned for \S*-{f.logical_id}-", text)]
    if idle:
        raise Failed(
            f"deployed, but never asked: {', '.join(idle)}. Have the rehearsal ask for something that "
            "they do, or nobody knows whether they work as deployed"
        )
    return [function.name for function in functions]


@contextmanager
def watched(cloud: Emulator, log_group: str) -> Iterator[None]:
    """Fails with the errors that functions have logged, and if anything else fails, tells them too."""
    try:
        yield
    except Failed as failed:
        raise Failed("\n".join([str(failed), *errors(cloud, log_group)])) from failed
    if logged := errors(cloud, log_group):
        raise Failed("\n".join(["functions have logged errors:", *logged]))


def errors(cloud: Emulator, log_group: str) -> list[str]:
    """The first lines of the functions' log that tell of errors."""
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log_group)
    messages = [event["message"] for page in pages for event in page["events"]]
    return [message for message in messages if is_error(message)][:MOST_ERRORS]


def is_error(message: str) -> bool:
    """Whether a line of a log is one that tells of an error."""
    try:
        line = json.loads(message)
    except ValueError:
        return False
    return isinstance(line, dict) and line.get("level") == "ERROR"
