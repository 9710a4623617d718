"""A function has a folder, an entry in the template with a trigger, sample events, alarms and a log
that expires."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from infra.tools.package import package
from infra.tools.template import ROOT, Function, Template

# A `main.rs` contains wiring only.
MAIN_LINES = 25


def complaints(root: Path, template: Template) -> Iterator[str]:
    """The differences between folders and entries, and what either lacks."""
    folders = {path.name for path in (root / "functions").iterdir() if path.is_dir()}
    for name in sorted(folders - template.functions.keys()):
        yield f"functions/{name} has no entry in template.yaml; add {logical_id(name)}"
    for function in template.functions.values():
        if function.name in folders:
            yield from of_folder(root, function)
        else:
            yield f"template.yaml has {function.logical_id}, but there is no functions/{function.name}"
        yield from of_entry(function, template)


def logical_id(name: str) -> str:
    """A function's key in the template."""
    return name.title().replace("-", "") + "Function"


def of_folder(root: Path, function: Function) -> Iterator[str]:
    """What a function lacks in its folder and among the sample events."""
    name, folder = function.name, root / "functions" / function.name
    if not any((root / "events" / name).glob("*.json")):
        yield f"{name} has no sample event; add events/{name}/<case>.json"
    package_name = tomllib.loads((folder / "Cargo.toml").read_text())["package"]["name"]
    if package_name != name:
        yield f"functions/{name}/Cargo.toml calls its package {package_name}; folder and package have one name"
    lines = len((folder / "src" / "main.rs").read_text().splitlines())
    if lines > MAIN_LINES:
        yield f"functions/{name}/src/main.rs has {lines} lines, more than the {MAIN_LINES} of mere wiring"


def of_entry(function: Function, template: Template) -> Iterator[str]:
    """What a function lacks in the template."""
    name, logical = function.name, function.logical_id
    triggers = [*function.routes, *function.queues, *function.streams]
    if not triggers and name not in template.authorizers and logical not in template.on_web_sockets:
        yield f"{logical} has no Events in template.yaml, so nothing invokes it"
    if not template.has_alarm("Errors", name):
        yield f"{logical} has no alarm on its Errors in template.yaml"
    if function.streams and not template.has_alarm("IteratorAge", name):
        yield f"{logical} follows a stream and has no alarm on its IteratorAge in template.yaml"
    if template.log_groups.get(function.log_group) is None:
        yield f"{logical} has no log group with a RetentionInDays; name one in the Globals of template.yaml"
    code = package(name, function.architecture).relative_to(ROOT)
    if function.code != str(code):
        yield f"{logical} should have the CodeUri {code}, where `make build` puts its zip"
