//! The name of a provider's webhook that was kept. It says where it is kept: with its job.

use std::fmt;
use std::str::FromStr;

use crate::id::json_text;
use crate::{InvalidField, JobId, Timestamp};

/// Digits of the time in an id: milliseconds until the year 2286.
const TIME_DIGITS: usize = 13;
/// Hexadecimal digits of the random part.
const RANDOM_DIGITS: usize = 16;

/// A provider's webhook. Its text is `in_`, when it came in, random digits, and its job's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InboundId {
    /// The job that it speaks of.
    pub job_id: JobId,
    /// When it came in.
    pub received_at: Timestamp,
    random: u64,
}

impl InboundId {
    /// A new id; `random` tells apart what comes in at the same time.
    pub const fn new(job_id: JobId, received_at: Timestamp, random: [u8; 8]) -> Self {
        Self { job_id, received_at, random: u64::from_be_bytes(random) }
    }

    /// Its place among those of its job, which sorts by time.
    pub fn place(&self) -> String {
        format!("{:013}_{:016x}", self.received_at.as_millis(), self.random)
    }

    /// The id at a [`place`](Self::place) of `job_id`.
    pub fn at(job_id: JobId, place: &str) -> Option<Self> {
        let (time, random) = place.split_once('_')?;
        let digits = |text: &str, count| {
            let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            text.len() == count && text.bytes().all(plain)
        };
        if !digits(time, TIME_DIGITS) || !digits(random, RANDOM_DIGITS) {
            return None;
        }
        let received_at = Timestamp::from_millis(time.parse().ok()?);
        Some(Self { job_id, received_at, random: u64::from_str_radix(random, 16).ok()? })
    }
}

impl fmt::Display for InboundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in_{}_{}", self.place(), self.job_id)
    }
}

impl FromStr for InboundId {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let parts = text.strip_prefix("in_").and_then(|rest| {
            let (place, job_id) = rest.split_at_checked(TIME_DIGITS + 1 + RANDOM_DIGITS)?;
            Self::at(job_id.strip_prefix('_')?.parse().ok()?, place)
        });
        parts.ok_or_else(|| InvalidField::new("inbound", "must be an id, like in_1767225600000_…"))
    }
}

json_text!(InboundId);

#[cfg(test)]
mod tests {
    use super::*;

    fn id(milliseconds: i64) -> InboundId {
        let job = "job_a-b_c".parse().unwrap_or_else(|_| unreachable!());
        InboundId::new(job, Timestamp::from_millis(milliseconds), [0xab; 8])
    }

    #[test]
    fn says_where_it_is_kept() {
        let text = id(1_767_225_600_000).to_string();
        assert_eq!(text, "in_1767225600000_abababababababab_job_a-b_c");
        assert_eq!(text.parse(), Ok(id(1_767_225_600_000)));
        assert!(id(5).place() < id(6).place());
    }

    #[test]
    fn refuses_what_is_no_id() {
        for text in ["", "in_", "in_1_2_job", "in_1767225600000_ABABABABABABABAB_j", "in_é"] {
            assert!(text.parse::<InboundId>().is_err(), "{text}");
        }
    }
}
