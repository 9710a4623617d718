"""Deploys code, secrets and stack into the emulator, through AWS's APIs."""

import json
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.tools import package, template
from infra.tools.process import Child, Failed
from infra.tools.rehearsal.transform import for_emulator
from infra.tools.template import ROOT

PYTHON = ROOT / ".venv" / "emulator" / "bin" / "python"
PROGRAM = Path(__file__).with_name("guard.py")
REGION = "us-east-1"
CODE_BUCKET = "hookreel-code"
# Too long for the call itself, as it is for `sam deploy`.
TEMPLATE = "template.json"
STACK = "hookreel"
DEPLOY_SECONDS = 120
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


class Emulator:
    """ministack while it runs, with its deployments."""

    def __init__(self, port: int, log: Path):
        if not PYTHON.exists():
            raise Failed(f"{PYTHON.relative_to(ROOT)} is not installed; `make rehearse` does that")
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.child = Child([PYTHON, PROGRAM], log, self._settings(log.parent))

    def _settings(self, folder: Path) -> dict[str, str]:
        return {
            **CREDENTIALS,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LAMBDA_EXECUTOR": "local",
            # Each function may do what its role allows and no more.
            "AUTH": "true",
            "AWS_ENDPOINT_URL": self.url,
            "TMPDIR": str(folder),
            "S3_DATA_DIR": str(folder / "s3"),
            "HOME": str(folder),
        }

    def __enter__(self) -> "Emulator":
        self.child.wait_for(f"{self.url}/_ministack/health")
        return self

    def __exit__(self, *_: object) -> None:
        self.child.stop()

    def client(self, service: str) -> Any:
        """A client of one of its services."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def upload_code(self, names: list[str], architecture: str) -> None:
        """Puts every function's zip into the bucket from which CloudFormation takes it."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=CODE_BUCKET)
        for name in names:
            zip_file = package.package(name, architecture)
            s3.put_object(Bucket=CODE_BUCKET, Key=f"{name}.zip", Body=zip_file.read_bytes())

    def create_secret(self, name: str, members: dict[str, str]) -> None:
        """Stores the secrets of the template's dynamic references."""
        secrets = self.client("secretsmanager")
        secrets.create_secret(Name=name, SecretString=json.dumps(members))

    def deploy(self, parameters: dict[str, str], architecture: str) -> dict[str, str]:
        """Deploys the template by CloudFormation; the physical id of every resource."""
        transformed = for_emulator(template.read(), CODE_BUCKET, architecture)
        self.client("s3").put_object(Bucket=CODE_BUCKET, Key=TEMPLATE, Body=json.dumps(transformed))
        created = self.client("cloudformation").create_stack(
            StackName=STACK,
            TemplateURL=f"{self.url}/{CODE_BUCKET}/{TEMPLATE}",
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        self._wait_for_stack(created["StackId"], "CREATE_COMPLETE")
        resources = self.resources()
        self._allow_loops(transformed["Resources"], resources)
        return resources

    def _allow_loops(self, described: dict[str, Any], resources: dict[str, str]) -> None:
        functions = self.client("lambda")
        for name, resource in described.items():
            if loop := resource["Properties"].get("RecursiveLoop"):
                functions.put_function_recursion_config(FunctionName=resources[name], RecursiveLoop=loop)

    def remove(self) -> None:
        """Deletes the stack by CloudFormation."""
        cloudformation = self.client("cloudformation")
        [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        cloudformation.delete_stack(StackName=STACK)
        # By its id: a deleted stack is not found by its name.
        self._wait_for_stack(stack["StackId"], "DELETE_COMPLETE")

    def _wait_for_stack(self, stack_id: str, wanted: str) -> None:
        cloudformation = self.client("cloudformation")
        end = time.monotonic() + DEPLOY_SECONDS
        while True:
            [stack] = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > end:
                break
            time.sleep(0.1)
        if stack["StackStatus"] != wanted:
            raise Failed(f"the stack ended as {stack['StackStatus']}:\n{self._reasons(stack_id)}")

    def _reasons(self, stack_id: str) -> str:
        events = self.client("cloudformation").describe_stack_events(StackName=stack_id)["StackEvents"]
        failed = [event for event in events if "FAILED" in event["ResourceStatus"]]
        return "\n".join(f"  {e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed)

    def resources(self) -> dict[str, str]:
        """The physical id of each resource of the stack, by logical id."""
        paginator = self.client("cloudformation").get_paginator("list_stack_resources")
        summaries = [s for page in paginator.paginate(StackName=STACK) for s in page["StackResourceSummaries"]]
        return {s["LogicalResourceId"]: s["PhysicalResourceId"] for s in summaries}
