//! The change stream of a table: read by its consumers, trimmed behind them.

use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};

use super::super::identity::{REGION, table_arn};
use super::Tables;
use crate::aws::AwsError;
use crate::lock::lock;

/// What `dynoxide` adds to a stored sequence number when it shows it, for the 21 digits that
/// DynamoDB's have.
const SEQUENCE_OFFSET: i128 = 100_000_000_000_000_000_000;

/// Records removed per hold of the write lock: some 2 ms.
const TRIM_BATCH: usize = 500;

/// Indexes stream records by sequence number. `dynoxide` derives the next number from the highest
/// one, cast to a number, which without this index reads every record of the table: 0.8 ms a write
/// with none, 4 ms with 6,000.
pub(super) fn create_index(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS stream_records_by_sequence
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER));",
    )
}

impl Tables {
    /// The stream records after the sequence number `after`, oldest first, as in Lambda's events;
    /// without a number, from the oldest kept.
    pub fn stream_records(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>, AwsError> {
        let connection = self.connection();
        let (label, view): (String, String) = connection
            .prepare_cached(
                "SELECT coalesce(stream_label, ''), coalesce(stream_view_type, '')
                 FROM _tables WHERE table_name = ?1",
            )?
            .query_row([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let source = format!("{}/stream/{label}", table_arn(table));
        let mut statement = connection.prepare_cached(
            "SELECT event_name, keys_json, new_image, old_image,
                    CAST(sequence_number AS INTEGER), created_at, event_id, user_identity
             FROM _stream_records
             WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) > ?2
             ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![table, after.map_or(0, stored), limit])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(record(row, &source, &view)?);
        }
        Ok(records)
    }

    /// Removes the records before the sequence number `before`, which every consumer has passed.
    /// DynamoDB keeps them for 24 hours; here they would make up most of the file.
    pub fn trim_stream(&self, table: &str, before: &str) -> Result<usize, AwsError> {
        let mut removed = 0;
        loop {
            let _lock = lock(&self.write_lock);
            let count = self
                .connection()
                .prepare_cached(
                    "DELETE FROM _stream_records WHERE id IN (
                     SELECT id FROM _stream_records
                     WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) < ?2 LIMIT ?3)",
                )?
                .execute(params![table, stored(before), TRIM_BATCH])?;
            removed += count;
            if count < TRIM_BATCH {
                return Ok(removed);
            }
        }
    }
}

fn record(row: &Row<'_>, source: &str, view: &str) -> Result<Value, AwsError> {
    let image = |column: usize| -> Result<Option<Value>, AwsError> {
        let text: Option<String> = row.get(column)?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    };
    let sequence: i64 = row.get(4)?;
    let mut change = json!({
        "Keys": image(1)?,
        "SequenceNumber": shown(sequence),
        "StreamViewType": view,
        "ApproximateCreationDateTime": row.get::<_, i64>(5)?,
        "SizeBytes": size(row)?,
    });
    for (name, column) in [("NewImage", 2), ("OldImage", 3)] {
        if let Some(image) = image(column)? {
            change[name] = image;
        }
    }
    let event_id: Option<String> = row.get(6)?;
    let mut record = json!({
        "eventID": event_id.unwrap_or_else(|| sequence.to_string()),
        "eventName": row.get::<_, String>(0)?,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": source,
    });
    if let Some(identity) = image(7)? {
        record["userIdentity"] = identity;
    }
    Ok(record)
}

/// The lengths of keys and images together, which approximate what DynamoDB reports.
fn size(row: &Row<'_>) -> rusqlite::Result<usize> {
    let length = |column: usize| -> rusqlite::Result<usize> {
        Ok(row.get_ref(column)?.as_str_or_null()?.map_or(0, str::len))
    };
    Ok(length(1)? + length(2)? + length(3)?)
}

fn shown(sequence: i64) -> String {
    (SEQUENCE_OFFSET + i128::from(sequence)).to_string()
}

fn stored(sequence: &str) -> i64 {
    let number = sequence.parse::<i128>().unwrap_or(SEQUENCE_OFFSET);
    i64::try_from(number - SEQUENCE_OFFSET).unwrap_or(0)
}
