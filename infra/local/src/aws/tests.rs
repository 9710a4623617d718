//! Tests the embedded AWS through SDK clients, as the functions use it.

mod dynamodb;
mod execute_api;
mod faults;
mod http;
mod s3;
mod sqs;
mod sqs_limits;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use runtime::Clock;
use runtime::clock::ManualClock;
use serde_json::json;
use tempfile::TempDir;

use super::{Aws, Durability, Keys, QueueDefinition, Redrive};

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const ENDPOINT: &str = "http://127.0.0.1:8788";

/// An embedded AWS in a folder of its own, with a manual clock.
struct World {
    aws: Arc<Aws>,
    clock: Clock,
    manual_clock: ManualClock,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, manual_clock) = Clock::manual(START);
        let aws = open(folder.path(), clock.clone()).await;
        Self { aws, clock, manual_clock, folder }
    }

    /// Drops everything and opens the folder again, as after a crash: dropping does no work.
    async fn reopen(self) -> Self {
        let Self { aws, clock, manual_clock, folder } = self;
        drop(aws);
        let aws = open(folder.path(), clock.clone()).await;
        Self { aws, clock, manual_clock, folder }
    }

    fn pass(&self, time: Duration) {
        self.manual_clock.advance_to(self.clock.now() + time);
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.aws.sdk_config("test"))
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws.sdk_config("test"))
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.aws.sdk_config("test"))
    }

    /// A queue `work` whose messages move to `dead` after two receives; returns its URL.
    fn work_queue(&self) -> String {
        let queue = |name: &str, redrive| QueueDefinition {
            name: name.to_owned(),
            visibility_timeout: Duration::from_secs(30),
            retention: Duration::from_hours(24),
            redrive,
        };
        let redrive = Redrive { dead_letter_queue: "dead".to_owned(), max_receive_count: 2 };
        self.aws.ensure_queue(&queue("dead", None)).unwrap();
        self.aws.ensure_queue(&queue("work", Some(redrive))).unwrap()
    }

    /// A table `table` with keys `pk` and `sk`, an index `by_owner`, a stream, and items that
    /// expire by `expires_at`.
    fn table(&self) {
        let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        let definition = json!({
            "TableName": "table",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [text("pk"), text("sk"), text("owner"), text("id")],
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by_owner",
                "KeySchema": [key("owner", "HASH"), key("id", "RANGE")],
                "Projection": { "ProjectionType": "KEYS_ONLY" },
            }],
            "StreamSpecification": {
                "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"
            },
        });
        self.aws.ensure_table(&definition, Some("expires_at")).unwrap();
        self.aws.ensure_table(&definition, Some("expires_at")).unwrap();
    }
}

async fn open(folder: &Path, clock: Clock) -> Arc<Aws> {
    let (endpoint, keys) = (ENDPOINT.to_owned(), Keys::random());
    Aws::open(folder, clock, endpoint, keys, Durability::ProcessEnd).await.unwrap()
}
