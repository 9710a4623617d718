//! Batches and limits.

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, QueueAttributeName, SendMessageBatchRequestEntry,
};

use super::World;

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test]
async fn each_entry_of_a_batch_has_its_own_result() {
    let world = World::new().await;
    let url = world.work_queue();
    let batch = world.sqs().send_message_batch().queue_url(&url);
    let sent = batch.entries(entry("good", "a")).entries(entry("bad", "\u{1}"));
    let sent = sent.send().await.unwrap();
    assert_eq!(sent.successful[0].id, "good");
    assert_eq!(sent.failed[0].id, "bad");
    assert_eq!(sent.failed[0].code, "InvalidMessageContents");

    let received = world.aws.receive("work", 10, None).await.unwrap();
    let delete = |id: &str, handle: &str| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(id);
        entry.receipt_handle(handle).build().unwrap()
    };
    let batch = world.sqs().delete_message_batch().queue_url(&url);
    let batch = batch.entries(delete("a", &received[0].receipt_handle));
    let deleted = batch.entries(delete("b", "no handle")).send().await.unwrap();
    assert_eq!(deleted.successful[0].id, "a");
    assert_eq!(deleted.failed[0].code, "ReceiptHandleIsInvalid");
    assert_eq!(world.aws.queue_depth("work").unwrap().in_flight, 0);
}

#[tokio::test]
async fn a_batch_beyond_a_limit_is_refused() {
    let world = World::new().await;
    let url = world.work_queue();
    let send = |entries: Vec<SendMessageBatchRequestEntry>| {
        let batch = world.sqs().send_message_batch().queue_url(&url);
        let batch = batch.set_entries(Some(entries));
        async move { batch.send().await.unwrap_err().into_service_error() }
    };
    let eleven = (0..11).map(|n| entry(&n.to_string(), "a")).collect();
    assert!(send(eleven).await.is_too_many_entries_in_batch_request());
    assert!(send(vec![]).await.is_empty_batch_request());
    assert!(send(vec![entry("a", "a"), entry("a", "b")]).await.is_batch_entry_ids_not_distinct());
    let large = "x".repeat(600_000);
    let both = vec![entry("a", &large), entry("b", &large)];
    assert!(send(both).await.is_batch_request_too_long());
    assert_eq!(world.aws.queue_depth("work").unwrap().visible, 0, "no entry was sent");
}

#[tokio::test]
async fn a_message_of_1_mib_passes_and_one_byte_more_does_not() {
    let world = World::new().await;
    let url = world.work_queue();
    let send = |size: usize| {
        world.sqs().send_message().queue_url(&url).message_body("x".repeat(size)).send()
    };
    send(1_048_576).await.unwrap();
    let error = send(1_048_577).await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("InvalidParameterValue"));
    let late = world.sqs().send_message().queue_url(&url).message_body("a").delay_seconds(901);
    let error = late.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn an_unknown_queue_or_handle_gets_the_error_of_sqs() {
    let world = World::new().await;
    let url = world.work_queue();
    let unknown = world.aws.queue_url("unknown");
    let error = world.sqs().receive_message().queue_url(unknown).send().await.unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
    let delete = world.sqs().delete_message().queue_url(&url).receipt_handle("x");
    let error = delete.send().await.unwrap_err();
    assert!(error.into_service_error().is_receipt_handle_is_invalid());
}

#[tokio::test]
async fn queues_can_be_created_listed_changed_and_deleted() {
    let world = World::new().await;
    let url = world.work_queue();
    let client = world.sqs();
    let listed = client.list_queues().queue_name_prefix("w").send().await.unwrap();
    assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
    let sources = client.list_dead_letter_source_queues().queue_url(world.aws.queue_url("dead"));
    assert_eq!(sources.send().await.unwrap().queue_urls(), std::slice::from_ref(&url));

    let timeout = QueueAttributeName::VisibilityTimeout;
    let set = client.set_queue_attributes().queue_url(&url).attributes(timeout.clone(), "77");
    set.send().await.unwrap();
    let world = world.reopen().await;
    let client = world.sqs();
    let get = client.get_queue_attributes().queue_url(&url).attribute_names(timeout.clone());
    let attributes = get.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes[&timeout], "77");

    let made = client.create_queue().queue_name("new").send().await.unwrap();
    assert_eq!(made.queue_url(), Some(world.aws.queue_url("new").as_str()));
    client.delete_queue().queue_url(&url).send().await.unwrap();
    let error = client.get_queue_url().queue_name("work").send().await.unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
}
