//! Conditions, transactions, indexes, streams and expiry.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::{START, World};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn item(pk: &str, value: &str) -> HashMap<String, AttributeValue> {
    [("pk", pk), ("sk", "item"), ("owner", "o"), ("id", pk), ("value", value)]
        .map(|(name, value)| (name.to_owned(), text(value)))
        .into()
}

async fn put(world: &World, pk: &str, value: &str) {
    let put = world.dynamodb().put_item().table_name("table");
    put.set_item(Some(item(pk, value))).send().await.unwrap();
}

#[tokio::test]
async fn a_failed_condition_returns_the_present_item() {
    let world = World::new().await;
    world.table();
    put(&world, "a", "old").await;
    let put = world.dynamodb().put_item().table_name("table").set_item(Some(item("a", "new")));
    let put = put.condition_expression("attribute_not_exists(pk)");
    let put =
        put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let error = put.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
        failed,
    ) = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(failed.item.unwrap()["value"], text("old"));
}

#[tokio::test]
async fn a_cancelled_transaction_returns_its_reasons_and_writes_nothing() {
    let world = World::new().await;
    world.table();
    put(&world, "a", "old").await;
    let write = |pk: &str| {
        let put = Put::builder().table_name("table").set_item(Some(item(pk, "new")));
        let put = put
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let client = world.dynamodb();
    let transaction = client.transact_write_items();
    let transaction = transaction.transact_items(write("b")).transact_items(write("a"));
    let error = transaction.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}")
    };
    let reasons = cancelled.cancellation_reasons.unwrap();
    assert_eq!(reasons[0].code(), Some("None"));
    assert_eq!(reasons[1].code(), Some("ConditionalCheckFailed"));
    assert_eq!(reasons[1].item.as_ref().unwrap()["value"], text("old"));
    let get = client.get_item().table_name("table").key("pk", text("b"));
    assert!(get.key("sk", text("item")).send().await.unwrap().item.is_none());
}

#[tokio::test]
async fn an_index_query_is_sorted_and_paged() {
    let world = World::new().await;
    world.table();
    for pk in ["a", "b", "c"] {
        put(&world, pk, "v").await;
    }
    let query = world.dynamodb().query().table_name("table").index_name("by_owner");
    let query = query
        .key_condition_expression("#owner = :owner")
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_values(":owner", text("o"))
        .scan_index_forward(false)
        .limit(2);
    let first = query.clone().send().await.unwrap();
    let ids = |items: &[HashMap<String, AttributeValue>]| {
        items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(first.items()), ["c", "b"]);
    let second = query.set_exclusive_start_key(first.last_evaluated_key).send().await.unwrap();
    assert_eq!(ids(second.items()), ["a"]);
}

#[tokio::test]
async fn an_item_and_its_stream_record_survive_a_crash() {
    let world = World::new().await;
    world.table();
    put(&world, "a", "kept").await;
    let world = world.reopen().await;
    let get = world.dynamodb().get_item().table_name("table").key("pk", text("a"));
    let found = get.key("sk", text("item")).send().await.unwrap().item.unwrap();
    assert_eq!(found["value"], text("kept"));
    assert_eq!(world.aws.stream_records("table", None, 10).unwrap().len(), 1);
}

#[tokio::test]
async fn a_stream_holds_each_change_in_order_in_the_form_of_lambda_events() {
    let world = World::new().await;
    world.table();
    let mut changes = world.aws.stream_changes();
    changes.mark_unchanged();
    put(&world, "a", "one").await;
    assert!(changes.has_changed().unwrap());
    put(&world, "a", "two").await;

    let records = world.aws.stream_records("table", None, 10).unwrap();
    assert_eq!(records[0]["eventName"], "INSERT");
    assert_eq!(records[1]["eventName"], "MODIFY");
    assert_eq!(records[1]["dynamodb"]["OldImage"]["value"]["S"], "one");
    assert_eq!(records[1]["dynamodb"]["NewImage"]["value"]["S"], "two");
    assert_eq!(records[1]["dynamodb"]["Keys"]["pk"]["S"], "a");
    assert_eq!(records[1]["dynamodb"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert!(records[1]["dynamodb"]["ApproximateCreationDateTime"].is_i64());
    assert_eq!(records[1]["eventSource"], "aws:dynamodb");
    let arn = records[1]["eventSourceARN"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:dynamodb:us-east-1:000000000000:table/table/stream/"));

    let first = records[0]["dynamodb"]["SequenceNumber"].as_str().unwrap();
    let rest = world.aws.stream_records("table", Some(first), 10).unwrap();
    assert_eq!(rest, records[1..]);
}

#[tokio::test]
async fn consumed_stream_records_are_removed_and_the_checkpoint_is_kept() {
    let world = World::new().await;
    world.table();
    for value in ["one", "two", "three"] {
        put(&world, "a", value).await;
    }
    let records = world.aws.stream_records("table", None, 10).unwrap();
    let second = records[1]["dynamodb"]["SequenceNumber"].as_str().unwrap();
    world.aws.save_checkpoint("table", "relay", second).unwrap();
    assert_eq!(world.aws.sweep().unwrap().stream_records, 1);

    let world = world.reopen().await;
    let checkpoint = world.aws.load_checkpoint("table", "relay").unwrap();
    assert_eq!(checkpoint.as_deref(), Some(second));
    let rest = world.aws.stream_records("table", Some(second), 10).unwrap();
    assert_eq!(rest, records[2..]);
    put(&world, "a", "four").await;
    assert_eq!(world.aws.stream_records("table", Some(second), 10).unwrap().len(), 2);
}

#[tokio::test]
async fn an_expired_item_is_removed_with_a_stream_record() {
    let world = World::new().await;
    world.table();
    for (pk, seconds) in [("soon", 10), ("later", 1000)] {
        let mut item = item(pk, "v");
        let expiry = (START + Duration::from_secs(seconds)).as_seconds().to_string();
        item.insert("expires_at".to_owned(), AttributeValue::N(expiry));
        let put = world.dynamodb().put_item().table_name("table").set_item(Some(item));
        put.send().await.unwrap();
    }
    put(&world, "never", "v").await;
    assert_eq!(world.aws.sweep().unwrap().items, 0);
    world.pass(Duration::from_secs(11));
    assert_eq!(world.aws.sweep().unwrap().items, 1);
    let scan = world.dynamodb().scan().table_name("table").send().await.unwrap();
    assert_eq!(scan.count, 2);
    let records = world.aws.stream_records("table", None, 10).unwrap();
    assert_eq!(records[3]["eventName"], "REMOVE");
    assert_eq!(records[3]["dynamodb"]["Keys"]["pk"]["S"], "soon");
}
