//! Pages of an owner's jobs, projects, models or deliveries, newest first. The index has the keys in
//! order; the items are then read with `BatchGetItem`.
//!
//! A key of an index takes 1,000 writes a second, and what exceeds that delays the writes of the
//! whole table. So a list is spread over [`SHARDS`] keys by the entry's id, each in order; a page is merged
//! of all of them.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{InvalidField, JobId, MessageId, ModelId, OwnerId, ProjectId, Timestamp};
use futures::future::try_join_all;
use serde::de::DeserializeOwned;

use crate::item::{read, text};
use crate::keys::{Attributes, OWNER_INDEX, OWNER_PK, OWNER_SK};
use crate::{Result, Store, StoreError};

/// Maximum number of index queries for one page. Only where a filter fits fewer than a page of that
/// many hundreds of items is a page shorter than its limit; its cursor then goes on from there.
const ROUNDS: usize = 50;
/// Maximum number of keys of a `BatchGetItem`.
const BATCH: usize = 100;
/// How many keys of the index a list has: 250 writes a second each where an owner makes 1,000.
/// May grow, since entries are found in any of them; if it shrank, entries would be hidden.
const SHARDS: u32 = 4;

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

    /// The name of the owner's list in the index.
    fn list(owner: &OwnerId) -> String;
}

/// The attributes by which `id`, created at that time, is an entry of `list`. Its place begins with the
/// time, since derived ids do not sort by time.
pub(crate) fn entry(
    list: &str,
    created_at: Timestamp,
    id: &impl fmt::Display,
) -> [(String, AttributeValue); 2] {
    let shard = fnv(&id.to_string()) % SHARDS;
    let place = format!("{:013}#{id}", created_at.as_millis());
    [(OWNER_PK.to_owned(), partition(list, shard)), (OWNER_SK.to_owned(), text(place))]
}

/// A key of the index. The first is that of lists from before there were several.
fn partition(list: &str, shard: u32) -> AttributeValue {
    AttributeValue::S(if shard == 0 { list.to_owned() } else { format!("{list}#{shard}") })
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
    format!("{text}#{:08x}", fnv(text))
}

/// FNV-1a.
fn fnv(text: &str) -> u32 {
    let byte = |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, byte)
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
            let size = wanted.fits.map_or(wanted.limit + 1 - items.len(), |_| BATCH);
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
        let (list, size) = (T::list(owner), size.min(BATCH));
        let shards = (0..SHARDS).map(|shard| self.shard(partition(&list, shard), cursor, size));
        Ok(merged(try_join_all(shards).await?, size))
    }

    /// The same of one key of the index.
    async fn shard<I: ListedId>(
        &self,
        partition: AttributeValue,
        cursor: Option<&Cursor<I>>,
        size: usize,
    ) -> Result<(Vec<Cursor<I>>, bool)> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OWNER_INDEX)
            .expression_attribute_values(":owner", partition)
            .scan_index_forward(false)
            .limit(i32::try_from(size).unwrap_or(i32::MAX));
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

/// At most `size` places of all `shards`, newest first, and whether there are more. A shard of which
/// more is left says nothing about places behind its last one.
fn merged<I: ListedId>(shards: Vec<(Vec<Cursor<I>>, bool)>, size: usize) -> (Vec<Cursor<I>>, bool) {
    let ends = shards.iter().filter(|(_, more)| *more).map(|(places, _)| places.last());
    let end = ends.map(|last| last.map(|last| last.place.clone())).max().flatten();
    let mut more = shards.iter().any(|(_, more)| *more);
    let mut places: Vec<_> = shards.into_iter().flat_map(|(places, _)| places).collect();
    let known = places.len();
    places.retain(|one| end.as_ref().is_none_or(|end| one.place >= *end));
    places.sort_unstable_by(|a, b| b.place.cmp(&a.place));
    places.truncate(size);
    more |= places.len() < known;
    (places, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(times: &[i64], more: bool) -> (Vec<Cursor<JobId>>, bool) {
        let at = |time: &i64| Cursor::at(&format!("{time:013}#job_{time}")).unwrap();
        (times.iter().map(at).collect(), more)
    }

    fn times(shards: Vec<(Vec<Cursor<JobId>>, bool)>, size: usize) -> (Vec<i64>, bool) {
        let (places, more) = merged(shards, size);
        (places.iter().map(|one| one.created_at.as_millis()).collect(), more)
    }

    #[test]
    fn shards_are_merged_in_order_and_nothing_is_passed_over() {
        let all = || vec![shard(&[9, 4], false), shard(&[8, 7, 1], false), shard(&[], false)];
        assert_eq!(times(all(), 5), (vec![9, 8, 7, 4, 1], false));
        assert_eq!(times(all(), 3), (vec![9, 8, 7], true));
        // What the first shard has after 6 may come before 5.
        let cut = vec![shard(&[9, 6], true), shard(&[8, 5], false)];
        assert_eq!(times(cut, 5), (vec![9, 8, 6], true));
        assert_eq!(times(vec![shard(&[3], true), shard(&[2], true)], 5), (vec![3], true));
    }

    #[test]
    fn entries_are_spread_over_the_shards() {
        let key = |number: u32| {
            let [(_, key), _] =
                entry("OWNER#acme", Timestamp::from_millis(1), &format!("job_{number}"));
            key.as_s().unwrap().clone()
        };
        let mut counts = HashMap::<_, u32>::new();
        (0..4000).for_each(|number| *counts.entry(key(number)).or_default() += 1);
        assert_eq!(counts.len(), SHARDS as usize);
        assert!(counts.values().all(|count| (800..1200).contains(count)), "{counts:?}");
        assert!(counts.contains_key("OWNER#acme") && counts.contains_key("OWNER#acme#3"));
    }
}
