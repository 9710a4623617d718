"""From `template.yaml` to what the emulator can deploy: the SAM transform, and what it cannot read."""

import re
from typing import Any

from samtranslator.translator.transform import transform

from infra.tools import sam
from infra.tools.sam import Template

METHODS = {"get", "put", "post", "patch", "delete", "head", "options"}
API = "HttpApi"

# What is done here for the emulator's sake, and why. None of it is in the product.
WORKAROUNDS = [
    "An HTTP API's OpenAPI body is not read: routes, integrations and the authorizer are made "
    "of it as resources of their own.",
    "Functions are built for this machine's processor, which is what the emulator runs.",
    "It asks for a permission sqs:SendMessageBatch, where AWS asks for sqs:SendMessage: who has "
    "the one is given the other.",
    "It speaks no TLS, and the bucket's policy lets nobody in without: the policy is left out.",
    "OUTBOUND_ALLOW_LOOPBACK lets functions reach the provider and the receiver, which are on "
    "this machine.",
]


class NoManagedPolicies:
    """The template uses no AWS-managed policy by name, so none need be known."""

    def load(self) -> dict[str, str]:
        return {}


def for_emulator(template: Template, code_bucket: str, architecture: str) -> Template:
    """The CloudFormation template that AWS would deploy, in the form that the emulator takes."""
    template["Globals"]["Function"]["Architectures"] = [architecture]
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{code_bucket}/{sam.binary(resource)}.zip"
    plain = transform(template, {}, NoManagedPolicies())
    for logical_id in [k for k, v in plain["Resources"].items() if v["Type"] == "AWS::S3::BucketPolicy"]:
        del plain["Resources"][logical_id]
    for resource in plain["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Environment"]["Variables"]["OUTBOUND_ALLOW_LOOPBACK"] = "true"
        if resource["Type"] == "AWS::IAM::Role":
            allow_batches(resource["Properties"].get("Policies", []))
    expand_api(plain["Resources"])
    return plain


def allow_batches(policies: list[dict[str, Any]]) -> None:
    """Adds what the emulator calls the sending of several messages."""
    for policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            if "sqs:SendMessage" in statement["Action"]:
                statement["Action"].append("sqs:SendMessageBatch")


def expand_api(resources: dict[str, Any]) -> None:
    """Turns the API's OpenAPI body into resources."""
    properties = resources[API]["Properties"]
    body = properties.pop("Body")
    properties.update({"ProtocolType": "HTTP", "Name": API})
    for name, scheme in body["components"]["securitySchemes"].items():
        resources[f"{name}Authorizer"] = authorizer(name, scheme["x-amazon-apigateway-authorizer"])
    for path, item in body["paths"].items():
        for method in METHODS & item.keys():
            add_route(resources, path, method, item[method])


def authorizer(name: str, scheme: dict[str, Any]) -> dict[str, Any]:
    """The Lambda authorizer that an OpenAPI security scheme describes."""
    properties = {
        "ApiId": {"Ref": API},
        "Name": name,
        "AuthorizerType": "REQUEST",
        "IdentitySource": [],
        "AuthorizerUri": scheme["authorizerUri"],
        "AuthorizerCredentialsArn": scheme["authorizerCredentials"],
        "AuthorizerPayloadFormatVersion": scheme["authorizerPayloadFormatVersion"],
        "AuthorizerResultTtlInSeconds": scheme["authorizerResultTtlInSeconds"],
        "EnableSimpleResponses": scheme["enableSimpleResponses"],
    }
    return {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": properties}


def add_route(resources: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> None:
    """Adds an operation's route and integration."""
    name = re.sub(r"[^A-Za-z0-9]", "", f"{method}{path}".title())
    integration = operation["x-amazon-apigateway-integration"]
    resources[f"{name}Integration"] = {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": {"Ref": API},
            "IntegrationType": "AWS_PROXY",
            "IntegrationMethod": "POST",
            "IntegrationUri": integration["uri"],
            "PayloadFormatVersion": integration["payloadFormatVersion"],
        },
    }
    route = {
        "ApiId": {"Ref": API},
        "RouteKey": f"{method.upper()} {path}",
        "Target": {"Fn::Sub": f"integrations/${{{name}Integration}}"},
    }
    for scheme in operation.get("security", []):
        route["AuthorizationType"] = "CUSTOM"
        route["AuthorizerId"] = {"Ref": f"{next(iter(scheme))}Authorizer"}
    resources[f"{name}Route"] = {"Type": "AWS::ApiGatewayV2::Route", "Properties": route}
