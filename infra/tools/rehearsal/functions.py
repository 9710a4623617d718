"""Whether every function ran in the rehearsal, and without errors."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.tools import template
from infra.tools.process import Failed
from infra.tools.rehearsal.emulator import Emulator
from infra.tools.rehearsal.hops import UNREADABLE

MOST_ERRORS = 10


def check_idle(log: Path) -> list[str]:
    """The names of all functions; fails if one was never invoked, by the emulator's log."""
    text = log.read_text(errors="replace")
    functions = template.read().functions
    idle = [name for name, f in functions.items() if not re.search(rf"spawned for \S*-{f.logical_id}-", text)]
    if idle:
        raise Failed(
            f"deployed and never invoked: {', '.join(idle)}. Let the rehearsal use them, or it does not "
            "show that they work as deployed"
        )
    return list(functions)


@contextmanager
def watched(cloud: Emulator, log_group: str) -> Iterator[None]:
    """Fails if functions have logged errors, and adds these to any other failure."""
    try:
        yield
    except Failed as failed:
        raise Failed("\n".join([str(failed), *errors(cloud, log_group)])) from failed
    if logged := errors(cloud, log_group):
        raise Failed("\n".join(["functions have logged errors:", *logged]))


def errors(cloud: Emulator, log_group: str) -> list[str]:
    """The first errors in the functions' log."""
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log_group)
    messages = [event["message"] for page in pages for event in page["events"]]
    return [message for message in messages if is_error(message)][:MOST_ERRORS]


def is_error(message: str) -> bool:
    """Whether a line of a log is an error that is not on purpose."""
    try:
        line = json.loads(message)
    except ValueError:
        return False
    return isinstance(line, dict) and line.get("level") == "ERROR" and line.get("item") != UNREADABLE
