"""A function reads the environment variables that the template sets for it, and `sam local` sets them
too."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from infra.tools.template import Function, Template

# Read for every function, by the SDK and by `runtime`.
COMMON = {"AWS_ENDPOINT_URL", "RUST_LOG"}
# Set by the embedded cloud alone: functions may reach this machine.
LOCAL_ONLY = {"OUTBOUND_ALLOW_LOOPBACK"}
# A text in Rust that is spelt like a variable, except those that cargo sets for a build.
VARIABLE = re.compile(r'"(?!CARGO_)([A-Z0-9]*_[A-Z0-9_]*)"')
# Functions that call providers read the providers' variables, in one place for all.
CALLS_PROVIDERS = "Providers::new"
PROVIDERS = "shared/providers/src/provider.rs"

# The variables under `sam local`, which resolves no resource and sets only what the template names.
SAM_ENVIRONMENT = "infra/tools/invoke/sam-env.json"
# Where `make up` serves AWS: on this machine, and as containers reach it.
LOOPBACK, BRIDGE = "//127.0.0.1:", "//172.17.0.1:"


def complaints(root: Path, template: Template) -> Iterator[str]:
    """Variables that are set and not read, or read and not set."""
    for function in template.functions.values():
        if (root / "functions" / function.name).exists():
            yield from of_function(root, function)
    yield from of_sam_local(json.loads((root / SAM_ENVIRONMENT).read_text())["Parameters"], template)


def of_function(root: Path, function: Function) -> Iterator[str]:
    """The differences between the variables of a function and those in its source."""
    name = function.name
    variables, read = function.variables - COMMON, read_by(root, name)
    for variable in sorted(read - variables):
        yield f"{name} reads {variable}, which template.yaml does not set for it"
    for variable in sorted(variables - read):
        yield f"template.yaml sets {variable} for {name}, which does not read it"


def read_by(root: Path, name: str) -> set[str]:
    """The variables that a function's source names."""
    folder = root / "functions" / name / "src"
    sources = list(folder.rglob("*.rs"))
    if CALLS_PROVIDERS in (folder / "lib.rs").read_text():
        sources.append(root / PROVIDERS)
    return {name for source in sources for name in VARIABLE.findall(source.read_text())} - LOCAL_ONLY


def of_sam_local(given: dict[str, str], template: Template) -> Iterator[str]:
    """Variables that `sam local` cannot resolve, and values that are not those of `make up`."""
    functions = template.functions.values()
    deferred = {name for function in functions for name in function.deferred}
    values = {name: value for function in functions for name, value in function.environment.items()}
    for name in sorted(deferred - given.keys()):
        yield f"{name} is known only once deployed; give {SAM_ENVIRONMENT} its value in `make up`"
    for name in sorted(given.keys() - deferred - values.keys()):
        yield f"{SAM_ENVIRONMENT} has {name}, which template.yaml sets for no function"
    for name in sorted(given.keys() & deferred & values.keys()):
        value = values[name].replace(LOOPBACK, BRIDGE)
        if "{{resolve:" not in value and given[name] != value:
            yield f"{SAM_ENVIRONMENT} has {given[name]} as {name}; in `make up` it is {value}"
