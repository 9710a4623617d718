"""The complaints about a repository with an omission: `python -m unittest infra.tools.check.tests`."""

import re
import shutil
import tempfile
import unittest
from pathlib import Path

from infra.tools.check.__main__ import complaints
from infra.tools.process import Failed
from infra.tools.template import ROOT

# The parts of the repository that the check reads.
PARTS = ["template.yaml", "functions", "shared", "events", "infra/tools/invoke/sam-env.json"]


class Omission(unittest.TestCase):
    """Each test removes or changes something in a copy, as if it had been forgotten."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="hookreel-check-")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for part in PARTS:
            source, target = ROOT / part, self.root / part
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def assert_complaints(self, *expected: str) -> None:
        """Compares the complaints about the copy, in their order."""
        self.assertEqual(complaints(self.root), list(expected))

    def replace(self, file: str, old: str, new: str) -> None:
        """Replaces a text, all of its occurrences, in a file of the copy."""
        path = self.root / file
        before = path.read_text()
        after = before.replace(old, new)
        self.assertNotEqual(before, after)
        path.write_text(after)

    def omit(self, logical_id: str, member: str = "") -> None:
        """Removes a resource, or one member of its properties, from the template."""
        template = (self.root / "template.yaml").read_text()
        [resource] = re.findall(rf"^  {logical_id}:\n(?:(?:    .*)?\n)+", template, re.M)
        rest = re.sub(rf"^      {member}:.*\n(?:       .*\n)*", "", resource, flags=re.M) if member else ""
        self.replace("template.yaml", resource, rest)


class Functions(Omission):
    """Folders, entries, sample events, alarms and logs."""

    def test_nothing(self) -> None:
        self.assert_complaints()

    def test_template_entry(self) -> None:
        shutil.copytree(self.root / "functions" / "job-get", self.root / "functions" / "new-one")
        self.assert_complaints("functions/new-one has no entry in template.yaml; add NewOneFunction")

    def test_folder(self) -> None:
        shutil.rmtree(self.root / "functions" / "job-get")
        self.assert_complaints("template.yaml has JobGetFunction, but there is no functions/job-get")

    def test_sample_event(self) -> None:
        shutil.rmtree(self.root / "events" / "job-get")
        self.assert_complaints("job-get has no sample event; add events/job-get/<case>.json")

    def test_package_name(self) -> None:
        self.replace("functions/job-get/Cargo.toml", 'name = "job-get"', 'name = "get"')
        self.assert_complaints(
            "functions/job-get/Cargo.toml calls its package get; folder and package have one name"
        )

    def test_logic_in_main(self) -> None:
        main = self.root / "functions/job-get/src/main.rs"
        main.write_text(main.read_text() + "// More.\n" * 25)
        [complaint] = complaints(self.root)
        self.assertRegex(complaint, r"functions/job-get/src/main.rs has \d+ lines, more than the 25 of mere wiring")

    def test_trigger(self) -> None:
        self.omit("JobGetFunction", "Events")
        self.assert_complaints("JobGetFunction has no Events in template.yaml, so nothing invokes it")

    def test_alarm(self) -> None:
        self.omit("JobGetErrors")
        self.assert_complaints("JobGetFunction has no alarm on its Errors in template.yaml")

    def test_alarm_on_the_age_of_a_stream(self) -> None:
        self.omit("RelayBehind")
        self.assert_complaints(
            "RelayFunction follows a stream and has no alarm on its IteratorAge in template.yaml"
        )

    def test_log_retention(self) -> None:
        self.omit("FunctionLogs", "RetentionInDays")
        found = complaints(self.root)
        self.assertIn(
            "JobGetFunction has no log group with a RetentionInDays; name one in the Globals of template.yaml",
            found,
        )
        self.assertEqual(len(found), len(list((self.root / "functions").iterdir())))

    def test_code_uri(self) -> None:
        self.replace("template.yaml", "arm64/job-get.zip", "arm64/job-gets.zip")
        self.assert_complaints(
            "JobGetFunction should have the CodeUri target/package/arm64/job-get.zip, "
            "where `make build` puts its zip"
        )

    def test_referenced_resource(self) -> None:
        self.omit("FunctionLogs")
        with self.assertRaisesRegex(Failed, "refers to FunctionLogs, which is missing"):
            complaints(self.root)


class Roles(Omission):
    """Policies against sources."""

    def test_policy(self) -> None:
        self.omit("JobGetFunction", "Policies")
        self.assert_complaints(
            "job-get calls dynamodb:GetItem, but no policy of JobGetFunction allows it",
            "functions/job-get/Cargo.toml lists store, but its role allows no dynamodb:* action",
        )

    def test_call(self) -> None:
        self.replace("template.yaml", "Action: [dynamodb:GetItem, dynamodb:PutItem]", "Action: [dynamodb:GetItem, dynamodb:Scan, dynamodb:PutItem]")
        self.assert_complaints(
            "ProjectCreateFunction allows dynamodb:Scan, but nothing in project-create calls it",
            "TtsCreateFunction allows dynamodb:Scan, but nothing in tts-create calls it",
        )


class Cycles(Omission):
    """References between resources."""

    def test_own_api(self) -> None:
        self.replace("template.yaml", "API_BASE_URL: !Ref ApiBaseUrl", "API_BASE_URL: !Sub https://${HttpApi}")
        self.assertRegex(complaints(self.root)[0], "^template.yaml refers in a circle, from .*HttpApi")


class Logs(Omission):
    """Metric filters."""

    def test_message(self) -> None:
        self.replace("functions/reconcile/src/lib.rs", '"job did not end in time"', '"job did not end in time!"')
        self.replace("functions/inbound-retry/src/lib.rs", '"early webhook exhausted', '"webhook exhausted')
        self.assert_complaints(
            "ChainsEnded looks for 'early webhook exhausted', which no function logs as a warning or an error",
            "ChainsEnded looks for 'job did not end in time', which no function logs as a warning or an error",
        )

    def test_pattern(self) -> None:
        self.replace("template.yaml", "$.message", "$.text")
        self.assert_complaints("ChainsEnded compares no $.message", "RecoveredByPolls compares no $.message")


class Queues(Omission):
    """Queues and their dead letters."""

    def test_visibility(self) -> None:
        self.replace("template.yaml", "VisibilityTimeout: 5400", "VisibilityTimeout: 5399")
        self.assert_complaints(
            "IngestQueue hides a message for less than 6 × the timeout of ingest, 5400 s",
            "IngestSlowQueue hides a message for less than 6 × the timeout of ingest, 5400 s",
        )

    def test_redrive(self) -> None:
        self.omit("IngestQueue", "RedrivePolicy")
        self.assert_complaints("IngestQueue has no RedrivePolicy, so a message that always fails is retried for days")

    def test_alarm_on_dead_letters(self) -> None:
        self.omit("IngestDeadLettersWaiting")
        self.omit("RelayDeadLettersWaiting")
        self.assert_complaints(
            "IngestDeadLetters has no alarm on ApproximateNumberOfMessagesVisible in template.yaml",
            "RelayDeadLetters has no alarm on ApproximateNumberOfMessagesVisible in template.yaml",
        )

    def test_alarm_on_waiting_messages(self) -> None:
        self.omit("IngestQueueBehind")
        self.assert_complaints("IngestQueue has no alarm on ApproximateAgeOfOldestMessage in template.yaml")

    def test_reported_failures(self) -> None:
        self.replace(
            "template.yaml",
            "BatchSize: 1\n            FunctionResponseTypes: [ReportBatchItemFailures]\n",
            "BatchSize: 1\n",
        )
        self.assert_complaints(
            "IngestFunction lacks ReportBatchItemFailures for IngestQueue: one failed message fails its batch",
            "IngestFunction lacks ReportBatchItemFailures for IngestSlowQueue: one failed message fails its batch",
        )

    def test_url(self) -> None:
        self.replace("template.yaml", "  DELIVER_QUEUE_URL: !Ref DeliverQueue", "  DELIVER_QUEUE_URL: !Ref IngestQueue")
        self.assertIn(
            "DeliverFunction needs one variable with the URL of DeliverQueue and has 0", complaints(self.root)
        )


class Variables(Omission):
    """Environment variables against sources and `sam local`."""

    def test_setting(self) -> None:
        self.omit("DownloadFunction", "Environment")
        self.assert_complaints(
            "download reads BUCKET_NAME, which template.yaml does not set for it",
            "download reads SIGNING_KEY, which template.yaml does not set for it",
            "download reads TABLE_NAME, which template.yaml does not set for it",
        )

    def test_reader(self) -> None:
        self.replace("template.yaml", "          BUCKET_NAME:", "          BUCKETS_NAME: x\n          BUCKET_NAME:")
        self.assert_complaints(
            "template.yaml sets BUCKETS_NAME for download, which does not read it",
            "template.yaml sets BUCKETS_NAME for erase, which does not read it",
            "template.yaml sets BUCKETS_NAME for ingest, which does not read it",
        )

    def test_variable_of_a_provider(self) -> None:
        self.replace("template.yaml", "          STITCH_SERVICE_URL: !Ref StitchServiceUrl\n", "")
        self.assert_complaints(
            "dispatch reads STITCH_SERVICE_URL, which template.yaml does not set for it",
            "reconcile reads STITCH_SERVICE_URL, which template.yaml does not set for it",
            "infra/tools/invoke/sam-env.json has STITCH_SERVICE_URL, which template.yaml sets for no function",
        )

    def test_variable_under_sam_local(self) -> None:
        self.replace("infra/tools/invoke/sam-env.json", '"BUCKET_NAME"', '"BUCKET"')
        self.assert_complaints(
            "BUCKET_NAME is known only once deployed; give infra/tools/invoke/sam-env.json its value in `make up`",
            "infra/tools/invoke/sam-env.json has BUCKET, which template.yaml sets for no function",
        )

    def test_value_under_sam_local(self) -> None:
        self.replace("infra/tools/invoke/sam-env.json", "hookreel-IngestQueue", "hookreel-Ingests")
        self.assert_complaints(
            "infra/tools/invoke/sam-env.json has http://172.17.0.1:8788/000000000000/hookreel-Ingests as "
            "INGEST_QUEUE_URL; in `make up` it is http://172.17.0.1:8788/000000000000/hookreel-IngestQueue"
        )


if __name__ == "__main__":
    unittest.main()
