//! Removes expired items. DynamoDB does so within days; here a sweep runs every 30 s, by our own
//! clock, and finds them by an index instead of a scan.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{Tables, quoted};
use crate::aws::AwsError;
use crate::lock::lock;

/// Items read at a time.
const BATCH: usize = 100;

/// A table whose items expire.
struct ExpiringTable {
    table: String,
    attribute: String,
    keys: Vec<String>,
}

impl Tables {
    /// Deletes every expired item, with its index entries and a stream record. Returns how many
    /// there were.
    pub fn sweep_expired(&self) -> Result<usize, AwsError> {
        let tables = expiring(&self.connection())?;
        tables.iter().try_fold(0, |deleted, table| Ok(deleted + self.sweep_table(table)?))
    }

    fn sweep_table(&self, table: &ExpiringTable) -> Result<usize, AwsError> {
        self.create_expiry_index(table)?;
        let now = self.clock.now().as_seconds();
        let mut deleted = 0;
        loop {
            let expired = table.expired(&self.connection(), now)?;
            let gone = expired.iter().filter(|item| self.delete_expired(table, item)).count();
            deleted += gone;
            // Items that could not be deleted are left to the next sweep.
            if gone < BATCH {
                return Ok(deleted);
            }
        }
    }

    fn delete_expired(&self, table: &ExpiringTable, item: &Value) -> bool {
        let request = table.deletion(item).to_string();
        self.answer_by_dynoxide("DeleteItem", request.as_bytes()).status == 200
    }

    fn create_expiry_index(&self, table: &ExpiringTable) -> Result<(), AwsError> {
        let _lock = lock(&self.write_lock);
        let (name, expiry) = (quoted(&format!("{}::expiry", table.table)), table.expiry());
        let statement = format!(
            "CREATE INDEX IF NOT EXISTS {name} ON {} ({expiry}) WHERE {expiry} IS NOT NULL",
            quoted(&table.table)
        );
        Ok(self.connection().execute_batch(&statement)?)
    }
}

impl ExpiringTable {
    /// The item's expiry in unix seconds, as an SQL expression; null for an item without one.
    fn expiry(&self) -> String {
        let path = format!("$.{}.N", json!(self.attribute)).replace('\'', "''");
        format!("CAST(json_extract(item_json, '{path}') AS INTEGER)")
    }

    fn expired(&self, connection: &Connection, now: i64) -> Result<Vec<Value>, AwsError> {
        let expiry = self.expiry();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT item_json FROM {} WHERE {expiry} IS NOT NULL AND {expiry} < ?1 LIMIT {BATCH}",
            quoted(&self.table)
        ))?;
        let mut rows = statement.query([now])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            items.push(serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or_default())?);
        }
        Ok(items)
    }

    /// A request to delete the item, unless its expiry has changed meanwhile.
    fn deletion(&self, item: &Value) -> Value {
        let key: Map<String, Value> =
            self.keys.iter().map(|name| (name.clone(), item[name].clone())).collect();
        json!({
            "TableName": self.table,
            "Key": key,
            "ConditionExpression": "#expiry = :seen",
            "ExpressionAttributeNames": { "#expiry": self.attribute },
            "ExpressionAttributeValues": { ":seen": item[&self.attribute] },
        })
    }
}

/// The tables that have a time-to-live attribute.
fn expiring(connection: &Connection) -> Result<Vec<ExpiringTable>, AwsError> {
    let mut statement = connection.prepare_cached(
        "SELECT table_name, ttl_attribute, key_schema FROM _tables
         WHERE ttl_enabled = 1 AND ttl_attribute IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        let schema: Vec<Value> = serde_json::from_str(&row.get::<_, String>(2)?)?;
        let name = |key: &Value| key["AttributeName"].as_str().map(str::to_owned);
        tables.push(ExpiringTable {
            table: row.get(0)?,
            attribute: row.get(1)?,
            keys: schema.iter().filter_map(name).collect(),
        });
    }
    Ok(tables)
}
