"""Writes docs/COST.md: the counted calls of a job, times the published prices.

    python -m infra.tools.cost
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from infra.tools import template
from infra.tools.cost import live
from infra.tools.cost.counts import (
    MODELS,
    SCENE,
    WHOLE_JOB,
    Call,
    Sums,
    of_a_job,
    of_a_scene,
    of_models,
    sums,
)
from infra.tools.process import Failed
from infra.tools.template import ROOT

BUDGET = 15.0
DOCUMENT = ROOT / "docs" / "COST.md"
PRICES = json.loads(Path(__file__).with_name("prices.json").read_text())
MILLION = PRICES["dollars_per_million"]
MONTHLY = PRICES["dollars_each_month"]
ASSUMED = PRICES["assumed_milliseconds"]
MEASURED = PRICES["measured"]
# The functions that wait for others than AWS, and for what.
OUTSIDE = {
    "dispatch": "the provider's answer to dispatch",
    "ingest": "the provider's file, pulled by ingest",
    "deliver": "the receiver's answer to deliver",
}
# A function with this many MB of memory has a whole processor, one with fewer a share of it.
MB_OF_A_PROCESSOR = 1769
# A file of the async TTS API's worker: a minute of speech.
FILE_MB = 3

# A client with a webhook follows the link in it, once.
DOWNLOAD = Call("download", "dynamodb", "GetItem", 0, 1)
# The requests to the API, and whether each needs a key: the job, the provider's webhook, the link.
ROUTES = {"tts-create": True, "provider-webhook": False, "download": True}

# The functions behind a queue.
QUEUED = {"dispatch", "ingest", "deliver", "reconcile"}

Term = tuple[str, str, float]


def main() -> int:
    argparse.ArgumentParser(prog="python -m infra.tools.cost", description=__doc__.split("\n")[0]).parse_args()
    calls = [*of_a_job(), DOWNLOAD]
    counted, scene = counted_terms(sums(calls)), counted_terms(of_a_scene())
    alone, loaded = other_terms(calls, loaded=False), other_terms(calls, loaded=True)
    total = sum(dollars for _, _, dollars in counted)
    models = {name: counted_terms(counted) for name, counted in of_models().items()}
    DOCUMENT.write_text(document(calls, counted, scene, models, alone, loaded))
    whole = [total + sum(dollars for _, _, dollars in terms) for terms in (alone, loaded)]
    print(
        f"{DOCUMENT.relative_to(ROOT)}: ${total:.2f} per million jobs by counted calls; with everything "
        f"that AWS bills ${whole[0]:.2f}, or ${whole[1]:.2f} in full batches"
    )
    if total > BUDGET:
        print(f"More than ${BUDGET:.2f}.")
    return 1 if total > BUDGET else 0


def counted_terms(counted: Sums) -> list[Term]:
    """The cost of counted calls, per million jobs or scenes."""
    writes, reads = counted.write_units, counted.read_units
    return [
        ("DynamoDB writes", f"{writes:.3g} write units", writes * MILLION["dynamodb_write_unit"]),
        ("DynamoDB reads", f"{reads:.3g} read units", reads * MILLION["dynamodb_read_unit"]),
        ("SQS sends", f"{counted.sends:.3g} requests", counted.sends * MILLION["sqs_request"]),
        ("S3 uploads", f"{counted.puts:.3g} PUT", counted.puts * MILLION["s3_put"]),
    ]


def other_terms(calls: list[Call], loaded: bool) -> list[Term]:
    """AWS's other charges per million jobs: with each change and message alone, or in full batches."""
    invoked = invocations(calls)
    events = {name: n / (batch(name) if loaded else 1) for name, n in invoked.items()}
    seconds = sum(gb_seconds(name, calls, n, events[name]) for name, n in invoked.items())
    queued = sum(n for name, n in events.items() if name in QUEUED)
    bytes_logged = sum(MEASURED["log_bytes"][name] for name in OUTSIDE)
    bytes_logged += len(ROUTES) * MEASURED["log_bytes"]["an API request"]
    times = sum(events.values())
    return [
        ("API requests", f"{len(ROUTES)}: {', '.join(ROUTES)}", len(ROUTES) * MILLION["http_api_request"]),
        ("Invocations", f"{times:.3g}", times * MILLION["lambda_request"]),
        ("Running time", f"{seconds:.3f} GB-seconds", seconds * MILLION["lambda_arm64_gb_second"]),
        ("SQS receives and deletes", f"{2 * queued:.3g} requests by Lambda", 2 * queued * MILLION["sqs_request"]),
        ("S3 downloads", "1 GET", MILLION["s3_get"]),
        ("Logs", f"{bytes_logged / 1000:.2f} KB", bytes_logged / 1000 * PRICES["dollars_per_gb"]["logs_taken_in"]),
    ]


