"""The template after the SAM transform, as CloudFormation gets it."""

import copy
import os

from samtranslator.translator.transform import transform

from infra.tools.template import Members, Template

# In the code's URIs, if there is no bucket.
NO_BUCKET = "code"


class NoManagedPolicies:
    """The template names no AWS-managed policy, so the transform needs none."""

    def load(self) -> dict[str, str]:
        return {}


def plain(template: Template, code_bucket: str = NO_BUCKET, architecture: str | None = None) -> Members:
    """The CloudFormation template, with the zips of functions in `code_bucket`, built for `architecture`."""
    # The transform takes the region from the environment.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    document = copy.deepcopy(template.document)
    if architecture:
        document["Globals"]["Function"]["Architectures"] = [architecture]
    for function in template.functions.values():
        properties = document["Resources"][function.logical_id]["Properties"]
        properties["CodeUri"] = f"s3://{code_bucket}/{function.name}.zip"
    return transform(document, {}, NoManagedPolicies())
