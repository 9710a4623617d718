//! Removes items whose time has come. DynamoDB does so within days; here a sweep follows every
//! minute or so, by our own clock, and by an index instead of reading the whole table.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{PoisonError, Tables};
use crate::aws::AwsError;

/// Items looked up at a time.
const BATCH: usize = 100;

/// A table whose items expire.
struct Expiring {
    table: String,
    attribute: String,
    keys: Vec<String>,
}

impl Tables {
    /// Deletes every expired item, each with its index entries and its stream record, and
    /// answers how many those were.
    pub fn sweep_expired(&self) -> Result<usize, AwsError> {
        let tables = expiring(&self.side())?;
        tables.iter().try_fold(0, |deleted, table| Ok(deleted + self.sweep_table(table)?))
    }

    fn sweep_table(&self, table: &Expiring) -> Result<usize, AwsError> {
        self.create_expiry_index(table)?;
        let now = self.clock.now().as_seconds();
        let mut deleted = 0;
        loop {
            let expired = table.expired(&self.side(), now)?;
            let gone = expired.iter().filter(|item| self.delete_expired(table, item)).count();
            deleted += gone;
            // What resists is left to the next sweep.
            if gone < BATCH {
                return Ok(deleted);
            }
        }
    }

    fn delete_expired(&self, table: &Expiring, item: &Value) -> bool {
        let request = table.deletion(item).to_string();
        self.answer_by_dynoxide("DeleteItem", request.as_bytes()).status == 200
    }

    fn create_expiry_index(&self, table: &Expiring) -> Result<(), AwsError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, expiry) = (quoted(&format!("{}::expiry", table.table)), table.expiry());
        let statement = format!(
            "CREATE INDEX IF NOT EXISTS {name} ON {} ({expiry}) WHERE {expiry} IS NOT NULL",
            quoted(&table.table)
        );
        Ok(self.side().execute_batch(&statement)?)
    }
}

impl Expiring {
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

    /// Deletes the item, unless it has been given another time meanwhile.
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
fn expiring(connection: &Connection) -> Result<Vec<Expiring>, AwsError> {
    let mut statement = connection.prepare_cached(
        "SELECT table_name, ttl_attribute, key_schema FROM _tables
         WHERE ttl_enabled = 1 AND ttl_attribute IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        let schema: Vec<Value> = serde_json::from_str(&row.get::<_, String>(2)?)?;
        let name = |key: &Value| key["AttributeName"].as_str().map(str::to_owned);
        tables.push(Expiring {
            table: row.get(0)?,
            attribute: row.get(1)?,
            keys: schema.iter().filter_map(name).collect(),
        });
    }
    Ok(tables)
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
