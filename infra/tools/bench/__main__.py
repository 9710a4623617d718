"""Measures cold starts, sizes and instructions, and compares them with the budgets.

    python -m infra.tools.bench [--starts N] [--strict]

Each function, packaged for this machine's processor, beside an empty Lambda function and beside
`provider-webhook` with the SDK's defaults, both as `cargo lambda build --release` builds them. `empty,
static` is the empty one, built as the functions are. Programs take turns. The minimum of each time is
shown, which other work on the machine disturbs the least, and the median of init. Compare ratios and
instructions between machines.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from infra.tools import package, template
from infra.tools.bench.runtime_api import RuntimeApi
from infra.tools.process import Failed
from infra.tools.template import ROOT

BUDGET_INIT_TO_EMPTY = 1.5
BUDGET_INIT_TO_DEFAULTS = 0.25
BUDGET_INBOUND_INSTRUCTIONS = 150_000
BUDGET_API_BYTES = 6_000_000

DEFAULTS = "SDK defaults"
EMPTY = "empty"
EMPTY_STATIC = "empty, static"
YARDSTICKS = (EMPTY, EMPTY_STATIC, DEFAULTS)
INBOUND_EVENT = ROOT / "events" / "provider-webhook" / "runpod-file-ready.json"

# The environment of every program: Lambda's own variables, and settings that fit the events.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
    "RUST_LOG": "info",
    "SIGNING_KEY": "local-signing-key-for-sample-events",
    "RUNPOD_WEBHOOK_SECRET": "local-webhook-secret-for-sample-events",
    "API_BASE_URL": "https://api.example.com",
    "SPEECH_LANGUAGES": "oromo=om",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.tools.bench", description=__doc__.split("\n")[0])
    parser.add_argument("--starts", type=int, default=60, help="how often each program is started")
    parser.add_argument("--strict", action="store_true", help="fail if a budget is missed")
    arguments = parser.parse_args()
    programs = all_programs()
    functions = template.read().functions.values()
    os.environ.update(environment(name for function in functions for name in function.variables))
    with tempfile.TemporaryDirectory(prefix="hookreel-bench-") as folder:
        rows = measure(programs, arguments.starts, Path(folder))
        inbound = count_inbound(Path(folder))
    print_table(rows)
    missed = [*compare(rows), *compare_inbound(inbound)]
    for sentence in missed:
        print(f"Missed: {sentence}")
    print("Every budget is kept." if not missed else f"{len(missed)} budgets are missed.")
    return 1 if missed and arguments.strict else 0


def environment(names: Iterable[str]) -> dict[str, str]:
    """Lambda's own variables, and the variables `names` with values that fit."""
    return {**{name: placeholder(name) for name in names}, **ENVIRONMENT}


def placeholder(name: str) -> str:
    """A value for a variable whose value has no effect here."""
    if name.endswith("_URL"):
        return "https://example.com/queue"
    if name.endswith(("TIMEOUT", "DAYS", "CONCURRENCY")):
        return "60"
    return "false" if name == "RUNPOD_NATIVE_WEBHOOK" else "bench"


def all_programs() -> dict[str, Path]:
    """Every program to be measured, by its name in the table."""
    host = package.host()
    programs = {EMPTY: bench_program("bench-empty-default"), EMPTY_STATIC: bench_program("bench-empty")}
    programs |= {name: package.program(name, host) for name in template.read().functions}
    programs[DEFAULTS] = bench_program("bench-defaults")
    for program in [*programs.values(), bench_program("bench-coldstart"), bench_program("bench-inbound")]:
        if not program.exists():
            raise Failed(f"{program.relative_to(ROOT)} is not built; `make bench` builds it")
    return programs


def bench_program(name: str) -> Path:
    """A program of the bench, packaged like a function."""
    return package.program(name, package.host())


def event(name: str) -> Path:
    """The event for a program: a sample event that makes it work."""
    if name in (*YARDSTICKS, "provider-webhook"):
        return INBOUND_EVENT
    preferred = ["text", "completed", "good-key", "health"]
    files = {path.stem: path for path in sorted((ROOT / "events" / name).glob("*.json"))}
    return next((files[stem] for stem in preferred if stem in files), next(iter(files.values())))


def measure(programs: dict[str, Path], starts: int, folder: Path) -> dict[str, dict]:
    """A row for each program."""
    arguments = [str(part) for name, program in programs.items() for part in (program, event(name))]
    lines = run([bench_program("bench-coldstart"), str(starts), *arguments]).splitlines()
    rows = {name: json.loads(line) for name, line in zip(programs, lines, strict=True)}
    for name, program in programs.items():
        rows[name]["bytes"] = program.stat().st_size
        rows[name]["files"] = opened_files(program, folder)
        rows[name]["instructions"] = init_instructions(program, folder)
    return rows


