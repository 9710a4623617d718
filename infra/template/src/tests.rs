//! Resolved templates: intrinsic functions, defaults, and errors with their place.

use serde_json::json;

use crate::*;

/// One of everything.
const TEMPLATE: &str = r#"
Parameters:
  Stage: { Type: String, Default: test }
  ProviderKey: { Type: String, NoEcho: true }
  Alarms: { Type: String, Default: "no" }
Conditions:
  WithAlarms: !Equals [!Ref Alarms, "yes"]
  Quiet: !Not [!Condition WithAlarms]
Globals:
  Function:
    Timeout: 20
    Environment:
      Variables:
        TABLE_NAME: !Ref Table
        STAGE: !Ref Stage
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Keys
        Authorizers:
          Keys:
            FunctionArn: !GetAtt AuthorizerFunction.Arn
            AuthorizerPayloadFormatVersion: "2.0"
            EnableSimpleResponses: true
  Sockets:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: live
      RouteSelectionExpression: $request.body.action
      Routes:
        $connect: { FunctionArn: !GetAtt RelayFunction.Arn }
        $default:
          FunctionArn: !GetAtt TtsCreateFunction.Arn
          RouteResponseSelectionExpression: $default
  AuthorizerFunction:
    Type: AWS::Serverless::Function
  TtsCreateFunction:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 5
      Environment:
        Variables:
          STAGE: !Sub "${Stage}-own"
          QUEUE_URL: !Ref WorkQueue
          BUCKET: !If [Quiet, !Ref Files, !Ref "AWS::NoValue"]
          GONE: !If [WithAlarms, x, !Ref "AWS::NoValue"]
          KEY: !Ref ProviderKey
          SECRET: !Sub "{{resolve:secretsmanager:${AWS::StackName}/a:SecretString:b}}"
          URL: !Sub "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/v1"
          SOCKETS: !Sub "${Sockets.ApiEndpoint}/live"
          SOCKETS_TOO: !Sub "wss://${Sockets}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"
          CONNECTIONS: !Sub "https://${Sockets}.execute-api.${AWS::Region}.amazonaws.com/live"
          JOINED: !Join ["-", [a, !Ref Stage, 3]]
          LITERAL: { "Fn::Sub": ["${!Kept} ${Given}", { Given: 1 }] }
      Events:
        Create: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: post, Path: /v1/tts/async } }
        Health:
          Type: HttpApi
          Properties: { ApiId: !Ref Api, Method: GET, Path: /v1/health, Auth: { Authorizer: NONE } }
  RelayFunction:
    Type: AWS::Serverless::Function
    Properties:
      RecursiveLoop: Allow
      Events:
        Stream:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 50
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: -1
            MaximumRecordAgeInSeconds: 86400
            DestinationConfig: { OnFailure: { Destination: !GetAtt DeadQueue.Arn } }
            FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] }
        Work:
          Type: SQS
          Properties:
            Queue: !GetAtt WorkQueue.Arn
            MaximumBatchingWindowInSeconds: 1
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: { MaximumConcurrency: 2 }
  WorkQueue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: work
      VisibilityTimeout: 60
      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadQueue.Arn, maxReceiveCount: 4 }
  DeadQueue:
    Type: AWS::SQS::Queue
  AlarmQueue:
    Type: AWS::SQS::Queue
    Condition: WithAlarms
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: jobs
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
      TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
  Files:
    Type: AWS::S3::Bucket
  Topic:
    Type: AWS::SNS::Topic
    Properties: { Name: !ImportValue nothing-that-runs-here }
"#;

fn resolve(text: &str) -> Result<Template, TemplateError> {
    let surroundings = Surroundings {
        api_url: "http://127.0.0.1:8787".to_owned(),
        aws_url: "http://127.0.0.1:8788".to_owned(),
        chosen: [("CHOSEN".to_owned(), "mine".to_owned())].into(),
    };
    Document::parse(text)?.resolve(&surroundings)
}

fn function(name: &str) -> Function {
    let functions = resolve(TEMPLATE).unwrap().functions;
    functions.into_iter().find(|function| function.name == name).unwrap()
}

#[test]
fn environment_variables_are_resolved() {
    let environment = function("tts-create").environment;
    let expected = [
        ("BUCKET", "hookreel-files"),
        ("CONNECTIONS", "http://127.0.0.1:8788/live"),
        ("JOINED", "a-test-3"),
        ("KEY", "{{resolve:parameter:ProviderKey}}"),
        ("LITERAL", "${Kept} 1"),
        ("QUEUE_URL", "http://127.0.0.1:8788/000000000000/work"),
        ("SECRET", "{{resolve:secretsmanager:hookreel/a:SecretString:b}}"),
        ("SOCKETS", "ws://127.0.0.1:8787/live"),
        ("SOCKETS_TOO", "ws://127.0.0.1:8787/live"),
        ("STAGE", "test-own"),
        ("TABLE_NAME", "jobs"),
        ("URL", "http://127.0.0.1:8787/v1"),
    ];
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(environment, expected);
}

