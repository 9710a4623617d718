//! A small template, described.

use serde_json::{Value, json};
use template::Document;

use crate::describe;

const TEMPLATE: &str = r#"
Parameters:
  Stage: { Type: String, Default: test }
  Topic: { Type: String }
Globals:
  Function:
    MemorySize: 256
    Architectures: [arm64]
    LoggingConfig: { LogGroup: !Ref Logs }
    Environment: { Variables: { STAGE: !Ref Stage, NOT_SET: !Ref "AWS::NoValue" } }
Resources:
  Table: { Type: AWS::DynamoDB::Table }
  Logs: { Type: AWS::Logs::LogGroup, Properties: { RetentionInDays: 30 } }
  WorkQueue:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: 4 }
  DeadLetters: { Type: AWS::SQS::Queue }
  RelayFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: relay.zip
      MemorySize: 512
      Environment: { Variables: { LITERAL: 1, TABLE_NAME: !Ref Table, URL: !Sub "https://${Stage}" } }
      Policies:
        - Version: "2012-10-17"
          Statement:
            - { Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt WorkQueue.Arn }
            - Effect: Allow
              Action: [dynamodb:GetItem, dynamodb:Query]
              Resource: [!GetAtt Table.Arn, !Sub "${Table.Arn}/index/GSI1"]
      Events:
        Work: { Type: SQS, Properties: { Queue: !GetAtt WorkQueue.Arn } }
  RelayErrors:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: Errors
      Dimensions: [{ Name: FunctionName, Value: !Ref RelayFunction }]
      AlarmActions: [!Ref Topic]
"#;

fn description() -> Value {
    serde_json::to_value(describe(&Document::parse(TEMPLATE).unwrap()).unwrap()).unwrap()
}

#[test]
fn functions_are_completed_from_globals() {
    let function = &description()["functions"][0];
    let parts = ["name", "logical_id", "code", "memory", "architecture", "log_group"];
    let parts = parts.map(|part| function[part].clone());
    let expected = json!(["relay", "RelayFunction", "relay.zip", 512, "arm64", "hookreel-Logs"]);
    assert_eq!(json!(parts), expected);
    assert_eq!(function["queues"][0]["queue"], "hookreel-WorkQueue");
}

#[test]
fn deferred_variables_are_those_that_only_a_deployment_knows() {
    assert_eq!(description()["functions"][0]["deferred"], json!(["NOT_SET", "TABLE_NAME", "URL"]));
}

#[test]
fn statements_name_actions_and_arns() {
    let table = "arn:aws:dynamodb:us-east-1:000000000000:table/hookreel-Table";
    let expected = json!([
        {
            "actions": ["sqs:SendMessage"],
            "resources": ["arn:aws:sqs:us-east-1:000000000000:hookreel-WorkQueue"],
            "condition": null,
        },
        {
            "actions": ["dynamodb:GetItem", "dynamodb:Query"],
            "resources": [table, format!("{table}/index/GSI1")],
            "condition": null,
        },
    ]);
    assert_eq!(description()["functions"][0]["statements"], expected);
}

#[test]
fn a_policy_that_is_not_understood_is_an_error() {
    for (text, wrong) in [("Effect: Allow", "Effect: Deny"), ("Version:", "PolicyName:")] {
        let document = Document::parse(&TEMPLATE.replacen(text, wrong, 1)).unwrap();
        let error = describe(&document).unwrap_err().to_string();
        assert!(error.contains("Resources.RelayFunction.Properties.Policies"), "{error}");
    }
}

#[test]
fn queues_alarms_log_groups_and_parameters_are_described() {
    let description = description();
    let queue = &description["queues"][0];
    assert_eq!(queue["logical_id"], "WorkQueue");
    assert_eq!(queue["redrive"]["dead_letter_queue"], "hookreel-DeadLetters");
    assert_eq!(description["alarms"], json!([{ "metric": "Errors", "watches": ["relay"] }]));
    let groups = json!([{ "name": "hookreel-Logs", "retention_days": 30 }]);
    assert_eq!(description["log_groups"], groups);
    assert_eq!(description["parameters"], json!({ "Stage": "test", "Topic": null }));
}

#[test]
fn the_document_has_intrinsic_functions_in_their_long_form() {
    let resources = &description()["document"]["Resources"];
    let function = &resources["RelayFunction"]["Properties"];
    assert_eq!(function["Environment"]["Variables"]["TABLE_NAME"], json!({ "Ref": "Table" }));
    assert_eq!(
        function["Policies"][0]["Statement"][1]["Resource"],
        json!([{ "Fn::GetAtt": ["Table", "Arn"] }, { "Fn::Sub": "${Table.Arn}/index/GSI1" }])
    );
}
