"""From `template.yaml` to a template that the emulator can deploy: the SAM transform and workarounds."""

import re
from typing import Any

from infra.tools.template import Members, Template, sam

METHODS = {"get", "put", "post", "patch", "delete", "head", "options"}
API = "HttpApi"

# The changes made for the emulator. None of them is in the product.
WORKAROUNDS = [
    "It ignores the OpenAPI body of an HTTP API: routes, integrations and the authorizer become "
    "resources.",
    "It runs functions on this machine's processor: they are built for that.",
    "It requires a permission sqs:SendMessageBatch, where AWS requires sqs:SendMessage: a role with "
    "the latter gets both.",
    "It has no TLS, without which the bucket's policy denies every request: the policy is omitted.",
    "It ignores a function's RecursiveLoop: a call sets it. It stops loops through queues only as guard.py "
    "adds that.",
    "OUTBOUND_ALLOW_LOOPBACK lets functions reach the provider and the receiver on this machine.",
]


def for_emulator(template: Template, code_bucket: str, architecture: str) -> Members:
    """The CloudFormation template that AWS would deploy, in a form that the emulator accepts."""
    plain = sam.plain(template, code_bucket, architecture)
    for logical_id in [k for k, v in plain["Resources"].items() if v["Type"] == "AWS::S3::BucketPolicy"]:
        del plain["Resources"][logical_id]
    for resource in plain["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Environment"]["Variables"]["OUTBOUND_ALLOW_LOOPBACK"] = "true"
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            resource["Properties"] = with_numbers(resource["Properties"], plain["Parameters"])
        if resource["Type"] == "AWS::IAM::Role":
            allow_batches(resource["Properties"].get("Policies", []))
    expand_api(plain["Resources"])
    return plain


def with_numbers(value: Any, parameters: dict[str, Any]) -> Any:
    """The value with the defaults of numeric parameters in place of references: to the emulator they are texts."""
    if isinstance(value, list):
        return [with_numbers(one, parameters) for one in value]
    if not isinstance(value, dict):
        return value
    parameter = parameters.get(value.get("Ref"), {}) if len(value) == 1 else {}
    if parameter.get("Type") == "Number":
        return parameter["Default"]
    return {name: with_numbers(one, parameters) for name, one in value.items()}


def allow_batches(policies: list[dict[str, Any]]) -> None:
    """Adds the emulator's action for batches of messages."""
    for policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            action = statement["Action"]
            actions = [action] if isinstance(action, str) else action
            if "sqs:SendMessage" in actions:
                statement["Action"] = [*actions, "sqs:SendMessageBatch"]


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
    """The Lambda authorizer of an OpenAPI security scheme."""
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
    """Adds the route and the integration of an operation."""
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
