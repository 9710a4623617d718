"""The AWS actions that a function's code can call, by its source, against those its role allows.

A reading of names, not of types: a function reaches what the shared crates' functions of that
name call, directly or through each other. That is enough to catch a permission forgotten or left
behind; what is truly called is recorded and compared by the tests.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from infra.tools.sam import ROOT, Function, Template

# SDK calls, as code writes them, by the action that allows them.
OPERATIONS = {
    "dynamodb": {
        "GetItem": [".get_item()"],
        "BatchGetItem": [".batch_get_item()"],
        "Query": [".query()"],
        "Scan": [".scan()"],
        "PutItem": [".put_item()", "Put::builder()"],
        "UpdateItem": [".update_item()", "Update::builder()"],
        "DeleteItem": [".delete_item()", "Delete::builder()"],
        "ConditionCheckItem": ["ConditionCheck::builder()"],
    },
    "s3": {
        "GetObject": [".get_object()"],
        "PutObject": [".put_object()", ".create_multipart_upload()", ".upload_part()"],
        "AbortMultipartUpload": [".abort_multipart_upload()"],
    },
    "sqs": {
        "SendMessage": [".send_message()", ".send_message_batch()"],
    },
}
# The shared crates that call AWS, and by what names functions get at what they offer.
CRATES = {
    "store": r"\bstore\s*\.\s*(\w+)\s*\(",
    "blobs": r"(?:blobs|upload)\s*\.\s*(\w+)\s*\(",
    "queues": r"(?:\w+)\s*\.\s*(send\w*)\s*\(",
    "intake": r"\bintake\s*\.\s*(\w+)\s*\(",
}
# The shared crates through which one of those calls AWS.
BELOW = {"intake": ["store"]}
# A function of a crate: "method" or "free", and its name.
Name = tuple[str, str]
# What the queue runner of `runtime` calls for every function behind a queue.
BEHIND_A_QUEUE = {"sqs:ChangeMessageVisibility"}

# A function's head: its name, and whether it is a method.
HEAD = re.compile(r"\bfn\s+(\w+)(?:<[^(]*>)?\(\s*(&?(?:mut\s+)?self\b)?")
METHOD_CALL = re.compile(r"\b(?:self|store|intake|rate_limit)\s*\.\s*(\w+)(?:::<[^(]*>)?\(")
FREE_CALL = re.compile(r"(?<![\w.])(\w+)(?:::<[^(]*>)?\(")


class Permissions:
    """What each shared crate's functions call."""

    def __init__(self, template: Template):
        self.template = template
        self.crates = {crate: reachable(sources(crate)) for crate in CRATES}

    def complaints(self, function: Function) -> Iterator[str]:
        """Actions that are called and not allowed, or allowed and not called."""
        called, may = self.called(function), allowed(function)
        for action in sorted(called - may):
            yield f"{function.name} calls {action}, but no policy of {function.logical_id} allows it"
        for action in sorted(may - called):
            yield f"{function.logical_id} allows {action}, but nothing in {function.name} calls it"

    def called(self, function: Function) -> set[str]:
        """The actions that the function's source can call."""
        folder = ROOT / "functions" / function.name
        if not folder.exists():
            return set()
        code = "\n".join(without_tests(path) for path in sorted((folder / "src").rglob("*.rs")))
        manifest = (folder / "Cargo.toml").read_text()
        actions = set()
        for crate, pattern in CRATES.items():
            if re.search(rf"^{crate}\.workspace", manifest, re.M):
                for name in re.findall(pattern, code):
                    actions |= self.crates[crate].get(("method", name), set())
        events = function.properties.get("Events", {}).values()
        return actions | (BEHIND_A_QUEUE if any(e["Type"] == "SQS" for e in events) else set())


def allowed(function: Function) -> set[str]:
    """The actions that the function's own policies allow."""
    actions = set()
    for policy in function.properties.get("Policies", []):
        for statement in policy.get("Statement", []) if isinstance(policy, dict) else []:
            action = statement["Action"]
            actions |= {action} if isinstance(action, str) else set(action)
    return actions


def sources(crate: str) -> list[Path]:
    """The files of a crate, and of those through which it calls AWS."""
    folders = [ROOT / "shared" / one / "src" for one in [crate, *BELOW.get(crate, [])]]
    return [path for folder in folders for path in sorted(folder.rglob("*.rs"))]


def reachable(paths: list[Path]) -> dict[Name, set[str]]:
    """For each function in these files: the actions that it leads to."""
    bodies: dict[Name, str] = {}
    for path in paths:
        for name, body in functions(without_tests(path)):
            bodies[name] = bodies.get(name, "") + body
    reached = {name: direct(body) for name, body in bodies.items()}
    calls = {name: called_in(body) & bodies.keys() for name, body in bodies.items()}
    changed = True
    while changed:
        changed = False
        for name in bodies:
            more = set().union(*(reached[callee] for callee in calls[name])) - reached[name]
            reached[name] |= more
            changed = changed or bool(more)
    return reached


def called_in(body: str) -> set[Name]:
    """The functions that this code calls, of its own crate or not."""
    methods = {("method", name) for name in METHOD_CALL.findall(body)}
    return methods | {("free", name) for name in FREE_CALL.findall(body)}


def direct(body: str) -> set[str]:
    """The actions that stand in this code itself."""
    squeezed = re.sub(r"\s+", "", body)
    return {
        f"{service}:{action}"
        for service, actions in OPERATIONS.items()
        for action, spellings in actions.items()
        if any(re.search(rf"{boundary(spelling)}{re.escape(spelling)}", squeezed) for spelling in spellings)
    }


def boundary(spelling: str) -> str:
    """So that `Put::builder()` is not found in `KeyPut::builder()`."""
    return r"\b" if spelling[0].isalpha() else ""


def functions(code: str) -> Iterator[tuple[Name, str]]:
    """Each function's name and body."""
    for head in HEAD.finditer(code):
        start = code.find("{", head.end())
        if start >= 0:
            kind = "method" if head.group(2) else "free"
            yield (kind, head.group(1)), code[start : closing(code, start)]


def closing(code: str, start: int) -> int:
    """Where the block that opens at `start` is closed. Braces in texts come in pairs."""
    depth = 0
    for index in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return index
    return len(code)


def without_tests(path: Path) -> str:
    """A file's code, up to its tests."""
    return path.read_text().split("#[cfg(test)]")[0]