def batch(name: str) -> int:
    """How many changes or messages one invocation takes under load; a request is one invocation."""
    function = template.read().functions[name]
    return max((event.batch_size for event in [*function.queues, *function.streams]), default=1)


def gb_seconds(name: str, calls: list[Call], times: int, events: float) -> float:
    """The billed time of a function for a job: its waiting for calls and for others, and its own work.
    The messages of a batch are processed concurrently, so a batch waits once."""
    memory = template.read().functions[name].memory
    waiting = sum(ASSUMED[f"a call of {call.service}"] for call in calls if call.function == name)
    waiting += ASSUMED[OUTSIDE[name]] if name in OUTSIDE else 0
    working = times * MEASURED["processor_milliseconds_of_an_invocation"] * MB_OF_A_PROCESSOR / memory
    return memory / 1024 * (waiting * events / times + working) / 1000


def invocations(calls: list[Call]) -> Counter[str]:
    """How often each function is invoked for a job, once for each change and message."""
    invoked = Counter({name: 1 for name in {call.function for call in calls} | ROUTES.keys()})
    invoked["authorizer"] = sum(ROUTES.values())
    # Once for each change that makes work, and each of those sends once.
    invoked["relay"] = max(1, sum(call.function == "relay" and call.service == "sqs" for call in calls))
    return invoked


def document(
    calls: list[Call],
    counted: list[Term],
    scene: list[Term],
    models: dict[str, list[Term]],
    alone: list[Term],
    loaded: list[Term],
) -> str:
    """The text of docs/COST.md."""
    by_calls = sum(dollars for _, _, dollars in counted)
    return f"""# What it costs

Written by `make cost`; change `infra/tools/cost/`, not this file. Prices are those of {PRICES["region"]} on
{PRICES["date"]} ({PRICES["source"]}), in US dollars.

## A million single-file jobs

One speech job with a `webhook_url`: submitted, dispatched, reported by its worker, pulled, notified,
downloaded once. The calls are those that the embedded cloud counts in the test
`{WHOLE_JOB[0]}`:

{calls_table(calls)}

| counted | per job | $ per million jobs |
| --- | --- | ---: |
{rows(counted)}
| **together** (budget {BUDGET:.0f}) | | **{by_calls:.2f}** |

The budget of {BUDGET:.0f} is for these calls. AWS's other charges are as much again if every change and
message is processed alone; under load they are processed in batches:

| other charges | each alone | $ per million jobs | in full batches | $ per million jobs |
| --- | --- | ---: | --- | ---: |
{others(alone, loaded)}
| **with the calls** | | **{by_calls + sum(d for _, _, d in alone):.2f}** | | **{by_calls + sum(d for _, _, d in loaded):.2f}** |

Running time is a function's waiting and its own work, at its memory. The waiting times are assumptions:

{waits()}

The work, {MEASURED["processor_milliseconds_of_an_invocation"]} ms of a whole processor for an invocation, is measured, and so are the bytes logged.

## A million scenes

A scene adds to a film its video and that video's last frame, made, reported, pulled and stored, with a
thumbnail. The calls are counted in the test `{SCENE}`;
`docs/ARCHITECTURE.md` lists them.

| counted | per scene | $ per million scenes |
| --- | --- | ---: |
{rows(scene)}
| **together** | | **{sum(dollars for _, _, dollars in scene):.2f}** |

## A million predictions and a million trainings

Each with a `webhook_url`: submitted, dispatched, its provider's two webhooks, polled as long as that is
due, notified; the prediction's one file is pulled. The calls are counted in the test
`{MODELS[0]}`.

{model_tables(models)}

## What polls add

A job that its provider works on is polled until it ends: first after 5 s, where it is no step of a project, then twice within the time for which its file is kept,
else after a quarter of the state's age, at most every five minutes. A poll is one read, one message and one
invocation of `reconcile`.

| a task of | polls, file kept a minute (RunPod) | $ per million jobs | polls, file kept ten minutes | $ per million jobs |
| --- | ---: | ---: | ---: | ---: |
{poll_rows()}

{live.section(PRICES)}
## What each choice saves

| choice | instead of | $ per million jobs saved |
| --- | --- | ---: |
| keys-only index, written once at create | an index that follows every change of state (4 more units) | {4 * MILLION["dynamodb_write_unit"]:.2f} |
| one conditional write, no read first | reading before each of the 6 changes | {6 * MILLION["dynamodb_read_unit"]:.2f} |
| idempotency key in the job's id | a record of its own | {MILLION["dynamodb_write_unit"]:.2f} |
| one delayed message per job | an index of deadlines (2 units) and a scheduled query | {2 * MILLION["dynamodb_write_unit"] - MILLION["sqs_request"]:.2f} |
| stream filters | invoking `relay` for every write (4 more invocations) | {4 * MILLION["lambda_request"]:.2f} |
| HTTP API | REST API at $3.50 a million | {len(ROUTES) * 2.5:.2f} |
| arm64 | x86_64, at a quarter more a second | {alone[2][2] * 0.25:.2f} |
| one PUT up to 16 MB | a multipart upload (3 requests) | {2 * MILLION["s3_put"]:.2f} |

## What files add

A file of {FILE_MB} MB, kept 30 days and downloaded once to the internet:

| | $ per million files |
| --- | ---: |
| S3, {FILE_MB} MB for a month | {FILE_MB * 1000 * MONTHLY["s3_gb"]:.0f} |
| transfer to the internet | {FILE_MB * 1000 * PRICES["dollars_per_gb"]["out_to_the_internet"]:.0f} |

Both are more than everything above: a shorter lifetime than 30 days, or a smaller format than WAV, saves
more than any call. The items of a job take about 4 KB for 30 days, ${4 * (MONTHLY["dynamodb_gb"] + MONTHLY["dynamodb_recovery_gb"]):.2f} a million jobs with recovery.

## At rest, a month

{at_rest()}
"""


