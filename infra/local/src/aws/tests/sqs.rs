//! The life cycle of a message: delay, visibility, redrive, and a crash.

use std::time::Duration;

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName};

use super::{START, World};
use crate::aws::Depth;

async fn send(world: &World, url: &str, body: &str) -> String {
    let sent = world.sqs().send_message().queue_url(url).message_body(body).send().await.unwrap();
    sent.message_id.unwrap()
}

async fn receive(world: &World, url: &str) -> Vec<Message> {
    let request = world.sqs().receive_message().queue_url(url).max_number_of_messages(10);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    request.message_attribute_names("All").send().await.unwrap().messages.unwrap_or_default()
}

fn count(message: &Message) -> &str {
    let attributes = message.attributes.as_ref().unwrap();
    &attributes[&MessageSystemAttributeName::ApproximateReceiveCount]
}

#[tokio::test]
async fn a_message_is_received_again_until_it_is_deleted() {
    let world = World::new().await;
    let url = world.work_queue();
    let id = send(&world, &url, "hello").await;

    let first = receive(&world, &url).await.remove(0);
    assert_eq!(first.message_id(), Some(id.as_str()));
    assert_eq!(first.body(), Some("hello"));
    assert_eq!(first.md5_of_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(count(&first), "1");
    let sent_at = &first.attributes.as_ref().unwrap()[&MessageSystemAttributeName::SentTimestamp];
    assert_eq!(*sent_at, START.as_millis().to_string());

    assert!(receive(&world, &url).await.is_empty(), "hidden while in flight");
    world.pass(Duration::from_secs(30));
    let again = receive(&world, &url).await.remove(0);
    assert_eq!(count(&again), "2");

    // The handle of a receive that timed out deletes nothing.
    let delete = world.sqs().delete_message().queue_url(&url);
    delete.receipt_handle(first.receipt_handle.unwrap()).send().await.unwrap();
    assert_eq!(world.aws.queue_depth("work").unwrap().in_flight, 1);
    let delete = world.sqs().delete_message().queue_url(&url);
    delete.receipt_handle(again.receipt_handle.unwrap()).send().await.unwrap();
    assert_eq!(world.aws.queue_depth("work").unwrap(), Depth::default());
}

#[tokio::test]
async fn a_delayed_message_becomes_visible_after_its_delay() {
    let world = World::new().await;
    let url = world.work_queue();
    let send = world.sqs().send_message().queue_url(&url).message_body("later");
    send.delay_seconds(900).send().await.unwrap();

    assert!(receive(&world, &url).await.is_empty());
    assert_eq!(world.aws.queue_depth("work").unwrap().delayed, 1);
    let due = world.aws.next_due().unwrap().unwrap();
    assert_eq!(due, START + Duration::from_mins(15));
    world.manual_clock.advance_to(due);
    assert_eq!(receive(&world, &url).await.len(), 1);
}

#[tokio::test]
async fn a_waiting_receiver_is_woken_by_a_message_and_by_the_clock() {
    let world = World::new().await;
    let url = world.work_queue();
    let (received, ()) = tokio::join!(world.aws.receive("work", 1, None), async {
        tokio::task::yield_now().await;
        send(&world, &url, "now").await;
    });
    assert_eq!(received.unwrap()[0].body, "now");

    let (again, ()) = tokio::join!(world.aws.receive("work", 1, None), async {
        tokio::task::yield_now().await;
        world.pass(Duration::from_secs(30));
    });
    assert_eq!(again.unwrap()[0].receive_count, 2);
}

#[tokio::test]
async fn a_message_received_too_often_moves_to_the_dead_letter_queue_and_back() {
    let world = World::new().await;
    let url = world.work_queue();
    let id = send(&world, &url, "poison").await;
    for _ in 0..2 {
        assert_eq!(receive(&world, &url).await.len(), 1);
        world.pass(Duration::from_secs(30));
    }
    assert!(receive(&world, &url).await.is_empty());
    let dead_url = world.aws.queue_url("dead");
    let dead = receive(&world, &dead_url).await.remove(0);
    assert_eq!(dead.message_id(), Some(id.as_str()));
    let source = &dead.attributes.unwrap()[&MessageSystemAttributeName::DeadLetterQueueSourceArn];
    assert_eq!(source, "arn:aws:sqs:us-east-1:000000000000:work");

    world.pass(Duration::from_secs(30));
    let arn = "arn:aws:sqs:us-east-1:000000000000:dead";
    world.sqs().start_message_move_task().source_arn(arn).send().await.unwrap();
    assert_eq!(count(&receive(&world, &url).await.remove(0)), "1");
}

#[tokio::test]
async fn a_crash_makes_messages_in_flight_visible_without_counting_the_receive() {
    let world = World::new().await;
    let url = world.work_queue();
    send(&world, &url, "a").await;
    let delayed = world.sqs().send_message().queue_url(&url).message_body("b");
    delayed.delay_seconds(60).send().await.unwrap();
    assert_eq!(receive(&world, &url).await.len(), 1);

    let world = world.reopen().await;
    let depth = world.aws.queue_depth("work").unwrap();
    assert_eq!(depth, Depth { visible: 1, in_flight: 0, delayed: 1 });
    assert_eq!(count(&receive(&world, &url).await.remove(0)), "1");
}

#[tokio::test]
async fn visibility_can_be_changed_only_in_flight() {
    let world = World::new().await;
    let url = world.work_queue();
    send(&world, &url, "a").await;
    let handle = receive(&world, &url).await.remove(0).receipt_handle.unwrap();
    let change = |seconds| {
        let request = world.sqs().change_message_visibility().queue_url(&url);
        request.receipt_handle(&handle).visibility_timeout(seconds).send()
    };
    change(100).await.unwrap();
    world.pass(Duration::from_secs(99));
    assert!(receive(&world, &url).await.is_empty());
    change(0).await.unwrap();
    let error = change(10).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
    assert_eq!(receive(&world, &url).await.len(), 1);
}

#[tokio::test]
async fn message_attributes_are_received_with_their_sum() {
    let world = World::new().await;
    let url = world.work_queue();
    let text = MessageAttributeValue::builder().data_type("String").string_value("value").build();
    let message = world.sqs().send_message().queue_url(&url).message_body("a");
    let sent = message.message_attributes("name", text.unwrap()).send().await.unwrap();
    let received = receive(&world, &url).await.remove(0);
    assert_eq!(received.md5_of_message_attributes, sent.md5_of_message_attributes);
    assert!(received.md5_of_message_attributes.is_some());
    assert_eq!(received.message_attributes.unwrap()["name"].string_value(), Some("value"));
}

#[tokio::test]
async fn a_message_past_its_retention_is_removed() {
    let world = World::new().await;
    let url = world.work_queue();
    send(&world, &url, "old").await;
    world.pass(Duration::from_hours(24));
    assert!(receive(&world, &url).await.is_empty());
    assert_eq!(world.aws.sweep().unwrap().messages, 1);
    assert_eq!(world.aws.queue_depth("work").unwrap(), Depth::default());
}

#[tokio::test]
async fn a_busy_group_does_not_delay_other_groups() {
    let world = World::new().await;
    let url = world.work_queue();
    let send = async |group: &str, body: &str| {
        let message = world.sqs().send_message().queue_url(&url).message_body(body);
        message.message_group_id(group).send().await.unwrap();
    };
    for _ in 0..40 {
        send("busy", "one of many").await;
    }
    send("after", "one of few").await;
    send("before", "one of few").await;
    let bodies = async || {
        let received = receive(&world, &url).await;
        received.into_iter().map(|message| message.body.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bodies().await, ["one of many"; 10]);
    assert_eq!(bodies().await, ["one of many"; 10]);
    let third = bodies().await;
    assert_eq!(third[..2], ["one of few"; 2]);
    assert_eq!(third[2..], ["one of many"; 8]);

    let group = world.sqs().send_message().queue_url(&url).message_body("a");
    let error = group.message_group_id("no spaces").send().await.unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("InvalidParameterValue"));
}
