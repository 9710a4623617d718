"""Builds every function for Lambda and packs each into a zip.

    python -m infra.tools.package [--host] [--bench] [--strict] [name …]

Without Docker: cargo-lambda and zig, both from PyPI, stand in for a cross compiler and bring the C
library (musl), which is linked in. The zips are put into `target/package/<architecture>/`; the same
program gives the same zip, byte for byte. With `--host` they are built for this machine's
processor, to run here.
"""

import argparse
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from infra.tools import template
from infra.tools.package import folder, host, package, program, triple
from infra.tools.process import Failed
from infra.tools.template import ROOT, Function

# The limit for a stripped program behind the API, since a cold start loads all of it.
API_BUDGET = 6_000_000
BENCH = "hookreel-bench"
# The earliest date in a zip, so that a zip does not depend on the time of its build.
NO_DATE = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    arguments = parse_arguments()
    functions = template.read().functions
    architecture = buildable(host() if arguments.host else wanted(functions))
    names = [name for name in functions if not arguments.names or name in arguments.names]
    build(architecture, [*names, BENCH] if arguments.bench else names)
    print(f"{'function':<20}{architecture:>12} bytes{'zip bytes':>12}   budget")
    over = [name for name in names if not pack(functions[name], architecture)]
    if over:
        print(f"Over the budget of {API_BUDGET} bytes: {', '.join(over)}")
    return 1 if over and arguments.strict else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.tools.package", description=__doc__.split("\n")[0])
    parser.add_argument("--host", action="store_true", help="build for this machine's processor")
    parser.add_argument("--bench", action="store_true", help="build the bench's programs too")
    parser.add_argument("--strict", action="store_true", help="fail if a program exceeds its budget")
    parser.add_argument("names", nargs="*", help="functions to build; all by default")
    return parser.parse_args()


def wanted(functions: dict[str, Function]) -> str:
    """The one architecture that the template has for all functions."""
    [architecture] = {function.architecture for function in functions.values()}
    return architecture


def buildable(architecture: str) -> str:
    """The architecture, or this machine's if Rust's standard library for it cannot be installed."""
    command = ["rustup", "target", "add", triple(architecture)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode == 0:
        return architecture
    reason = f"Rust's standard library for {architecture} cannot be installed: `{' '.join(command)}` fails"
    if architecture == host():
        raise Failed(f"{reason}: {done.stderr.strip()}")
    print(
        f"{reason}. Building for {host()} instead: that runs here and is NOT for a deployment, unless "
        f"the template's Architectures and each CodeUri say {host()}."
    )
    return buildable(host())


def build(architecture: str, names: list[str]) -> None:
    """One cargo run for all, so that shared code is compiled once."""
    packages = [argument for name in names for argument in ("--package", name)]
    # cargo-lambda looks for zig beside the first Python on the path: ours.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    target = ["--target", triple(architecture), "--lambda-dir", str(folder(architecture))]
    subprocess.run(
        ["cargo", "lambda", "build", "--profile", "lambda", "--locked", *target, *packages],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        check=True,
    )


def pack(function: Function, architecture: str) -> bool:
    """Zips a program under the name that Lambda starts; whether it keeps its budget."""
    source = program(function.name, architecture)
    target = package(function.name, architecture)
    entry = zipfile.ZipInfo("bootstrap", NO_DATE)
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, source.read_bytes(), compresslevel=9)
    size = source.stat().st_size
    is_worker = not template.read().serves_http(function)
    fits = is_worker or size <= API_BUDGET
    budget = "none (a worker)" if is_worker else "ok" if fits else "OVER"
    print(f"{function.name:<20}{size:>18}{target.stat().st_size:>12}   {budget}")
    return fits


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, subprocess.CalledProcessError) as error:
        sys.exit(f"the build failed: {error}")
