"""The SAM template as Python reads it: resources with their intrinsics, and the functions among them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"

Template = dict[str, Any]


@dataclass(frozen=True)
class Function:
    """A Lambda function of the template, with the settings of `Globals` filled in."""

    logical_id: str
    name: str
    properties: dict[str, Any]

    @property
    def variables(self) -> dict[str, Any]:
        """Its environment variables."""
        return self.properties["Environment"]["Variables"]

    @property
    def serves_http(self) -> bool:
        """Whether API Gateway calls it, a client waiting."""
        events = self.properties.get("Events", {}).values()
        return self.name == "authorizer" or any(event["Type"] == "HttpApi" for event in events)


def load(path: Path = TEMPLATE) -> Template:
    """Reads a template; short forms such as `!Ref` become their long ones."""
    return yaml_parse(path.read_text())


def functions(template: Template) -> list[Function]:
    """Every function of the template, by name."""
    found = [
        Function(logical_id, binary(resource), with_globals(template, resource["Properties"]))
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    return sorted(found, key=lambda function: function.name)


def function(name: str) -> Function:
    """The function `name` of our template."""
    return next(found for found in functions(load()) if found.name == name)


def binary(resource: dict[str, Any]) -> str:
    """The program that a function runs: its zip is called like it."""
    return Path(resource["Properties"]["CodeUri"]).stem


def code(name: str) -> str:
    """Where a function's zip lies, as its CodeUri says: built for the template's architecture."""
    return f"target/package/arm64/{name}.zip"


def with_globals(template: Template, properties: dict[str, Any]) -> dict[str, Any]:
    """A function's properties as SAM completes them from `Globals`."""
    common = template.get("Globals", {}).get("Function", {})
    merged = {**common, **properties}
    merged["Environment"] = {
        "Variables": {
            **common.get("Environment", {}).get("Variables", {}),
            **properties.get("Environment", {}).get("Variables", {}),
        }
    }
    return merged
