//! Many writes in one commit.

use std::time::{SystemTime, UNIX_EPOCH};

use dynoxide::storage::compute_hash_prefix;
use dynoxide::types::item_size;
use dynoxide::{Item, streams};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::json;

use super::schema::{Index, Schema};
use super::write::{Outcome, Write};
use crate::aws::AwsError;
use crate::aws::dynamodb::quoted;
use crate::aws::json::JsonAnswer;

/// Applies `writes` in order and commits them together. One that is not supported has no answer and
/// no effect. After an error none has an effect.
pub(super) fn commit(
    connection: &mut Connection,
    writes: &[Write],
) -> Result<Vec<Option<JsonAnswer>>, AwsError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answers = writes
        .iter()
        .map(|write| apply(&transaction, write))
        .collect::<Result<Vec<_>, AwsError>>()?;
    transaction.commit()?;
    Ok(answers)
}

fn apply(transaction: &Transaction<'_>, write: &Write) -> Result<Option<JsonAnswer>, AwsError> {
    let schema = &*write.schema;
    let Some(key) = schema.key_of(&write.input) else { return Ok(None) };
    let key = key.map(stored);
    let old_text = read(transaction, schema, &key)?;
    let old: Option<Item> = old_text.as_deref().map(serde_json::from_str).transpose()?;
    let new = match write.evaluate(old.as_ref()) {
        Some(Outcome::Item(item)) => item,
        Some(Outcome::ConditionFailed(answer)) => return Ok(Some(answer)),
        None => return Ok(None),
    };
    let text = serde_json::to_string(&new)?;
    save(transaction, schema, &key, &new, &text)?;
    for index in &schema.indexes {
        save_in_index(transaction, schema, index, &key, old.as_ref(), &new)?;
    }
    if schema.has_stream {
        record(transaction, schema, &new, &text, old_text.as_deref())?;
    }
    Ok(Some(write.answer(&text)))
}

/// A string key as `dynoxide` stores it.
fn stored(text: &str) -> String {
    format!("S:{text}")
}

fn read(
    transaction: &Transaction<'_>,
    schema: &Schema,
    key: &[String; 2],
) -> rusqlite::Result<Option<String>> {
    let table = quoted(&schema.table);
    let select = format!("SELECT item_json FROM {table} WHERE pk = ?1 AND sk = ?2");
    transaction
        .prepare_cached(&select)?
        .query_row(params![key[0], key[1]], |row| row.get(0))
        .optional()
}

fn save(
    transaction: &Transaction<'_>,
    schema: &Schema,
    key: &[String; 2],
    item: &Item,
    text: &str,
) -> rusqlite::Result<()> {
    let insert = format!(
        "INSERT INTO {} (pk, sk, item_json, item_size, hash_prefix) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (pk, sk) DO UPDATE SET item_json = ?3, item_size = ?4, hash_prefix = ?5",
        quoted(&schema.table)
    );
    let size = i64::try_from(item_size(item)).unwrap_or(i64::MAX);
    let prefix = item.get(&schema.key[0]).map(compute_hash_prefix).unwrap_or_default();
    transaction.prepare_cached(&insert)?.execute(params![key[0], key[1], text, size, prefix])?;
    Ok(())
}

/// Updates the item's entry in an index, if its key there changed.
fn save_in_index(
    transaction: &Transaction<'_>,
    schema: &Schema,
    index: &Index,
    key: &[String; 2],
    old: Option<&Item>,
    new: &Item,
) -> Result<(), AwsError> {
    let (before, after) = (old.and_then(|old| index.key_of(old)), index.key_of(new));
    if before == after {
        return Ok(());
    }
    let table = quoted(&index.table);
    if before.is_some() {
        let delete = format!("DELETE FROM {table} WHERE table_pk = ?1 AND table_sk = ?2");
        transaction.prepare_cached(&delete)?.execute(params![key[0], key[1]])?;
    }
    let Some(after) = after else { return Ok(()) };
    let names = schema.key.iter().chain(&index.key);
    let entry: Item =
        names.filter_map(|name| Some((name.clone(), new.get(name)?.clone()))).collect();
    let insert = format!(
        "INSERT OR REPLACE INTO {table} (gsi_pk, gsi_sk, table_pk, table_sk, item_json)
         VALUES (?1, ?2, ?3, ?4, ?5)"
    );
    let [partition, sort] = after.map(stored);
    let text = serde_json::to_string(&entry)?;
    transaction.prepare_cached(&insert)?.execute(params![partition, sort, key[0], key[1], text])?;
    Ok(())
}

/// Adds a record to the table's stream.
fn record(
    transaction: &Transaction<'_>,
    schema: &Schema,
    new: &Item,
    text: &str,
    old_text: Option<&str>,
) -> Result<(), AwsError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let last: i64 = transaction
        .prepare_cached(
            "SELECT coalesce(max(CAST(sequence_number AS INTEGER)), 0) FROM _stream_records
             WHERE table_name = ?1",
        )?
        .query_row([&schema.table], |row| row.get(0))?;
    let floor = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
    let key = json!({ &schema.key[0]: new[&schema.key[0]], &schema.key[1]: new[&schema.key[1]] });
    transaction
        .prepare_cached(
            "INSERT INTO _stream_records (table_name, event_name, keys_json, new_image,
                 old_image, sequence_number, shard_id, created_at, event_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            schema.table,
            if old_text.is_some() { "MODIFY" } else { "INSERT" },
            key.to_string(),
            text,
            old_text,
            floor.max(last + 1).to_string(),
            streams::shard_id(&schema.table),
            i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
            uuid::Uuid::from_bytes(runtime::random::bytes()).simple().to_string(),
        ])?;
    Ok(())
}
