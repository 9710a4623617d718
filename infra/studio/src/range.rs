//! The `Range` header for one file and one range (RFC 9110, section 14).

use std::ops::Range;

/// The part of a file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: no range was requested, or one that a server may ignore.
    Whole,
    /// These bytes, at least one.
    Bytes(Range<u64>),
    /// The range lies outside the file.
    Unsatisfiable,
}

/// Parses `header` for a file of `length` bytes. Several ranges at once are ignored.
pub(crate) fn part(header: Option<&str>, length: u64) -> Part {
    let spec = header.and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else {
        return Part::Whole;
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(suffix)) if first.is_empty() => length.saturating_sub(suffix)..length,
        _ => return Part::Whole,
    };
    if range.is_empty() { Part::Unsatisfiable } else { Part::Bytes(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_are_parsed() {
        assert_eq!(part(Some("bytes=2-5"), 10), Part::Bytes(2..6));
        assert_eq!(part(Some("bytes=2-"), 10), Part::Bytes(2..10));
        assert_eq!(part(Some("bytes=-3"), 10), Part::Bytes(7..10));
        assert_eq!(part(Some("bytes=0-99"), 10), Part::Bytes(0..10));
    }

    #[test]
    fn a_range_outside_the_file_is_unsatisfiable() {
        assert_eq!(part(Some("bytes=10-"), 10), Part::Unsatisfiable);
        assert_eq!(part(Some("bytes=-0"), 10), Part::Unsatisfiable);
    }

    #[test]
    fn malformed_and_multiple_ranges_are_ignored() {
        for header in ["bytes=5-2", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b", "bytes=-"] {
            assert_eq!(part(Some(header), 10), Part::Whole, "{header}");
        }
        assert_eq!(part(None, 10), Part::Whole);
    }
}