def run(command: list[str | Path]) -> str:
    """The output of a command."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{Path(command[0]).parent.name} fails: {done.stderr[-2000:]}")
    return done.stdout


def opened_files(program: Path, folder: Path) -> list[str]:
    """The files that a program opens before its first `/invocation/next`, without its libraries."""
    log = folder / "strace"
    with RuntimeApi() as api:
        api.run(["strace", "-f", "-e", "trace=open,openat", "-o", log, program])
    opened = re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]+)".*= \d', log.read_text())
    return [path for path in opened if ".so" not in path]


def init_instructions(program: Path, folder: Path) -> int:
    """The instructions from the start of a program to its first `/invocation/next`."""
    with RuntimeApi() as api:
        return collected(api.run(callgrind(folder, [program])))


def callgrind(folder: Path, command: list[str | Path]) -> list[str | Path]:
    """A command under valgrind's instruction counter."""
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'callgrind'}", *command]


def collected(report: str) -> int:
    """The number of instructions in callgrind's report."""
    found = re.search(r"Collected : (\d+)", report)
    if not found:
        raise Failed(f"valgrind counted nothing: {report[-2000:]}")
    return int(found.group(1))


def count_inbound(folder: Path) -> dict[str, int]:
    """The instructions of one inbound webhook, up to each stage. Valgrind's processor has no SHA
    instructions, so SHA-256 runs in software."""
    few, many = 10, 110
    # The SDK looks up two variables for each request, at a cost for each variable: only Lambda's.
    function = template.read().functions["provider-webhook"]
    variables = {"PATH": os.environ["PATH"], **environment(function.variables)}

    def per_round(stage: str) -> int:
        counts = []
        for rounds in (few, many):
            command = [bench_program("bench-inbound"), INBOUND_EVENT, stage, str(rounds)]
            command = callgrind(folder, command)
            done = subprocess.run(command, capture_output=True, text=True, env=variables)
            counts.append(collected(done.stderr))
        return (counts[1] - counts[0]) // (many - few)

    parsed = per_round("parse")
    return {stage: per_round(stage) - parsed for stage in ("serialise", "sign")}


def print_table(rows: dict[str, dict]) -> None:
    """All measurements, one line for each program."""
    empty = rows[EMPTY]
    head = ["program", "init ms", "× empty", "median", "CPU ms", "instr. (M)", "first ms", "warm ms", "RSS MiB", "files", "MB"]
    print(f"{head[0]:<28}" + "".join(f"{title:>11}" for title in head[1:]))
    for name, row in rows.items():
        cells = [
            f"{row['init_least_us'] / 1000:.2f}",
            f"{row['init_least_us'] / empty['init_least_us']:.2f}",
            f"{row['init_us'] / 1000:.2f}",
            f"{row['init_cpu_us'] / 1000:.2f}",
            f"{row['instructions'] / 1e6:.2f}",
            f"{row['first_us'] / 1000:.2f}",
            f"{row['warm_us'] / 1000:.2f}",
            f"{row['init_rss_kib'] / 1024:.1f}",
            str(len(row["files"])),
            f"{row['bytes'] / 1e6:.2f}",
        ]
        print(f"{name:<28}" + "".join(f"{cell:>11}" for cell in cells))


def compare(rows: dict[str, dict]) -> list[str]:
    """The budgets that are missed, each in a sentence that names the programs."""
    read = template.read()
    ours = {name: row for name, row in rows.items() if name not in YARDSTICKS}
    api = {function.name for function in read.functions.values() if read.serves_http(function)}
    init = {name: row["init_least_us"] for name, row in ours.items()}
    instructions = ours["provider-webhook"]["instructions"] / rows[DEFAULTS]["instructions"]
    print(f"provider-webhook starts with {instructions:.2f} × the instructions of the SDK's defaults.")
    to_empty = {name: time / rows[EMPTY]["init_least_us"] for name, time in init.items()}
    to_defaults = {name: time / rows[DEFAULTS]["init_least_us"] for name, time in init.items()}
    megabytes = {name: ours[name]["bytes"] / 1e6 for name in api}
    certificates = {
        name: sum(bool(re.search(r"cert|ssl|\.pem|\.crt", path)) for path in row["files"])
        for name, row in ours.items()
    }
    return [
        *over("the time of the empty program to start", to_empty, BUDGET_INIT_TO_EMPTY),
        *over("the time of the SDK's defaults to start", to_defaults, BUDGET_INIT_TO_DEFAULTS),
        *over("MB behind the API", megabytes, BUDGET_API_BYTES / 1e6),
        *over("certificate files opened", certificates, 0),
    ]


def over(what: str, values: dict[str, float], budget: float) -> list[str]:
    """A sentence on the programs over the budget, the worst first, if there are any."""
    missed = sorted(((v, name) for name, v in values.items() if round(v, 2) > budget), reverse=True)
    if not missed:
        return []
    named = ", ".join(f"{name} {value:.2f}" for value, name in missed)
    return [f"{what}, at most {budget:g}: {named}"]


def compare_inbound(inbound: dict[str, int]) -> list[str]:
    """Prints the instructions of an inbound webhook; the budget missed, if it is."""
    print(
        f"An inbound webhook takes {inbound['serialise']:,} instructions from the parsed event to the "
        f"serialised DynamoDB request, {inbound['sign']:,} to the signed request."
    )
    if inbound["serialise"] <= BUDGET_INBOUND_INSTRUCTIONS:
        return []
    return [f"an inbound webhook takes more than {BUDGET_INBOUND_INSTRUCTIONS:,} instructions"]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"bench: {error}")
