"""The content of `template.yaml` for the tools written in Python.

The template has one reader, `infra/template` in Rust: the embedded cloud runs what it reads, and the
program `hookreel-template` in this folder prints it as JSON. Nothing here parses YAML or resolves an
intrinsic function. Names and addresses are those of the embedded cloud.
"""

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.tools.process import Failed

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "template.yaml"

# A JSON object.
Members = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API."""

    method: str
    path: str
    # The function that authorizes its requests, if one does.
    authorizer: str | None


@dataclass(frozen=True)
class QueueEvent:
    """A queue that feeds a function."""

    queue: str
    batch_size: int
    reports_failures: bool


@dataclass(frozen=True)
class StreamEvent:
    """A table's stream that feeds a function."""

    batch_size: int
    # Receives the batches whose retries are exhausted.
    failure_queue: str | None


@dataclass(frozen=True)
class Function:
    """A Lambda function, completed from `Globals`."""

    # Its folder and its program are called the same.
    name: str
    logical_id: str
    # Its `CodeUri`.
    code: str
    # In seconds.
    timeout: int
    # In MB.
    memory: int
    # The processor that it is built for.
    architecture: str
    log_group: str | None
    # The environment variables that have a value.
    environment: dict[str, str]
    # The variables whose values are known only once deployed, or never set.
    deferred: list[str]
    routes: list[Route]
    queues: list[QueueEvent]
    streams: list[StreamEvent]
    # The actions that its role allows.
    allowed: set[str]

    @property
    def variables(self) -> set[str]:
        """The names of all its environment variables."""
        return {*self.environment, *self.deferred}


@dataclass(frozen=True)
class Queue:
    """An SQS queue."""

    name: str
    logical_id: str
    # How long a received message is hidden, in seconds.
    visibility_timeout: int
    dead_letter_queue: str | None


@dataclass(frozen=True)
class Alarm:
    """A CloudWatch alarm."""

    metric: str
    # The names of what the metric is about: a function or a queue.
    watches: list[str]


@dataclass(frozen=True)
class Template:
    """The resolved template."""

    # By name.
    functions: dict[str, Function]
    queues: dict[str, Queue]
    alarms: list[Alarm]
    # Days until each log group drops a line; None for never.
    log_groups: dict[str, int | None]
    # The whole template, not resolved, with its intrinsic functions in their long form.
    document: Members

    @property
    def authorizers(self) -> set[str]:
        """The functions that authorize requests. API Gateway invokes them; they have no trigger."""
        routes = (route for function in self.functions.values() for route in function.routes)
        return {route.authorizer for route in routes if route.authorizer}

    @property
    def on_web_sockets(self) -> set[str]:
        """The logical ids of the functions that WebSocket APIs invoke; they have no trigger."""
        resources = self.document["Resources"].values()
        apis = (one["Properties"] for one in resources if one["Type"] == "AWS::Serverless::WebSocketApi")
        routes = (route for api in apis for route in api["Routes"].values())
        return {logical_id(route["FunctionArn"]) for route in routes}

    def has_alarm(self, metric: str, name: str) -> bool:
        """Whether an alarm watches that metric of the function or queue `name`."""
        return any(alarm.metric == metric and name in alarm.watches for alarm in self.alarms)

    def serves_http(self, function: Function) -> bool:
        """Whether API Gateway invokes it, so that a client waits for it."""
        return bool(function.routes) or function.name in self.authorizers


@cache
def read(path: Path = TEMPLATE) -> Template:
    """Reads a template."""
    members = json.loads(dump(path))
    functions = sorted(map(function, members["functions"]), key=lambda one: one.name)
    return Template(
        functions={one.name: one for one in functions},
        queues={one["name"]: queue(one) for one in members["queues"]},
        alarms=[Alarm(**alarm) for alarm in members["alarms"]],
        log_groups={group["name"]: group["retention_days"] for group in members["log_groups"]},
        document=members["document"],
    )


def dump(path: Path) -> str:
    """The template as JSON. Cargo builds the reader first, if it has changed: that takes seconds."""
    command = ["cargo", "run", "--quiet", "--locked", "--package", "hookreel-template", "--", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return done.stdout


def function(members: Members) -> Function:
    """A function from its JSON."""
    return Function(
        name=members["name"],
        logical_id=members["logical_id"],
        code=members["code"],
        timeout=members["timeout"]["secs"],
        memory=members["memory"],
        architecture=members["architecture"],
        log_group=members["log_group"],
        environment=members["environment"],
        deferred=members["deferred"],
        routes=[route(one) for one in members["routes"]],
        queues=[QueueEvent(one["queue"], one["batch_size"], one["reports_failures"]) for one in members["queues"]],
        streams=[StreamEvent(one["batch_size"], one["failure_queue"]) for one in members["streams"]],
        allowed={action for statement in members["statements"] for action in statement["actions"]},
    )


def route(members: Members) -> Route:
    """A route from its JSON."""
    authorizer = members["authorizer"]
    return Route(members["method"], members["path"], authorizer and authorizer["function"])


def logical_id(arn: Members) -> str:
    """The resource whose ARN this is."""
    name = arn["Fn::GetAtt"]
    return name.split(".")[0] if isinstance(name, str) else name[0]


def queue(members: Members) -> Queue:
    """A queue from its JSON."""
    redrive = members["redrive"]
    return Queue(
        name=members["name"],
        logical_id=members["logical_id"],
        visibility_timeout=members["visibility_timeout"]["secs"],
        dead_letter_queue=redrive and redrive["dead_letter_queue"],
    )
