"""The description of the API: its examples are what its schemas say."""

import json
from collections.abc import Iterator
from pathlib import Path

from jsonschema import Draft202012Validator

from infra.tools.template import Template

DESCRIPTION = "functions/docs/src/openapi.json"


def complaints(root: Path, _: Template) -> list[str]:
    """Each example that its own schema refuses."""
    description = json.loads((root / DESCRIPTION).read_text())
    return [
        f"{DESCRIPTION}: the example of {place} is not as described: {error.json_path}: {error.message}"
        for place, media in examples(description)
        for error in Draft202012Validator(media["schema"] | {"components": description["components"]}).iter_errors(
            media["example"]
        )
    ]


def examples(description: dict) -> Iterator[tuple[str, dict]]:
    """Every body with an example, and where it is."""
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            bodies = {"the request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media in body.get("content", {}).values():
                    if "example" in media:
                        yield f"{method.upper()} {path}, {name}", media
