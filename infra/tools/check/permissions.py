"""A role allows the AWS actions that its function's source can call, and no others.

The source is searched by name, not by type: a function reaches the calls of each shared crate's
functions of that name, direct or through others. That finds a permission that is missing or
superfluous. The tests compare the calls that are made.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from infra.tools.template import Function, Template

# SDK calls as they are written in Rust, by the action that allows them.
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
        "GetObject": [".get_object()", ".head_object()"],
        "PutObject": [".put_object()", ".create_multipart_upload()", ".upload_part()"],
        "AbortMultipartUpload": [".abort_multipart_upload()"],
        "DeleteObject": [".delete_object()"],
        "ListBucket": [".list_objects_v2()"],
    },
    "sqs": {
        "SendMessage": [".send_message()", ".send_message_batch()"],
    },
    "execute-api": {
        "ManageConnections": [".post_to_connection()", ".delete_connection()"],
    },
}
# The shared crates that call AWS, and how functions call their methods.
CRATES = {
    "store": r"\bstore\s*\.\s*(\w+)\s*\(",
    "blobs": r"(?:blobs|upload)\s*\.\s*(\w+)\s*\(",
    "connections": r"\bconnections\s*\.\s*(\w+)\s*\(",
    "queues": r"(?:\w+)\s*\.\s*(send\w*)\s*\(",
    "intake": r"\b(?:intake|webhooks)\s*\.\s*(\w+)\s*\(",
}
# The shared crates through which one of these calls AWS.
BELOW = {"intake": ["store"]}
# The crates that are the only way to one service, and the prefix of its actions.
CLIENTS = {"store": "dynamodb:", "blobs": "s3:", "connections": "execute-api:"}
# A function of a crate: "method" or "free", and its name.
Name = tuple[str, str]
# The actions to which each function leads.
Reached = dict[Name, set[str]]
# Called by the queue runner of `runtime` for every function behind a queue.
BEHIND_A_QUEUE = {"sqs:ChangeMessageVisibility"}

# The head of a function: its name, and whether it is a method.
HEAD = re.compile(r"\bfn\s+(\w+)(?:<[^(]*>)?\(\s*(&?(?:mut\s+)?self\b)?")
METHOD_CALL = re.compile(r"\b(?:self|store|intake|rate_limit)\s*\.\s*(\w+)(?:::<[^(]*>)?\(")
FREE_CALL = re.compile(r"(?<![\w.])(\w+)(?:::<[^(]*>)?\(")


def complaints(root: Path, template: Template) -> Iterator[str]:
    """Actions that are called and not allowed, or allowed and not called."""
    crates = {crate: reachable(sources(root, crate)) for crate in CRATES}
    for function in template.functions.values():
        folder = root / "functions" / function.name
        if folder.exists():
            manifest = (folder / "Cargo.toml").read_text()
            used = {crate for crate in CRATES if re.search(rf"^{crate}\.workspace", manifest, re.M)}
            yield from of_role(function, called(function, folder, {crate: crates[crate] for crate in used}))
            yield from of_clients(function, used)


def of_role(function: Function, calls: set[str]) -> Iterator[str]:
    """The differences between the role of a function and what its source calls."""
    for action in sorted(calls - function.allowed):
        yield f"{function.name} calls {action}, but no policy of {function.logical_id} allows it"
    for action in sorted(function.allowed - calls):
        yield f"{function.logical_id} allows {action}, but nothing in {function.name} calls it"


def of_clients(function: Function, used: set[str]) -> Iterator[str]:
    """Crates in a function's manifest whose service its role does not allow."""
    for crate in sorted(used & CLIENTS.keys()):
        # `store` also decodes the records of the table's stream, without a call.
        decodes = crate == "store" and function.streams
        if not decodes and not any(action.startswith(CLIENTS[crate]) for action in function.allowed):
            yield f"functions/{function.name}/Cargo.toml lists {crate}, but its role allows no {CLIENTS[crate]}* action"


def called(function: Function, folder: Path, crates: dict[str, Reached]) -> set[str]:
    """The actions that the function's source can call through the shared `crates`."""
    code = "\n".join(without_tests(path) for path in sorted((folder / "src").rglob("*.rs")))
    actions = set(BEHIND_A_QUEUE if function.queues else ())
    for crate, reached in crates.items():
        for name in re.findall(CRATES[crate], code):
            actions |= reached.get(("method", name), set())
    return actions


def sources(root: Path, crate: str) -> list[Path]:
    """The files of a crate and of those through which it calls AWS."""
    folders = [root / "shared" / one / "src" for one in [crate, *BELOW.get(crate, [])]]
    return [path for folder in folders for path in sorted(folder.rglob("*.rs"))]


def reachable(paths: list[Path]) -> Reached:
    """The actions to which each function in these files leads."""
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
    """The functions that this code calls, of its own crate or of another."""
    methods = {("method", name) for name in METHOD_CALL.findall(body)}
    return methods | {("free", name) for name in FREE_CALL.findall(body)}


def direct(body: str) -> set[str]:
    """The actions that this code calls itself."""
    squeezed = re.sub(r"\s+", "", body)
    return {
        f"{service}:{action}"
        for service, actions in OPERATIONS.items()
        for action, spellings in actions.items()
        if any(re.search(rf"{boundary(spelling)}{re.escape(spelling)}", squeezed) for spelling in spellings)
    }


def boundary(spelling: str) -> str:
    """A pattern that keeps `Put::builder()` from being found in `KeyPut::builder()`."""
    return r"\b" if spelling[0].isalpha() else ""


def functions(code: str) -> Iterator[tuple[Name, str]]:
    """The name and the body of each function."""
    for head in HEAD.finditer(code):
        start = code.find("{", head.end())
        if start >= 0:
            kind = "method" if head.group(2) else "free"
            yield (kind, head.group(1)), code[start : closing(code, start)]


def closing(code: str, start: int) -> int:
    """The end of the block that opens at `start`. Braces in strings are assumed to come in pairs."""
    depth = 0
    for index in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return index
    return len(code)


def without_tests(path: Path) -> str:
    """The code of a file up to its tests."""
    return path.read_text().split("#[cfg(test)]")[0]
