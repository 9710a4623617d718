//! Mappings on real queues and streams, with functions that fail on purpose.

use std::sync::Mutex;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;
use runtime::Invocable;
use runtime::clock::ManualClock;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::aws::{QueueDefinition, Redrive};
use crate::template::{QueueMapping, StreamMapping};

/// The names in each invocation, in order.
type Seen = Arc<Mutex<Vec<Vec<String>>>>;

struct World {
    context: MappingContext,
    manual_clock: ManualClock,
    seen: Seen,
    _folder: TempDir,
}

/// A cloud in which `function` gets the name of each record and the number of invocations, and
/// decides whether they fail.
async fn world(function: fn(&[String], usize) -> Result<Value, &'static str>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let (clock, manual_clock) = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
    let aws = Aws::open(
        folder.path(),
        clock.clone(),
        "http://127.0.0.1:1".to_owned(),
        crate::aws::Keys::random(),
        crate::aws::Durability::ProcessEnd,
    );
    let activity = Activity::new(clock.clone());
    let seen = Seen::default();
    let invocable: Invocable = Arc::new({
        let seen = Arc::clone(&seen);
        move |event| {
            let names: Vec<_> = event["Records"].as_array().unwrap().iter().map(name).collect();
            seen.lock().unwrap().push(names.clone());
            let count = seen.lock().unwrap().len();
            let answer = function(&names, count).map_err(Into::into);
            Box::pin(async move { answer })
        }
    });
    let mut functions = Functions::new(Arc::clone(&activity), CancellationToken::new());
    functions.add("one", invocable, Duration::from_secs(5));
    let context = MappingContext {
        aws: aws.await.unwrap(),
        functions: Arc::new(functions),
        activity,
        clock,
        stopped: CancellationToken::new(),
    };
    World { context, manual_clock, seen, _folder: folder }
}

/// The body of a message, or the key of a changed item.
fn name(record: &Value) -> String {
    let key = &record["dynamodb"]["Keys"]["pk"]["S"];
    record["body"].as_str().or(key.as_str()).unwrap().to_owned()
}

impl World {
    fn add_queue(&self, most: u32) -> String {
        let define = |name: &str, redrive| {
            let definition = QueueDefinition {
                name: name.to_owned(),
                visibility_timeout: Duration::from_secs(30),
                retention: Duration::from_hours(1),
                redrive,
            };
            self.context.aws.ensure_queue(&definition).unwrap()
        };
        define("dead", None);
        let dead = "dead".to_owned();
        define("work", Some(Redrive { dead_letter_queue: dead, max_receive_count: most }))
    }

    async fn send(&self, url: &str, bodies: &[&str]) {
        let sqs = aws_sdk_sqs::Client::new(&self.context.aws.sdk_config("test"));
        for body in bodies {
            sqs.send_message().queue_url(url).message_body(*body).send().await.unwrap();
        }
    }

    fn poll(&self, window: Duration) {
        let mapping = QueueMapping {
            queue: "work".to_owned(),
            batch_size: 3,
            window,
            reports_failures: true,
            maximum_concurrency: Some(1),
        };
        tokio::spawn(QueuePoller::new("one", mapping, self.context.clone()).run());
    }

    async fn add_table(&self, items: &[&str]) {
        let create = json!({
            "TableName": "jobs",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        });
        self.context.aws.ensure_table(&create, None).unwrap();
        self.put(items).await;
    }

    async fn put(&self, items: &[&str]) {
        let tables = aws_sdk_dynamodb::Client::new(&self.context.aws.sdk_config("test"));
        for item in items {
            let item = AttributeValue::S((*item).to_owned());
            tables.put_item().table_name("jobs").item("pk", item).send().await.unwrap();
        }
    }

    fn follow(&self, bisects: bool, maximum_retries: Option<u32>) -> Arc<StreamPosition> {
        let mapping = StreamMapping {
            table: "jobs".to_owned(),
            batch_size: 4,
            window: Duration::ZERO,
            filters: vec![json!({
                "dynamodb": { "Keys": { "pk": { "S": [{ "anything-but": ["skip"] }] } } }
            })],
            bisects,
            maximum_retries,
            maximum_age: Some(Duration::from_hours(24)),
            failure_queue: Some("dead".to_owned()),
            reports_failures: false,
        };
        let poller = StreamPoller::new("one", mapping, self.context.clone()).unwrap();
        let position = poller.position();
        tokio::spawn(poller.run());
        position
    }

    /// Resolves when the function has been invoked `count` times and has ended.
    async fn invoked(&self, count: usize) -> Vec<Vec<String>> {
        while self.seen.lock().unwrap().len() < count
            || self.context.activity.idle_since().is_none()
        {
            tokio::task::yield_now().await;
        }
        self.seen.lock().unwrap().clone()
    }

