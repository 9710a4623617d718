//! Call counting and fault injection.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::World;
use crate::aws::{Answer, Fault, Service};

async fn create(world: &World, pk: &str) -> Result<(), String> {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = world.dynamodb().put_item().table_name("table").item("pk", text(pk));
    let put = put.item("sk", text("s")).item("owner", text("o")).item("id", text(pk));
    let put = put.condition_expression("attribute_not_exists(pk)");
    let error = put.send().await.err().map(aws_sdk_dynamodb::error::SdkError::into_service_error);
    error.map_or(Ok(()), |error| Err(error.meta().code().unwrap_or_default().to_owned()))
}

/// Injects `fault` into the first try of every call.
fn fail_first(world: &World, fault: Fault) {
    world.aws.calls().inject(Arc::new(move |call| (call.attempt == 1).then_some(fault)));
}

#[tokio::test]
async fn no_call_is_recorded_by_default() {
    let world = World::new().await;
    world.table();
    create(&world, "a").await.unwrap();
    assert!(world.aws.calls().snapshot().is_empty());
}

#[tokio::test]
async fn a_write_is_counted_with_its_index() {
    let world = World::new().await;
    world.table();
    world.aws.calls().record(true);
    create(&world, "a").await.unwrap();
    create(&world, "a").await.unwrap_err();
    let url = world.work_queue();
    world.sqs().send_message().queue_url(url).message_body("m").send().await.unwrap();

    let calls = world.aws.calls().snapshot();
    let [first, second, send] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(&*first.call.caller, "test");
    assert_eq!(first.call.service, Service::DynamoDb);
    assert_eq!(first.call.operation, "PutItem");
    assert_eq!((first.write_units, first.read_units), (2.0, 0.0), "table and index");
    assert_eq!(second.answer, Answer::Status(400));
    assert!((second.write_units - 1.0).abs() < f64::EPSILON, "a failed condition consumes a unit");
    assert_eq!((second.call.invocation, send.call.invocation), (1, 2));
    assert_eq!(send.call.operation, "SendMessage");
    world.aws.calls().reset();
    assert!(world.aws.calls().snapshot().is_empty());
}

#[tokio::test]
async fn a_change_outside_the_index_costs_one_unit_and_a_transaction_two() {
    let world = World::new().await;
    world.table();
    create(&world, "a").await.unwrap();
    world.aws.calls().record(true);
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let update = Update::builder().table_name("table").key("pk", text("a")).key("sk", text("s"));
    let update = update.update_expression("SET step = :step");
    let update = update.expression_attribute_values(":step", text("done")).build().unwrap();
    let client = world.dynamodb();
    let alone = client.update_item().table_name("table").set_key(Some(update.key.clone()));
    let alone = alone.update_expression("SET step = :step");
    alone.expression_attribute_values(":step", text("begun")).send().await.unwrap();
    let item = TransactWriteItem::builder().update(update).build();
    client.transact_write_items().transact_items(item).send().await.unwrap();
    let get = client.get_item().table_name("table").key("pk", text("a")).key("sk", text("s"));
    get.consistent_read(true).send().await.unwrap();

    let calls = world.aws.calls().snapshot();
    let costs: Vec<_> = calls.iter().map(|call| (call.write_units, call.read_units)).collect();
    assert_eq!(costs, [(1.0, 0.0), (2.0, 0.0), (0.0, 1.0)]);
}

#[tokio::test]
async fn a_retry_succeeds_after_a_fault_before_the_effect() {
    let world = World::new().await;
    world.table();
    world.aws.calls().record(true);
    fail_first(&world, Fault::BeforeEffect);
    create(&world, "a").await.unwrap();
    let calls = world.aws.calls().snapshot();
    let seen: Vec<_> =
        calls.iter().map(|record| (record.call.invocation, record.call.attempt)).collect();
    assert_eq!(seen, [(0, 1), (0, 2)], "one call, tried twice");
    assert_eq!(calls[0].answer, Answer::Fault(Fault::BeforeEffect));
}

#[tokio::test]
async fn a_retry_after_a_fault_after_the_effect_meets_its_own_write() {
    let world = World::new().await;
    world.table();
    fail_first(&world, Fault::AfterEffect);
    let error = create(&world, "a").await.unwrap_err();
    assert_eq!(error, "ConditionalCheckFailedException");
    world.aws.calls().clear_faults();
    assert_eq!(world.aws.stream_records("table", None, 10).unwrap().len(), 1);
}

#[tokio::test]
async fn a_rule_sees_every_call_of_every_service() {
    let world = World::new().await;
    world.aws.ensure_bucket("bucket").await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    world.aws.calls().inject(Arc::new(move |call| {
        note.lock().unwrap().push(format!("{} {}", call.service, call.operation));
        None
    }));
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"x");
    world.s3().put_object().bucket("bucket").key("a/b").body(body).send().await.unwrap();
    world.sqs().list_queues().send().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["s3 PutObject", "sqs ListQueues"]);
}