def model_tables(models: dict[str, list[Term]]) -> str:
    """A table of counted calls for each kind."""
    tables = []
    for name, terms in models.items():
        total = sum(dollars for _, _, dollars in terms)
        tables.append(
            f"| {name} | counted | $ per million |\n| --- | --- | ---: |\n{rows(terms)}\n"
            f"| **together** | | **{total:.2f}** |"
        )
    return "\n\n".join(tables)


def polls(seconds: int, most: int, first: int = 0) -> int:
    """How often a task of that length is polled, as `poll_wait` of `shared/domain` has it; once more
    where there is a `first` poll before."""
    age, count = first, int(0 < first < seconds)
    while (age := age + min(max(age // 4, 30), most)) < seconds:
        count += 1
    return count


def poll_rows() -> str:
    """The rows of the table of polls."""
    memory = template.read().functions["reconcile"].memory / 1024
    waiting = (ASSUMED["a call of dynamodb"] + ASSUMED["a call of sqs"] + ASSUMED["the provider's answer to dispatch"]) / 1000
    one = (
        MILLION["dynamodb_read_unit"]
        + 3 * MILLION["sqs_request"]
        + MILLION["lambda_request"]
        + memory * waiting * MILLION["lambda_arm64_gb_second"]
    )
    rows = []
    for name, seconds in {"20 s": 20, "2 min": 120, "10 min": 600, "1 h": 3600, "2 h": 7200}.items():
        often, seldom = polls(seconds, 30, first=5), polls(seconds, 300)
        rows.append(f"| {name} | {often} | {often * one:.2f} | {seldom} | {seldom * one:.2f} |")
    return "\n".join(rows)


def waits() -> str:
    """The list of the assumed waiting times."""
    return "\n".join(f"- {milliseconds} ms for {what}" for what, milliseconds in ASSUMED.items())


def others(alone: list[Term], loaded: list[Term]) -> str:
    """The rows of the other charges, alone and under load."""
    pairs = zip(alone, loaded, strict=True)
    return "\n".join(f"| {what} | {a} | {x:.2f} | {b} | {y:.2f} |" for (what, a, x), (_, b, y) in pairs)


def calls_table(calls: list[Call]) -> str:
    """The table of calls, with equal ones in one row."""
    alike = Counter((c.function, f"{c.service} {c.operation}", c.write_units, c.read_units) for c in calls)
    lines = ["| function | calls | write units | read units |", "| --- | --- | ---: | ---: |"]
    for (function, name, writes, reads), count in alike.items():
        times = f"{count} × {name}" if count > 1 else name
        lines.append(f"| {function} | {times} | {count * writes:g} | {count * reads:g} |")
    return "\n".join(lines)


def rows(terms: list[Term]) -> str:
    """The rows of a table of terms."""
    return "\n".join(f"| {what} | {per_job} | {dollars:.2f} |" for what, per_job, dollars in terms)


def at_rest() -> str:
    """The cost of a month without a single job."""
    alarms = len(template.read().alarms)
    queues = sum(len(function.queues) for function in template.read().functions.values())
    # Lambda keeps five pollers for a queue, each with long polls of 20 s.
    polls = queues * 5 * 3 * 60 * 24 * 30 / 1e6
    terms = [
        ("alarms", f"{alarms}", alarms * MONTHLY["alarm"]),
        ("secret", "1", MONTHLY["secret"]),
        ("SQS, polled by Lambda", f"{polls:.1f} million requests", polls * MILLION["sqs_request"]),
    ]
    total = sum(dollars for _, _, dollars in terms)
    table = "\n".join(f"| {what} | {count} | {dollars:.2f} |" for what, count, dollars in terms)
    return f"| | | $ |\n| --- | --- | ---: |\n{table}\n| **together** | | **{total:.2f}** |\n\nTen alarms and a million SQS requests of that are free."


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"cost: {error}")
