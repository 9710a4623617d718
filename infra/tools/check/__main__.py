"""Compares functions, template and sample events, and names each difference in a sentence.

    python -m infra.tools.check

Reads text only, so every `make lint` can afford it. The calls that functions make are compared with
their roles where they are made: by the tests, in `tests/tests/functions/permissions.rs`.
"""

import argparse
import sys
from pathlib import Path

from infra.tools import template
from infra.tools.check import cycles, functions, logs, openapi, permissions, queues, variables
from infra.tools.process import Failed
from infra.tools.template import ROOT

PARTS = (cycles, functions, logs, openapi, permissions, queues, variables)


def main() -> int:
    argparse.ArgumentParser(prog="python -m infra.tools.check", description=__doc__.split("\n")[0]).parse_args()
    found = complaints(ROOT)
    for complaint in found:
        print(complaint, file=sys.stderr)
    print(f"{len(template.read().functions)} functions compared with template.yaml: {len(found)} complaints")
    return 1 if found else 0


def complaints(root: Path) -> list[str]:
    """All differences in the repository at `root`."""
    read = template.read(root / "template.yaml")
    return [complaint for part in PARTS for complaint in part.complaints(root, read)]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"check: {error}")
