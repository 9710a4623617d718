//! The `Range` header, as far as one file and one range go (RFC 9110, section 14).

use std::ops::Range;

/// What part of a file to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it: no range was asked for, or one that a server may pass over.
    Whole,
    /// These bytes, at least one.
    Bytes(Range<u64>),
    /// Nothing: the range lies outside the file.
    Unsatisfiable,
}

/// Reads `header` for a file of `length` bytes. Several ranges at once are passed over.
pub(crate) fn part(header: Option<&str>, length: u64) -> Part {
    let asked = header.and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((first, last)) = asked.and_then(|spec| spec.split_once('-')) else {
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
    fn reads_the_three_forms() {
        assert_eq!(part(Some("bytes=2-5"), 10), Part::Bytes(2..6));
        assert_eq!(part(Some("bytes=2-"), 10), Part::Bytes(2..10));
        assert_eq!(part(Some("bytes=-3"), 10), Part::Bytes(7..10));
        assert_eq!(part(Some("bytes=0-99"), 10), Part::Bytes(0..10));
    }

    #[test]
    fn refuses_what_lies_outside() {
        assert_eq!(part(Some("bytes=10-"), 10), Part::Unsatisfiable);
        assert_eq!(part(Some("bytes=-0"), 10), Part::Unsatisfiable);
    }

    #[test]
    fn passes_over_what_it_need_not_understand() {
        for header in ["bytes=5-2", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b", "bytes=-"] {
            assert_eq!(part(Some(header), 10), Part::Whole, "{header}");
        }
        assert_eq!(part(None, 10), Part::Whole);
    }
}
