"""Prints the packages that differ from the last commit, or the last commit's if none does, as options
for `cargo test`. The end-to-end tests, which take minutes, are left out.
"""

import json
import subprocess
from pathlib import Path


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def changed(root: Path) -> list[Path]:
    """The files that differ."""
    now = output("git", "diff", "--name-only", "HEAD") + output("git", "ls-files", "--others", "--exclude-standard")
    names = now or output("git", "show", "--name-only", "--format=", "HEAD")
    return [root / name for name in names.splitlines()]


def main() -> None:
    root = Path(output("git", "rev-parse", "--show-toplevel").strip())
    packages = json.loads(output("cargo", "metadata", "--no-deps", "--format-version", "1"))["packages"]
    folders = {Path(package["manifest_path"]).parent: package["name"] for package in packages}
    found = set()
    for file in changed(root):
        # The innermost package: a folder may lie in another's.
        owner = next((folders[folder] for folder in file.parents if folder in folders), None)
        found |= {owner} - {None, "tests"}
    print(" ".join(f"--package {name}" for name in sorted(found)))


if __name__ == "__main__":
    main()
