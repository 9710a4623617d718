//! Messages in flight and stored items keep their names: what an earlier version wrote is read,
//! and what this one writes an earlier version reads.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::webhook::Receiver;
use domain::{OwnerId, Timestamp};
use queues::message::Deliver;
use serde_json::{Value, json};
use store::{Recorded, Seen};
use tests::{World, templates};

/// Messages as version 0.1.0 sent them.
const MESSAGES: [&str; 3] = [
    r#"{"id":"msg_0b4a","owner":"acme","event":"job.completed","occurred_at":1767225600123,"job_id":"job_1","project_id":"proj_x","receiver":{"url":"https://a.example/hook?x=1"},"body":"{\"type\":\"job.completed\"}","attempts_made":3,"not_before":1767225700000,"turn_at":1767225800000}"#,
    r#"{"id":"msg_0b4a","owner":"acme","event":"endpoint.disabled","occurred_at":1767225600123,"receiver":{"endpoint":"ep_7"},"body":"{\"type\":\"endpoint.disabled\"}","attempts_made":0}"#,
    r#"{"id":"msg_0b4a","owner":"acme","event":"project.failed","occurred_at":1767225600123,"receiver":"notification_service","body":"{}","attempts_made":0}"#,
];

#[test]
fn a_message_keeps_its_names() {
    for text in MESSAGES {
        let message: Deliver = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
    }
    let message: Deliver = serde_json::from_str(MESSAGES[0]).unwrap();
    assert_eq!(message.webhook.receiver, Receiver::Url("https://a.example/hook?x=1".to_owned()));
    assert_eq!(message.webhook.body, r#"{"type":"job.completed"}"#);
    assert_eq!(message.permit_at.map(Timestamp::as_millis), Some(1_767_225_800_000));
}

#[test]
fn a_message_without_a_body_is_no_message() {
    let mut message: Value = serde_json::from_str(MESSAGES[1]).unwrap();
    message.as_object_mut().unwrap().remove("body");
    assert!(serde_json::from_value::<Deliver>(message).is_err());
}

/// An item as version 0.1.0 wrote it, with its keys.
fn item() -> Value {
    json!({
        "PK": { "S": "DELIVERY#msg_0b4a" }, "SK": { "S": "DELIVERY" },
        "entity": { "S": "delivery" }, "expires_at": { "N": "1769817600" },
        "GSI1PK": { "S": "DELIVERIES#acme" }, "GSI1SK": { "S": "1767225600123#msg_0b4a" },
        "id": { "S": "msg_0b4a" }, "owner": { "S": "acme" }, "event": { "S": "job.started" },
        "job_id": { "S": "job_1" }, "project_id": { "S": "proj_x" },
        "receiver": { "M": { "endpoint": { "S": "ep_7" } } },
        "created_at": { "N": "1767225600123" }, "body": { "S": "{\"type\":\"job.started\"}" },
        "status": { "S": "planned" }, "reason": { "S": "endpoint_disabled" },
        "next_attempt_at": { "N": "1767225700000" }, "attempts_made": { "N": "1" },
        "replays": { "N": "2" }, "attempts_before_replay": { "N": "1" },
        "replayed_at": { "N": "1767225650000" }, "replay_mark": { "S": "5f2c" },
        "attempts": { "L": [{ "M": {
            "at": { "N": "1767225601000" }, "status_code": { "N": "500" },
            "latency_ms": { "N": "12" }, "error": { "S": "no" },
            "answer": { "M": { "text": { "S": "out of order" }, "truncated": { "BOOL": true } } },
            "remote_address": { "S": "203.0.113.9:443" },
        } }] },
    })
}

fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" => AttributeValue::S(value.as_str().unwrap().to_owned()),
        "N" => AttributeValue::N(value.as_str().unwrap().to_owned()),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        "L" => AttributeValue::L(value.as_array().unwrap().iter().map(attribute).collect()),
        _ => AttributeValue::M(attributes(value)),
    }
}

fn attributes(item: &Value) -> HashMap<String, AttributeValue> {
    let members = item.as_object().unwrap().iter();
    members.map(|(name, value)| (name.clone(), attribute(value))).collect()
}

#[tokio::test]
async fn an_item_is_read_and_written_under_its_names() {
    let world = World::frozen().await;
    let table = templates::resolved().tables[0].name.clone();
    let dynamodb = Client::new(&world.cloud.aws().sdk_config("tests"));
    let put = dynamodb.put_item().table_name(&table).set_item(Some(attributes(&item())));
    put.send().await.unwrap();

    let (store, owner) = (world.store(), OwnerId::new("acme"));
    let id = "msg_0b4a".parse().unwrap();
    let delivery = store.find_delivery(&owner, &id).await.unwrap().expect("it is read");
    assert_eq!(delivery.webhook.occurred_at.as_millis(), 1_767_225_600_123);
    let recorded = store.record_delivery(&delivery, Seen::from(&delivery)).await.unwrap();
    assert!(matches!(recorded, Recorded::Done), "{recorded:?}");

    let get = dynamodb.get_item().table_name(&table).consistent_read(true);
    let get = get.key("PK", AttributeValue::S("DELIVERY#msg_0b4a".to_owned()));
    let found = get.key("SK", AttributeValue::S("DELIVERY".to_owned())).send().await.unwrap();
    let mut written = attributes(&item());
    // Version 0.1.0 had one key for each list.
    written.insert("GSI1PK".to_owned(), AttributeValue::S("DELIVERIES#acme#2".to_owned()));
    assert_eq!(found.item.unwrap(), written);
}
