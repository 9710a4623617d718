//! How long a file is retried, and how fast. The first answer is not final: a file may not have
//! reached its storage yet, still be written, or lie behind an error page for a while. Pure.

use std::time::Duration;

use domain::Timestamp;

use crate::lane::Lane;

/// How many receipts there are at least. The message may have waited longer in the queue than the
/// provider keeps the file.
const RECEIPTS: u32 = 3;

/// How long its message has waited in the queue when more wait than are pulled.
const BACKLOG: Duration = Duration::from_secs(10);
/// How long its provider must keep a file that makes way for others then: the slow lane has reached
/// it by that time, even behind sources that it allows [12 minutes](crate::lane).
const LONG_KEPT: Duration = Duration::from_mins(30);

/// A file, or its confirmation, that is retried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    /// When the file was announced.
    pub(crate) since: Timestamp,
    /// How long it is retried from then on.
    pub(crate) retention: Duration,
    /// Which receipt of the message this is, from 1.
    pub(crate) receive_count: u32,
    /// When its message was sent.
    pub(crate) sent_at: Option<Timestamp>,
    /// The lane in which it is pulled, and stays while it is retried.
    pub(crate) lane: Lane,
}

impl Retry {
    /// Whether an earlier run may have stored the file.
    pub(crate) fn is_repeated(self) -> bool {
        self.receive_count > 1 || self.lane == Lane::Slow
    }

    /// Whether what fails at `now` is not retried.
    pub(crate) fn is_over(self, now: Timestamp) -> bool {
        self.receive_count >= RECEIPTS && self.left(now).is_zero()
    }

    /// Whether it leaves the normal lane at `now` to those whose provider deletes them sooner: there is
    /// a backlog, and its own provider keeps it for long yet.
    pub(crate) fn makes_way(self, now: Timestamp) -> bool {
        let waited = self.sent_at.map_or(Duration::ZERO, |sent_at| now.since(sent_at));
        !self.is_repeated() && waited >= BACKLOG && self.left(now) >= LONG_KEPT
    }

    /// How long to wait after a failure at `now`: 1 s, 2 s, 4 s … up to an eighth of the
    /// retention, or as long as the source has `asked` for, but not beyond the retention's end.
    pub(crate) fn delay(self, now: Timestamp, asked: Option<Duration>) -> Duration {
        let doubled = 1 << self.receive_count.saturating_sub(1).min(12);
        let delay = Duration::from_secs(doubled).min(self.retention / 8);
        let delay = delay.max(asked.unwrap_or_default()).min(self.left(now));
        delay.max(Duration::from_secs(1))
    }

    fn left(self, now: Timestamp) -> Duration {
        self.retention.saturating_sub(now.since(self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds after the announcement at which a file that never comes is pulled.
    fn pulls(retention: u64, asked: Option<u64>) -> Vec<u64> {
        let since = Timestamp::from_millis(0);
        let retention = Duration::from_secs(retention);
        let (mut at, mut pulls) = (Duration::ZERO, Vec::new());
        for receive_count in 1.. {
            let retry = Retry { since, retention, receive_count, sent_at: None, lane: Lane::Slow };
            pulls.push(at.as_secs());
            if retry.is_over(since + at) {
                break;
            }
            let delay = retry.delay(since + at, asked.map(Duration::from_secs));
            at += Duration::from_secs(delay.as_secs());
        }
        pulls
    }

    #[test]
    fn several_tries_come_at_once_and_the_last_at_the_end() {
        assert_eq!(pulls(60, None), [0, 1, 3, 7, 14, 21, 28, 35, 42, 49, 56, 60]);
        let usual = pulls(600, None);
        assert_eq!(usual[..7], [0, 1, 3, 7, 15, 31, 63]);
        assert_eq!(usual.last(), Some(&600));
        // Fewer than the queue's `maxReceiveCount`, however long a provider keeps its files.
        assert!(usual.len() < 20 && pulls(3600, None).len() < 25);
    }

    #[test]
    fn retry_after_is_heeded_within_the_retention() {
        assert_eq!(pulls(60, Some(25)), [0, 25, 50, 60]);
        assert_eq!(pulls(60, Some(1_000_000)), [0, 60, 61]);
    }

    #[test]
    fn message_that_comes_late_is_retried_too() {
        let since = Timestamp::from_millis(0);
        let late = |receive_count| {
            let retention = Duration::from_mins(1);
            let retry = Retry { since, retention, receive_count, sent_at: None, lane: Lane::Slow };
            retry.is_over(since + Duration::from_hours(1))
        };
        assert_eq!([1, 2, 3].map(late), [false, false, true]);
    }

    #[test]
    fn what_is_kept_for_long_makes_way_in_a_backlog() {
        let since = Timestamp::from_millis(0);
        let makes_way = |minutes, waited, receive_count, lane| {
            let retention = Duration::from_mins(minutes);
            let retry = Retry { since, retention, receive_count, sent_at: Some(since), lane };
            retry.makes_way(since + Duration::from_secs(waited))
        };
        let (normal, slow) = (Lane::Normal, Lane::Slow);
        assert!(makes_way(55, 10, 1, normal));
        assert!(!makes_way(55, 9, 1, normal), "there is no backlog");
        assert!(!makes_way(10, 10, 1, normal), "it vanishes soon");
        assert!(makes_way(55, 25 * 60, 1, normal) && !makes_way(55, 26 * 60, 1, normal));
        assert!(!makes_way(55, 10, 2, normal), "a retry is no backlog");
        assert!(!makes_way(55, 10, 1, slow), "it goes no further");
    }
}
