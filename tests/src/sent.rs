//! Which AWS calls were made, and what they cost.

use hookreel_local::aws::{CallRecord, Service};

use crate::World;

/// The calls of a stretch of time.
#[derive(Debug, Clone)]
pub struct Sent(Vec<CallRecord>);

/// Callers that are no function: the test, whoever comes through the port, the start itself.
const OUTSIDE: [&str; 3] = ["tests", "http", "hookreel-local"];

impl Sent {
    /// Counts from nothing from here on.
    pub fn begin(world: &World) {
        world.cloud.aws().calls().reset();
        world.cloud.aws().calls().record(true);
    }

    /// What the functions have sent since [`Sent::begin`].
    #[must_use]
    pub fn so_far(world: &World) -> Self {
        let mut records = world.cloud.aws().calls().snapshot();
        records.retain(|record| !OUTSIDE.contains(&&*record.call.caller));
        Self(records)
    }

    /// The calls of `function` alone.
    #[must_use]
    pub fn by(&self, function: &str) -> Self {
        let own = self.0.iter().filter(|record| &*record.call.caller == function);
        Self(own.cloned().collect())
    }

    /// The calls, each on its own.
    #[must_use]
    pub fn records(&self) -> &[CallRecord] {
        &self.0
    }

    /// The operations in order, like `dynamodb PutItem`.
    #[must_use]
    pub fn operations(&self) -> Vec<String> {
        let name =
            |record: &CallRecord| format!("{} {}", record.call.service, record.call.operation);
        self.0.iter().map(name).collect()
    }

    /// How many calls tried to write to the table.
    #[must_use]
    pub fn writes(&self) -> usize {
        const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
        self.count(Service::DynamoDb, |operation| WRITES.contains(&operation))
    }

    /// How many calls read from the table.
    #[must_use]
    pub fn reads(&self) -> usize {
        const READS: [&str; 5] = ["GetItem", "Query", "BatchGetItem", "Scan", "TransactGetItems"];
        self.count(Service::DynamoDb, |operation| READS.contains(&operation))
    }

    /// How many calls sent messages.
    #[must_use]
    pub fn sends(&self) -> usize {
        self.count(Service::Sqs, |operation| operation.starts_with("SendMessage"))
    }

    /// Write units consumed.
    #[must_use]
    pub fn write_units(&self) -> f64 {
        self.0.iter().map(|record| record.write_units).sum()
    }

    /// Read units consumed.
    #[must_use]
    pub fn read_units(&self) -> f64 {
        self.0.iter().map(|record| record.read_units).sum()
    }

    /// A line for each call, and the sums.
    #[must_use]
    pub fn report(&self) -> String {
        let line = |record: &CallRecord| {
            let call = &record.call;
            let (writes, reads) = (record.write_units, record.read_units);
            format!(
                "  {:<15} {} {} ({writes} write units, {reads} read units)\n",
                call.caller, call.service, call.operation
            )
        };
        let lines: String = self.0.iter().map(line).collect();
        format!(
            "{lines}  together {} writes ({} units), {} reads ({} units); {} sends",
            self.writes(),
            self.write_units(),
            self.reads(),
            self.read_units(),
            self.sends()
        )
    }

    fn count(&self, service: Service, wanted: impl Fn(&str) -> bool) -> usize {
        let fits =
            |record: &&CallRecord| record.call.service == service && wanted(&record.call.operation);
        self.0.iter().filter(fits).count()
    }
}
