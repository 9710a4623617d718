"""Compares functions, template and sample events, and says in a sentence what is missing.

    python -m infra.tools.check

Fast enough for every `make lint`. The tests compare more, at more cost (`tests/tests/functions/template.rs`).
"""

import json
import sys
from collections.abc import Iterator

from infra.tools import sam
from infra.tools.check.permissions import Permissions
from infra.tools.sam import ROOT, Function, Template

# The environment under `sam local`, which knows no resource and hands on only what the template names.
SAM_ENVIRONMENT = "infra/tools/invoke/sam-env.json"


def main() -> int:
    template = sam.load()
    functions = {function.name: function for function in sam.functions(template)}
    folders = sorted(path.name for path in (ROOT / "functions").iterdir() if path.is_dir())
    complaints = [*differences(set(folders), functions)]
    permissions = Permissions(template)
    for function in functions.values():
        complaints += [*of_function(function, template), *permissions.complaints(function)]
    complaints += [*of_queues(template, functions), *of_logs(template), *of_sam_local(template, functions)]
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print(f"{len(functions)} functions compared with template.yaml: {len(complaints)} complaints")
    return 1 if complaints else 0


def logical_id(name: str) -> str:
    """What a function is called in the template."""
    return name.title().replace("-", "") + "Function"


def differences(folders: set[str], functions: dict[str, Function]) -> Iterator[str]:
    """Folders without a resource, and the other way round."""
    for name in sorted(folders - functions.keys()):
        yield f"functions/{name} has no entry in template.yaml; add {logical_id(name)}"
    for name in sorted(functions.keys() - folders):
        yield f"template.yaml has {functions[name].logical_id}, but there is no functions/{name}"


def of_function(function: Function, template: Template) -> Iterator[str]:
    """What a function lacks in the template and among the sample events."""
    name, logical = function.name, function.logical_id
    if logical != logical_id(name):
        yield f"{logical} runs {name}, so it should be called {logical_id(name)}"
    if not function.properties.get("Events") and name != authorizer(template):
        yield f"{logical} has no Events in template.yaml, so nothing would ever invoke it"
    if not any((ROOT / "events" / name).glob("*.json")):
        yield f"{name} has no sample event; add events/{name}/<case>.json"
    if not has_alarm(template, "Errors", {"Ref": logical}):
        yield f"{logical} has no alarm on its Errors in template.yaml"
    follows = any(event["Type"] == "DynamoDB" for event in function.properties.get("Events", {}).values())
    if follows and not has_alarm(template, "IteratorAge", {"Ref": logical}):
        yield f"{logical} follows a stream and has no alarm on its IteratorAge in template.yaml"
    if function.properties["CodeUri"] != sam.code(name):
        yield f"{logical} should have the CodeUri {sam.code(name)}, where `make build` puts it"


def of_logs(template: Template) -> Iterator[str]:
    """Logs that would be kept, and paid for, without an end."""
    group = template["Globals"]["Function"].get("LoggingConfig", {}).get("LogGroup")
    resource = template["Resources"].get(referred(group), {})
    if "RetentionInDays" not in resource.get("Properties", {}):
        yield "Globals in template.yaml name no log group with a RetentionInDays for the functions"


def of_sam_local(template: Template, functions: dict[str, Function]) -> Iterator[str]:
    """Variables that `sam local` cannot find out, and those that it would leave out."""
    given = json.loads((ROOT / SAM_ENVIRONMENT).read_text())["Parameters"]
    variables = {name: value for function in functions.values() for name, value in function.variables.items()}
    for name, value in sorted(variables.items()):
        parameter = template["Parameters"].get(referred(value), {})
        if isinstance(value, dict) and "Default" not in parameter and name not in given:
            yield f"{name} is known only once deployed; give {SAM_ENVIRONMENT} its value in `make up`"
    for name in sorted(given.keys() - variables.keys()):
        yield f"{SAM_ENVIRONMENT} has {name}, which template.yaml gives to no function"


def authorizer(template: Template) -> str | None:
    """The function that API Gateway asks for every request; the API names it, no event does."""
    functions = {function.logical_id: function.name for function in sam.functions(template)}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::HttpApi":
            for one in resource["Properties"]["Auth"]["Authorizers"].values():
                return functions.get(referred(one["FunctionArn"]))
    return None


def referred(value: object) -> str:
    """The resource that a Ref or a GetAtt leads to."""
    if not isinstance(value, dict):
        return ""
    target = value.get("Ref") or value.get("Fn::GetAtt") or ""
    return target[0] if isinstance(target, list) else target.split(".")[0]


def has_alarm(template: Template, metric: str, about: object) -> bool:
    """Whether an alarm watches that metric of that resource."""
    alarms = [r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    return any(
        alarm.get("MetricName") == metric
        and any(referred(d["Value"]) == referred(about) for d in alarm.get("Dimensions", []))
        for alarm in alarms
    )


def of_queues(template: Template, functions: dict[str, Function]) -> Iterator[str]:
    """Queues that would give a message out twice, lose one, or hide that one was given up."""
    queues = {k: v.get("Properties", {}) for k, v in template["Resources"].items() if v["Type"] == "AWS::SQS::Queue"}
    for function in functions.values():
        for event in function.properties.get("Events", {}).values():
            if event["Type"] == "SQS":
                name = referred(event["Properties"]["Queue"])
                least = 6 * function.properties["Timeout"]
                if queues[name].get("VisibilityTimeout", 30) < least:
                    yield f"{name} hides a message for less than 6 × the timeout of {function.name}, {least} s"
                if "RedrivePolicy" not in queues[name]:
                    yield f"{name} has no RedrivePolicy, so a message that never works comes back for days"
    for name in queues:
        if name.endswith("DeadLetters"):
            if not has_alarm(template, "ApproximateNumberOfMessagesVisible", {"Ref": name}):
                yield f"{name} has no alarm on ApproximateNumberOfMessagesVisible in template.yaml"


if __name__ == "__main__":
    sys.exit(main())
