//! The schema of a table, read from `dynoxide`'s catalogue.

use dynoxide::{AttributeValue, Item};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

/// Longest partition and sort key, in bytes.
const MAX_KEY_BYTES: [usize; 2] = [2048, 1024];

/// A table whose key is two strings, and whose indexes have such keys too and project keys only.
#[derive(Debug)]
pub(super) struct Schema {
    pub table: String,
    pub key: [String; 2],
    pub indexes: Vec<Index>,
    pub has_stream: bool,
}

#[derive(Debug)]
pub(super) struct Index {
    /// Its table in the file.
    pub table: String,
    pub key: [String; 2],
}

impl Schema {
    /// The table of that name, if it exists and is of that kind.
    pub fn load(connection: &Connection, table: &str) -> rusqlite::Result<Option<Self>> {
        let mut statement = connection.prepare_cached(
            "SELECT key_schema, attribute_definitions, coalesce(gsi_definitions, '[]'),
                    stream_enabled, coalesce(stream_view_type, '')
             FROM _tables WHERE table_name = ?1 AND coalesce(table_status, 'ACTIVE') = 'ACTIVE'
               AND coalesce(lsi_definitions, '[]') = '[]'
               AND coalesce(vector_index_definitions, '[]') = '[]'",
        )?;
        let read = |row: &Row<'_>| -> rusqlite::Result<Option<Self>> {
            let texts: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
            let has_stream: bool = row.get(3)?;
            let view: String = row.get(4)?;
            if has_stream && view != "NEW_AND_OLD_IMAGES" {
                return Ok(None);
            }
            Ok(Self::read(table, &texts, has_stream))
        };
        Ok(statement.query_row([table], read).optional()?.flatten())
    }

    fn read(table: &str, texts: &[String; 3], has_stream: bool) -> Option<Self> {
        let [schema, attributes, indexes] =
            texts.each_ref().map(|text| serde_json::from_str::<Value>(text).ok());
        let attributes = attributes?;
        let index = |index: &Value| -> Option<Index> {
            let name = index["IndexName"].as_str()?;
            let keys_only = index["Projection"]["ProjectionType"] == "KEYS_ONLY";
            let is_active = index["IndexStatus"].as_str().is_none_or(|status| status == "ACTIVE");
            let key = key(&index["KeySchema"], &attributes)?;
            let table = format!("{table}::gsi::{name}");
            (keys_only && is_active).then_some(Index { table, key })
        };
        Some(Self {
            table: table.to_owned(),
            key: key(&schema?, &attributes)?,
            indexes: indexes?.as_array()?.iter().map(index).collect::<Option<_>>()?,
            has_stream,
        })
    }

    /// The key of `item`, if it is valid in the table and in every index.
    pub fn key_of<'a>(&self, item: &'a Item) -> Option<[&'a str; 2]> {
        let is_key = |(text, longest): (&str, usize)| (1..=longest).contains(&text.len());
        let is_in_index = |(name, longest): (&String, usize)| match item.get(name) {
            Some(AttributeValue::S(text)) => is_key((text, longest)),
            other => other.is_none(),
        };
        let fits = |index: &Index| index.key.iter().zip(MAX_KEY_BYTES).all(is_in_index);
        if !self.indexes.iter().all(fits) {
            return None;
        }
        strings(&self.key, item).filter(|key| key.iter().copied().zip(MAX_KEY_BYTES).all(is_key))
    }
}

impl Index {
    /// The key of `item` in this index, if it has one.
    pub fn key_of<'a>(&self, item: &'a Item) -> Option<[&'a str; 2]> {
        strings(&self.key, item)
    }
}

fn strings<'a>(names: &[String; 2], item: &'a Item) -> Option<[&'a str; 2]> {
    let text = |name: &String| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    Some([text(&names[0])?, text(&names[1])?])
}

/// The attribute names of a key of two strings.
fn key(schema: &Value, attributes: &Value) -> Option<[String; 2]> {
    let part = |part: &Value, kind: &str| -> Option<String> {
        let name = &part["AttributeName"];
        let is_text = attributes.as_array()?.iter().any(|attribute| {
            attribute["AttributeName"] == *name && attribute["AttributeType"] == "S"
        });
        (part["KeyType"] == kind && is_text).then(|| name.as_str().map(str::to_owned))?
    };
    match schema.as_array()?.as_slice() {
        [partition, sort] => Some([part(partition, "HASH")?, part(sort, "RANGE")?]),
        _ => None,
    }
}