    /// Moves the clock to the earliest due time.
    async fn advance_to_next_due(&self) {
        loop {
            let messages = self.context.aws.next_due().unwrap();
            let due = [messages, self.context.activity.next_due()];
            if let Some(due) = due.into_iter().flatten().min() {
                return self.manual_clock.advance_to(due);
            }
            tokio::task::yield_now().await;
        }
    }

    fn depth(&self, queue: &str) -> (u64, u64) {
        let depth = self.context.aws.queue_depth(queue).unwrap();
        (depth.visible, depth.in_flight)
    }
}

#[tokio::test]
async fn only_failed_messages_stay_in_the_queue() {
    let world = world(|names, _| {
        assert!(!names.contains(&"panic".to_owned()), "a panic on purpose");
        Ok(json!({}))
    })
    .await;
    let url = world.add_queue(1);
    world.send(&url, &["a", "b", "c", "panic"]).await;
    world.poll(Duration::ZERO);
    assert_eq!(world.invoked(2).await, [vec!["a", "b", "c"], vec!["panic"]]);
    assert_eq!(world.depth("work"), (0, 1));
    world.advance_to_next_due().await;
    while world.depth("dead") != (1, 0) {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.depth("work"), (0, 0));
}

#[tokio::test]
async fn a_failed_message_is_received_again_after_its_visibility_timeout() {
    let world =
        world(|_, count| if count == 1 { Err("on purpose") } else { Ok(json!(null)) }).await;
    let url = world.add_queue(5);
    world.send(&url, &["a"]).await;
    world.poll(Duration::ZERO);
    world.invoked(1).await;
    assert_eq!(world.depth("work"), (0, 1));
    world.advance_to_next_due().await;
    assert_eq!(world.invoked(2).await, [["a"], ["a"]]);
    assert_eq!(world.depth("work"), (0, 0));
}

#[tokio::test]
async fn a_batch_window_collects_messages() {
    let world = world(|_, _| Ok(json!({}))).await;
    let url = world.add_queue(5);
    world.poll(Duration::from_secs(10));
    world.send(&url, &["a", "b"]).await;
    while world.depth("work") != (0, 2) {
        tokio::task::yield_now().await;
    }
    world.advance_to_next_due().await;
    assert_eq!(world.invoked(1).await, [["a", "b"]]);
}

#[tokio::test]
async fn a_stream_is_read_in_order_and_continues_at_its_checkpoint() {
    let world = world(|_, _| Ok(json!({}))).await;
    world.add_table(&["a", "skip", "b", "c", "d"]).await;
    let position = world.follow(false, None);
    assert_eq!(world.invoked(2).await, [vec!["a", "b", "c"], vec!["d"]]);
    world.context.stopped.cancel();
    let kept = world.context.aws.load_checkpoint("jobs", "one").unwrap();
    assert_eq!(kept, position.after());
    let resumed = MappingContext { stopped: CancellationToken::new(), ..world.context.clone() };
    let world = World { context: resumed, ..world };
    world.follow(false, None);
    world.put(&["e"]).await;
    assert_eq!(world.invoked(3).await[2], ["e"]);
}

#[tokio::test]
async fn a_failed_batch_is_retried_before_later_records() {
    let world = world(|_, count| if count < 3 { Err("on purpose") } else { Ok(json!({})) }).await;
    world.add_table(&["a"]).await;
    let position = world.follow(false, None);
    for count in [1, 2] {
        world.invoked(count).await;
        assert_eq!(position.after(), None);
        world.put(&["b"]).await;
        world.advance_to_next_due().await;
    }
    assert_eq!(world.invoked(4).await[..3], [["a"], ["a"], ["a"]]);
}

#[tokio::test]
async fn a_batch_is_bisected_until_the_bad_record_is_alone_and_discarded() {
    let bad = |names: &[String], _| {
        if names.contains(&"bad".to_owned()) { Err("on purpose") } else { Ok(json!({})) }
    };
    let world = world(bad).await;
    world.add_queue(1);
    world.add_table(&["a", "b", "bad", "d"]).await;
    let position = world.follow(true, Some(1));
    let seen = world.invoked(5).await;
    let expected =
        [vec!["a", "b", "bad", "d"], vec!["a", "b"], vec!["bad", "d"], vec!["bad"], vec!["d"]];
    assert_eq!(seen, expected);
    assert!(position.after().is_some());
    let record = world.context.aws.receive("dead", 1, None).await.unwrap();
    let record: Value = serde_json::from_str(&record[0].body).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(record["DDBStreamBatchInfo"]["batchSize"], 1);
}
