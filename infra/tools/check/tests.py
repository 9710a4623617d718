"""What the check says of a tree in which something was forgotten: `python -m unittest infra.tools.check.tests`."""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from infra.tools.sam import ROOT

# What the check reads, and itself.
PARTS = [
    "template.yaml",
    "functions",
    "shared",
    "events",
    "infra/tools/sam.py",
    "infra/tools/check",
    "infra/tools/invoke/sam-env.json",
]


class Forgotten(unittest.TestCase):
    """Each test takes something away from a copy of the tree, as if it had never been added."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="hookreel-check-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for part in PARTS:
            source, target = ROOT / part, self.root / part
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def complaints(self) -> list[str]:
        """What the check says of the copy."""
        command = [sys.executable, "-m", "infra.tools.check"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        said = done.stderr.splitlines()
        self.assertEqual(done.returncode, 1 if said else 0, done.stderr)
        return said

    def forget(self, logical_id: str, member: str = "") -> None:
        """Takes a resource, or one member of its properties, out of the template."""
        path = self.root / "template.yaml"
        template = path.read_text()
        [resource] = re.findall(rf"^  {logical_id}:\n(?:(?:    .*)?\n)+", template, re.M)
        rest = re.sub(rf"^      {member}:\n(?:       .*\n)+", "", resource, flags=re.M) if member else ""
        self.assertNotEqual(rest, resource)
        path.write_text(template.replace(resource, rest))

    def test_nothing(self) -> None:
        self.assertEqual(self.complaints(), [])

    def test_template_entry(self) -> None:
        shutil.copytree(self.root / "functions" / "docs", self.root / "functions" / "new-one")
        self.assertEqual(
            self.complaints(), ["functions/new-one has no entry in template.yaml; add NewOneFunction"]
        )

    def test_sample_event(self) -> None:
        shutil.rmtree(self.root / "events" / "job-get")
        self.assertEqual(
            self.complaints(), ["job-get has no sample event; add events/job-get/<case>.json"]
        )

    def test_policy(self) -> None:
        self.forget("JobGetFunction", "Policies")
        self.assertEqual(
            self.complaints(),
            ["job-get calls dynamodb:GetItem, but no policy of JobGetFunction allows it"],
        )

    def test_trigger(self) -> None:
        self.forget("JobGetFunction", "Events")
        self.assertEqual(
            self.complaints(),
            ["JobGetFunction has no Events in template.yaml, so nothing would ever invoke it"],
        )

    def test_alarm(self) -> None:
        self.forget("JobGetErrors")
        self.assertEqual(
            self.complaints(), ["JobGetFunction has no alarm on its Errors in template.yaml"]
        )

    def test_alarm_on_a_stream_left_behind(self) -> None:
        self.forget("RelayBehind")
        self.assertEqual(
            self.complaints(),
            ["RelayFunction follows a stream and has no alarm on its IteratorAge in template.yaml"],
        )

    def test_log_group(self) -> None:
        self.forget("FunctionLogs")
        self.assertEqual(
            self.complaints(),
            ["Globals in template.yaml name no log group with a RetentionInDays for the functions"],
        )

    def test_variable_under_sam_local(self) -> None:
        path = self.root / "infra/tools/invoke/sam-env.json"
        path.write_text(path.read_text().replace('"BUCKET_NAME"', '"BUCKET"'))
        self.assertEqual(
            self.complaints(),
            [
                "BUCKET_NAME is known only once deployed; give infra/tools/invoke/sam-env.json its value in `make up`",
                "infra/tools/invoke/sam-env.json has BUCKET, which template.yaml gives to no function",
            ],
        )


if __name__ == "__main__":
    unittest.main()
