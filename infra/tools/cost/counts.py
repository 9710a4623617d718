"""The AWS calls of a job and of a scene, counted by the embedded cloud in tests."""

import re
import subprocess
from dataclasses import dataclass

from infra.tools.process import Failed
from infra.tools.template import ROOT

# A test, and the heading of the calls that it prints.
WHOLE_JOB = ("a_whole_job_is_nine_write_units_and_four_sends", "a whole job")
SCENE = "a_scene_stays_within_its_budget_and_the_document_tells_it"
AFTER_THE_END = ("a_job_that_has_ended_costs_no_more_than_its_last_look", "after the end")
MODELS = ("a_prediction_and_a_training_stay_within_their_budgets", "a prediction", "a training")
# The test polls the job; a client with a webhook does not.
ONLY_IN_THE_TEST = {"job-get"}

ROW = re.compile(r"^\| [\w-]+ \| (dynamodb|sqs|s3) \w+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)
CALL = re.compile(r"^  (\S+)\s+(dynamodb|sqs|s3) (\w+) \(([\d.]+) write units, ([\d.]+) read units\)$")


@dataclass(frozen=True)
class Call:
    """One call to AWS."""

    function: str
    service: str
    operation: str
    write_units: float
    read_units: float


@dataclass(frozen=True)
class Sums:
    """The billed units of one job or of one scene."""

    write_units: float
    read_units: float
    sends: float
    puts: float


def of_a_job() -> list[Call]:
    """The calls for one speech job with a webhook, until nothing of it is due."""
    output = printed(WHOLE_JOB[0], AFTER_THE_END[0])
    return [*section(output, WHOLE_JOB[1]), *section(output, AFTER_THE_END[1])]


def of_a_scene() -> Sums:
    """What one more scene adds to a film."""
    rows = [(row[1], *map(float, row.groups()[1:])) for row in ROW.finditer(printed(SCENE))]
    if not rows:
        raise Failed(f"the test {SCENE} prints no table")
    return Sums(
        write_units=sum(writes for _, _, writes, _ in rows),
        read_units=sum(reads for _, _, _, reads in rows),
        sends=sum(calls for service, calls, _, _ in rows if service == "sqs"),
        puts=sum(calls for service, calls, _, _ in rows if service == "s3"),
    )


def of_models() -> dict[str, Sums]:
    """The billed units of a prediction with one file and of a training, each with a webhook."""
    test, *headings = MODELS
    output = printed(test)
    return {heading: sums(section(output, heading)) for heading in headings}


def sums(calls: list[Call]) -> Sums:
    """The sums of single calls."""
    return Sums(
        write_units=sum(call.write_units for call in calls),
        read_units=sum(call.read_units for call in calls),
        sends=sum(call.service == "sqs" for call in calls),
        puts=sum(call.service == "s3" for call in calls),
    )


def printed(*tests: str) -> str:
    """The output of tests."""
    command = ["cargo", "test", "--locked", "--package", "tests", "--test", "tests", "--"]
    done = subprocess.run(
        [*command, *tests, "--nocapture", "--test-threads=1"], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise Failed(f"the tests that count calls fail:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def section(output: str, heading: str) -> list[Call]:
    """The calls printed under a heading."""
    lines = output.split(f"{heading}:\n", 1)[1].splitlines()
    calls = []
    for line in lines:
        found = CALL.match(line)
        if not found:
            break
        function, service, operation, writes, reads = found.groups()
        if function not in ONLY_IN_THE_TEST:
            calls.append(Call(function, service, operation, float(writes), float(reads)))
    if not calls:
        raise Failed(f"the tests print no calls under “{heading}”")
    return calls
