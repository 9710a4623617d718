"""A function reads the environment variables that the template sets for it, and `sam local` sets them
too."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from infra.tools.template import Function, Template

# Read for every function, by the SDK and by `runtime`.
COMMON = {"AWS_ENDPOINT_URL", "RUST_LOG"}
# Set by the embedded cloud alone: functions may reach this machine, but not the cloud itself.
LOCAL_ONLY = {"OUTBOUND_ALLOW_LOOPBACK", "OUTBOUND_REFUSED_PORTS"}
# A text in Rust that is spelt like a variable, except those that cargo sets for a build.
VARIABLE = re.compile(r'"(?!CARGO_)([A-Z0-9]*_[A-Z0-9_]*)"')
# The providers name their variables in their own folders; these are the sorts of them.
PROVIDERS = "shared/providers/src"
WEBHOOK_SECRETS, FILE_HOSTS, KEYS = "WEBHOOK_SECRET", "_FILE_HOSTS", ("_API_KEY", "_API_TOKEN")
# What in a function's source reads which sort of them, of every provider. The rest are URLs, accounts
# and options.
FILES = ".file_hosts"
READS_ALL = {
    "Accounts::read(": lambda name: not name.endswith((WEBHOOK_SECRETS, FILE_HOSTS)),
    "ProviderWebhooks::new(": lambda name: name.endswith(WEBHOOK_SECRETS),
    FILES: lambda name: name.endswith(FILE_HOSTS),
}
# The crate that reads the settings of the functions that create jobs.
CREATION = "shared/creation/src"
# Reads URLs and accounts of the providers of one kind of job.
READS_SOME = "registry::is_configured("

# The variables under `sam local`, which resolves no resource and sets only what the template names.
SAM_ENVIRONMENT = "infra/tools/invoke/sam-env.json"
# Where `make up` serves AWS: on this machine, and as containers reach it.
LOOPBACK, BRIDGE = "//127.0.0.1:8788", "//172.17.0.1:8788"


def complaints(root: Path, template: Template) -> Iterator[str]:
    """Variables that are set and not read, or read and not set."""
    for function in template.functions.values():
        if (root / "functions" / function.name).exists():
            yield from of_function(root, function)
    yield from of_sam_local(json.loads((root / SAM_ENVIRONMENT).read_text())["Parameters"], template)


def of_function(root: Path, function: Function) -> Iterator[str]:
    """The differences between the variables of a function and those in its source."""
    name = function.name
    variables, (read, optional) = function.variables - COMMON, read_by(root, name)
    for variable in sorted(read - variables):
        yield f"{name} reads {variable}, which template.yaml does not set for it"
    for variable in sorted(variables - read - optional):
        yield f"template.yaml sets {variable} for {name}, which does not read it"


def read_by(root: Path, name: str) -> tuple[set[str], set[str]]:
    """The variables that a function's source reads, and those that it may read."""
    folder = root / "functions" / name
    folders = [folder / "src"]
    if "creation.workspace" in (folder / "Cargo.toml").read_text():
        folders.append(root / CREATION)
    code = "\n".join(source.read_text() for folder in folders for source in folder.rglob("*.rs"))
    read, optional = set(VARIABLE.findall(code)) - LOCAL_ONLY, set()
    of_providers, options = provider_variables(root)
    for text, is_read in READS_ALL.items():
        if text in code:
            # The files of most providers are pulled without their keys.
            is_needed = text == FILES or FILES not in code
            (read if is_needed else optional).update(filter(is_read, of_providers))
            optional |= options
    if READS_SOME in code:
        optional |= {name for name in of_providers if not name.endswith((WEBHOOK_SECRETS, FILE_HOSTS, *KEYS))}
    return read, optional


def provider_variables(root: Path) -> tuple[set[str], set[str]]:
    """The variables of all providers, and their options, which only some functions read."""
    sources = {path: path.read_text() for path in (root / PROVIDERS).glob("*/*.rs")}
    constants = dict(re.findall(r'const (\w+): &str = ("\w+")', "\n".join(sources.values())))
    settings = "\n".join(text for path, text in sources.items() if path.name == "mod.rs")
    code = re.sub(r"\w+::([A-Z_]+)\b", lambda name: constants.get(name[1], name[0]), settings)
    options = {name for listed in re.findall(r"options: &\[([^]]*)\]", code) for name in VARIABLE.findall(listed)}
    return set(VARIABLE.findall(code)) - options, options


def of_sam_local(given: dict[str, str], template: Template) -> Iterator[str]:
    """Variables that `sam local` cannot resolve, and values that are not those of `make up`."""
    functions = template.functions.values()
    deferred = {name for function in functions for name in function.deferred}
    # A value that only some functions have to wait for is the one to compare.
    pairs = [(name, value, name in one.deferred) for one in functions for name, value in one.environment.items()]
    values = {name: value for name, value, _ in sorted(pairs, key=lambda pair: pair[2])}
    for name in sorted(deferred - given.keys()):
        yield f"{name} is known only once deployed; give {SAM_ENVIRONMENT} its value in `make up`"
    for name in sorted(given.keys() - deferred - values.keys()):
        yield f"{SAM_ENVIRONMENT} has {name}, which template.yaml sets for no function"
    for name in sorted(given.keys() & deferred & values.keys()):
        value = values[name].replace(LOOPBACK, BRIDGE)
        if "{{resolve:" not in value and given[name] != value:
            yield f"{SAM_ENVIRONMENT} has {given[name]} as {name}; in `make up` it is {value}"