#[test]
fn globals_complete_a_function() {
    assert_eq!(function("tts-create").timeout.as_secs(), 5);
    assert_eq!(function("relay").timeout.as_secs(), 20);
    assert!(
        function("relay").allows_recursive_loop && !function("tts-create").allows_recursive_loop
    );
    assert_eq!(function("relay").environment["STAGE"], "test");
}

#[test]
fn routes_have_the_default_authorizer_unless_they_opt_out() {
    let routes = function("tts-create").routes;
    assert_eq!((routes[0].method.as_str(), routes[0].path.as_str()), ("POST", "/v1/tts/async"));
    assert_eq!(routes[0].authorizer.as_ref().unwrap().function, "authorizer");
    assert_eq!(routes[1].authorizer, None);
}

#[test]
fn the_web_socket_api_is_read() {
    let api = resolve(TEMPLATE).unwrap().web_socket.unwrap();
    assert_eq!((api.stage.as_str(), api.selector.as_str()), ("live", "action"));
    let routes: Vec<_> = api
        .routes
        .iter()
        .map(|(key, route)| (key.as_str(), route.function.as_str(), route.responds))
        .collect();
    assert_eq!(routes, [("$connect", "relay", false), ("$default", "tts-create", true)]);
    let alone = TEMPLATE.replace("StageName: live", "Auth: { AuthType: CUSTOM }");
    let error = resolve(&alone).unwrap_err().to_string();
    assert!(error.contains("Sockets.Properties.Auth.AuthType: must be NONE"), "{error}");
}

#[test]
fn triggers_are_read() {
    let relay = function("relay");
    let stream = &relay.streams[0];
    assert_eq!((stream.table.as_str(), stream.batch_size), ("jobs", 50));
    assert_eq!(stream.filters, [json!({ "eventName": ["INSERT"] })]);
    assert!(stream.bisects && stream.maximum_retries.is_none() && !stream.reports_failures);
    assert_eq!(stream.maximum_age.unwrap().as_secs(), 86_400);
    assert_eq!(stream.failure_queue.as_deref(), Some("hookreel-DeadQueue"));
    let queue = &relay.queues[0];
    assert_eq!((queue.queue.as_str(), queue.batch_size), ("work", 10));
    assert_eq!((queue.window.as_secs(), queue.maximum_concurrency), (1, Some(2)));
    assert!(queue.reports_failures);
}

#[test]
fn queues_tables_and_buckets_are_read() {
    let template = resolve(TEMPLATE).unwrap();
    let names: Vec<_> = template.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["work", "hookreel-DeadQueue"]);
    let redrive = template.queues[0].redrive.as_ref().unwrap();
    assert_eq!((redrive.dead_letter_queue.as_str(), redrive.max_receive_count), (names[1], 4));
    assert_eq!(template.queues[1].visibility_timeout.as_secs(), 30);
    assert_eq!(template.buckets, ["hookreel-files"]);
    let table = &template.tables[0];
    assert_eq!(table.expiry_attribute.as_deref(), Some("expires_at"));
    assert_eq!(
        table.create,
        json!({
            "TableName": "jobs",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "StreamSpecification":
                { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
        })
    );
}

#[test]
fn a_chosen_value_overrides_the_template() {
    let text = TEMPLATE.replace("TABLE_NAME: !Ref Table", "CHOSEN: !Ref Nothing");
    let template = resolve(&text).unwrap();
    assert!(template.functions.iter().all(|function| function.environment["CHOSEN"] == "mine"));
}

#[test]
fn errors_name_their_place() {
    let cases = [
        ("!Ref Files", "!Ref Nowhere", "BUCKET.!If.!Ref: refers to Nowhere, which is missing"),
        ("!Ref WorkQueue", "!GetAtt WorkQueue.Colour", "has no attribute Colour here"),
        ("!Join [", "!Cidr [", "!Cidr: this intrinsic function is not known here"),
        ("Method: post", "Verb: post", "Events.Create.Properties: unknown field `Verb`"),
        ("Type: DynamoDB", "Type: Kinesis", "cannot run an event of type \"Kinesis\""),
        ("Authorizer: NONE", "Authorizer: Nobody", "there is no authorizer Nobody"),
        ("$request.body.action", "$request.header.action", "must be $request.body."),
        ("Loop: Allow", "Loop: Maybe", "RecursiveLoop: must be Allow or Terminate"),
        ("Default: test", "Label: test", "the parameter Stage has no value"),
    ];
    for (text, wrong, problem) in cases {
        let error = resolve(&TEMPLATE.replacen(text, wrong, 1)).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}
