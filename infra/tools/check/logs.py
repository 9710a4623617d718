"""What a metric filter counts is logged: a text that no function logs never raises the alarm."""

import re
from collections.abc import Iterator
from pathlib import Path

from infra.tools.template import Template

# A comparison in a filter pattern; a `*` at the end stands for any rest.
MESSAGE = re.compile(r'\$\.message = "([^"*]*)(\*?)"')


def complaints(root: Path, template: Template) -> Iterator[str]:
    """The filters of the template that look for nothing, or for what is not logged."""
    paths = (path for part in ("functions", "shared") for path in sorted((root / part).rglob("*.rs")))
    source = "\n".join(path.read_text() for path in paths)
    resources = template.document["Resources"]
    alarms = (one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm")
    alarmed = {alarm.get("MetricName") for alarm in alarms}
    for logical_id, resource in resources.items():
        if resource["Type"] != "AWS::Logs::MetricFilter":
            continue
        metrics = {one["MetricName"] for one in resource["Properties"]["MetricTransformations"]}
        # What raises an alarm is no everyday line.
        is_alarming = bool(metrics & alarmed)
        levels, how = ("warn|error", " as a warning or an error") if is_alarming else ("info|warn|error", "")
        messages = MESSAGE.findall(resource["Properties"]["FilterPattern"])
        if not messages:
            yield f"{logical_id} compares no $.message"
        for text, rest in messages:
            # A message is the last argument of its macro.
            end = "" if rest else r'"\s*\)'
            if not re.search(rf"tracing::(?:{levels})!\([^;]*?\"" + re.escape(text) + end, source):
                yield f"{logical_id} looks for {text!r}, which no function logs{how}"
