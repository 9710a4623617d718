//! Chooses which visible messages are received next: the oldest, but those of quiet groups before
//! those of a group with many in flight. SQS does so on standard queues for messages with a group,
//! and calls it a fair queue.

use domain::Timestamp;
use rusqlite::{Row, Transaction, params};

use super::digest::{self, MessageAttributes};
use super::receive::ReceivedMessage;
use super::{Queue, SqsError};

/// How many messages in flight make a group busy: more than one full batch.
const BUSY_IN_FLIGHT: u32 = 11;

/// A visible message, before it is received or moved.
pub(super) struct Candidate {
    pub id: i64,
    pub attributes: Option<String>,
    pub message: ReceivedMessage,
}

/// The messages to choose from.
struct Visible<'a> {
    transaction: &'a Transaction<'a>,
    queue: i64,
    now: Timestamp,
    /// Messages sent before are past the queue's retention.
    kept_since: Timestamp,
}

const COLUMNS: &str = "id, message_id, body, attributes, sent_at, receive_count, \
                       first_received_at, moved_from, message_group, trace";

/// Up to `limit` visible messages, in the order in which to receive them.
pub(super) fn candidates(
    transaction: &Transaction<'_>,
    queue: &Queue,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Candidate>, SqsError> {
    let retention = std::time::Duration::from_secs(queue.settings.retention.into());
    let visible = Visible { transaction, queue: queue.id, now, kept_since: now - retention };
    let busy = visible.busy_groups()?;
    if busy.is_empty() {
        return visible.oldest(limit);
    }
    let mut found = visible.quiet(&busy, limit)?;
    if found.len() < limit {
        // The oldest messages may include quiet ones again.
        let rest = visible.oldest(limit)?;
        let known: Vec<_> = found.iter().map(|candidate| candidate.id).collect();
        found.extend(rest.into_iter().filter(|candidate| !known.contains(&candidate.id)));
        found.truncate(limit);
    }
    Ok(found)
}

impl Visible<'_> {
    /// The busy groups, sorted.
    fn busy_groups(&self) -> Result<Vec<String>, SqsError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT message_group FROM messages
             WHERE queue = ?1 AND visible_at > ?2 AND receipt IS NOT NULL AND message_group <> ''
             GROUP BY message_group HAVING count(*) >= ?3 ORDER BY message_group",
        )?;
        let rows = statement
            .query_map(params![self.queue, self.now.as_millis(), BUSY_IN_FLIGHT], |row| {
                row.get(0)
            })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The messages that have been visible for longest.
    fn oldest(&self, limit: usize) -> Result<Vec<Candidate>, SqsError> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM messages
             WHERE queue = ?1 AND visible_at <= ?2 AND sent_at > ?3
             ORDER BY visible_at, id LIMIT ?4"
        ))?;
        let (now, since) = (self.now.as_millis(), self.kept_since.as_millis());
        let rows = statement.query_map(params![self.queue, now, since, count(limit)], |row| {
            candidate(row, self.now)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The messages outside the `busy` groups that have been visible for longest. It reads the
    /// ranges of the index between those groups, so it skips their messages, however many.
    fn quiet(&self, busy: &[String], limit: usize) -> Result<Vec<Candidate>, SqsError> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM messages
             WHERE queue = ?1 AND visible_at <= ?2 AND sent_at > ?3 AND message_group <> ''
               AND message_group > ?5 AND (?6 IS NULL OR message_group < ?6)
             ORDER BY visible_at, id LIMIT ?4"
        ))?;
        let starts = std::iter::once("").chain(busy.iter().map(String::as_str));
        let ends = busy.iter().map(Some).chain(std::iter::once(None));
        let (now, since) = (self.now.as_millis(), self.kept_since.as_millis());
        let mut found = Vec::new();
        for (start, end) in starts.zip(ends) {
            let parameters = params![self.queue, now, since, count(limit), start, end];
            let rows = statement.query_map(parameters, |row| candidate(row, self.now))?;
            found.extend(rows.collect::<Result<Vec<_>, _>>()?);
        }
        found.sort_by_key(|candidate| (candidate.message.sent_at, candidate.id));
        found.truncate(limit);
        Ok(found)
    }
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn candidate(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Candidate> {
    let body: String = row.get(2)?;
    let first: Option<i64> = row.get(6)?;
    let group: String = row.get(8)?;
    let message = ReceivedMessage {
        message_id: row.get(1)?,
        receipt_handle: String::new(),
        md5_of_body: digest::of_body(&body),
        body,
        attributes: MessageAttributes::new(),
        sent_at: Timestamp::from_millis(row.get(4)?),
        first_received_at: first.map_or(now, Timestamp::from_millis),
        receive_count: row.get::<_, u32>(5)? + 1,
        moved_from: row.get(7)?,
        group: Some(group).filter(|group| !group.is_empty()),
        trace: row.get(9)?,
    };
    Ok(Candidate { id: row.get(0)?, attributes: row.get(3)?, message })
}
