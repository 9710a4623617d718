//! Pages of an owner's jobs, projects or deliveries, newest first. The index has the keys in
//! order; the items are then read with `BatchGetItem`.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{InvalidField, JobId, MessageId, ModelId, OwnerId, ProjectId, Timestamp};
use serde::de::DeserializeOwned;

use crate::item::{read, text};
use crate::keys::{Attributes, OWNER_INDEX, OWNER_SK};
use crate::{Result, Store, StoreError};

/// Maximum number of index queries for one page. Only where a filter fits fewer than a page of that
/// many hundreds of items is a page shorter than its limit; its cursor then goes on from there.
const ROUNDS: usize = 50;
/// Maximum number of keys of a `BatchGetItem`.
const BATCH: i32 = 100;

/// The id of what a list lists.
pub trait ListedId: FromStr<Err = InvalidField> + fmt::Display + Clone + Eq + Hash {
    /// The name of the list, which its cursors carry.
    const LIST: &'static str;
}

impl ListedId for JobId {
    const LIST: &'static str = "jobs";
}

impl ListedId for ProjectId {
    const LIST: &'static str = "projects";
}

impl ListedId for ModelId {
    const LIST: &'static str = "models";
}

impl ListedId for MessageId {
    const LIST: &'static str = "deliveries";
}

/// A type of which an owner has a list.
pub(crate) trait Listed: DeserializeOwned {
    /// Its id.
    type Id: ListedId;

    /// The id of this one.
    fn id(&self) -> &Self::Id;

    /// The table's key of the one with this id.
    fn key(id: &Self::Id) -> Attributes;

    /// The owner's partition of the index.
    fn partition(owner: &OwnerId) -> AttributeValue;
}

/// The sort key of `id` in its owner's list: its place. It starts with the time, since derived ids
/// do not sort by time.
pub(crate) fn place(created_at: Timestamp, id: &impl fmt::Display) -> String {
    format!("{:013}#{id}", created_at.as_millis())
}

/// A place in a list, opaque to clients. The entry there need not exist any more. It has no owner:
/// with another owner's API key it is a place in that owner's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor<I> {
    place: String,
    created_at: Timestamp,
    pub(crate) id: I,
}

impl<I: ListedId> Cursor<I> {
    fn at(place: &str) -> Option<Self> {
        let (time, id) = place.split_once('#')?;
        let is_dated = time.len() == 13 && time.bytes().all(|byte| byte.is_ascii_digit());
        let created_at = Timestamp::from_millis(time.parse().ok().filter(|_| is_dated)?);
        Some(Self { place: place.to_owned(), created_at, id: id.parse().ok()? })
    }

    /// Whether its entry was created before `time`.
    pub(crate) fn is_before(&self, time: Timestamp) -> bool {
        self.created_at < time
    }
}

impl<I: ListedId> fmt::Display for Cursor<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(checked(&format!("{}#{}", I::LIST, self.place))))
    }
}

impl<I: ListedId> FromStr for Cursor<I> {
    type Err = InvalidField;

    fn from_str(encoded: &str) -> Result<Self, InvalidField> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let whole = text.as_deref().and_then(|text| Some((text, text.rsplit_once('#')?.0)));
        let place = whole.filter(|(text, place)| checked(place) == **text).map(|(_, place)| place);
        place
            .and_then(|place| Self::at(place.strip_prefix(I::LIST)?.strip_prefix('#')?))
            .ok_or_else(|| InvalidField::new("cursor", "must be a next_cursor of this list"))
    }
}

/// `text` with a check sum, so that one that was cut or mistyped is no other place. It is no
/// protection: a place gives access to nothing.
fn checked(text: &str) -> String {
    // FNV-1a.
    let sum = text
        .bytes()
        .fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{text}#{sum:08x}")
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<T, C> {
    /// Its items, newest first.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<C>,
}

/// Which items of a list to return.
pub(crate) struct Wanted<'a, T> {
    /// The owner of the list.
    pub(crate) owner: &'a OwnerId,
    /// Maximum number of items.
    pub(crate) limit: usize,
    /// The filter; all items match if it is absent.
    pub(crate) fits: Option<&'a (dyn Fn(&T) -> bool + Sync)>,
    /// Only items created at that time or later.
    pub(crate) since: Option<Timestamp>,
}

impl Store {
    /// The page of an owner's list after `cursor`.
    pub(crate) async fn list<T: Listed>(
        &self,
        wanted: &Wanted<'_, T>,
        mut cursor: Option<Cursor<T::Id>>,
    ) -> Result<Page<T, Cursor<T::Id>>> {
        let mut items = Vec::new();
        let mut next = None;
        for _ in 0..ROUNDS {
            // One more than is asked for: whether there is a next page.
            let size = wanted.fits.map_or(wanted.limit + 1 - items.len(), |_| BATCH as usize);
            let (places, more) = self.places::<T>(wanted.owner, cursor.as_ref(), size).await?;
            let mut found =
                self.by_id::<T>("read a list", places.iter().map(|place| &place.id), false).await?;
            for place in places {
                if wanted.since.is_some_and(|since| place.is_before(since)) {
                    return Ok(Page { items, next: None });
                }
                let item = found.remove(&place.id);
                if let Some(item) = item.filter(|item| wanted.fits.is_none_or(|fits| fits(item))) {
                    if items.len() == wanted.limit {
                        return Ok(Page { items, next });
                    }
                    items.push(item);
                    next = Some(place.clone());
                }
                cursor = Some(place);
            }
            if !more {
                return Ok(Page { items, next: None });
            }
        }
        Ok(Page { items, next: cursor })
    }

    /// At most `size` places of the owner's list after `cursor`, and whether there are more.
    pub(crate) async fn places<T: Listed>(
        &self,
        owner: &OwnerId,
        cursor: Option<&Cursor<T::Id>>,
        size: usize,
    ) -> Result<(Vec<Cursor<T::Id>>, bool)> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OWNER_INDEX)
            .expression_attribute_values(":owner", T::partition(owner))
            .scan_index_forward(false)
            .limit(i32::try_from(size).unwrap_or(BATCH).min(BATCH));
        let query = match cursor {
            None => query.key_condition_expression("GSI1PK = :owner"),
            Some(cursor) => query
                .key_condition_expression("GSI1PK = :owner AND GSI1SK < :place")
                .expression_attribute_values(":place", text(&cursor.place)),
        };
        let output = query.send().await.map_err(StoreError::call("read a list"))?;
        let more = output.last_evaluated_key.is_some();
        let place = |item: &Attributes| {
            item.get(OWNER_SK)
                .and_then(|value| value.as_s().ok())
                .and_then(|place| Cursor::at(place))
        };
        Ok((output.items().iter().filter_map(place).collect(), more))
    }

    /// Those of the items `ids` that are kept.
    pub(crate) async fn by_id<'a, T: Listed<Id: 'a>>(
        &self,
        operation: &'static str,
        ids: impl Iterator<Item = &'a T::Id>,
        consistent: bool,
    ) -> Result<HashMap<T::Id, T>> {
        let items = self.read_all(operation, ids.map(T::key).collect(), consistent).await?;
        let keyed = |item: T| (item.id().clone(), item);
        items.into_iter().map(|item| read(item).map(keyed)).collect()
    }
}
