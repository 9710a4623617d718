"""CloudFormation can create the resources: none of them depends on itself through others.

The SAM transform adds references: the definition of an API names the functions of its routes, so none of
those may refer to the API. cfn-lint passes over cycles with resources of SAM.
"""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from infra.tools.template import Template, sam

SUBSTITUTED = re.compile(r"\$\{(\w+)")


def complaints(_: Path, template: Template) -> Iterator[str]:
    """The first cycle, if there is one."""
    resources = sam.plain(template)["Resources"]
    graph = {name: sorted(resources.keys() & set(references(resources[name]))) for name in sorted(resources)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = " to ".join(reversed(error.args[1]))
        yield f"template.yaml refers in a circle, from {cycle}: CloudFormation does not create that"


def references(value: Any) -> Iterator[str]:
    """The logical ids to which this part of a template refers, and names of parameters."""
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    if isinstance(value, dict):
        for name, member in value.items():
            yield from named(name, member)
            yield from references(member)


def named(name: str, member: Any) -> Iterator[str]:
    """What one member refers to by itself."""
    first = member[0] if isinstance(member, list) and member else member
    match name, first:
        case "Ref", str():
            yield first
        case "Fn::GetAtt", str():
            yield first.split(".")[0]
        case "Fn::Sub", str():
            yield from SUBSTITUTED.findall(first)
        case "DependsOn", str():
            yield from [member] if isinstance(member, str) else member
