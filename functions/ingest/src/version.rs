//! Which version of a file an answer belongs to. Pure.

use outbound::Download;

/// What an answer states about the version of its file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) total: Option<u64>,
    /// Compressed on the way: its offsets are not those of the file.
    pub(crate) is_encoded: bool,
}

impl Version {
    pub(crate) fn of(download: &Download) -> Self {
        Self {
            etag: download.etag.clone(),
            last_modified: download.last_modified.clone(),
            total: download.total_length,
            is_encoded: download.is_encoded,
        }
    }

    /// Its `ETag`, if that proves two parts to be of one version.
    pub(crate) fn strong_etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| !is_weak(etag))
    }

    /// Whether an answer to a further request can be proved to belong to this version.
    pub(crate) const fn can_resume(&self) -> bool {
        !self.is_encoded && (self.etag.is_some() || self.last_modified.is_some())
    }

    /// Whether `part` is proved to be a part of this version: all that both state is equal, and one
    /// validator is among it. A weak `ETag` proves it together with the same total alone.
    pub(crate) fn continues_as(&self, part: &Self) -> bool {
        let same_total = self.total.is_some() && self.total == part.total;
        let same_date = self.last_modified.is_some() && self.last_modified == part.last_modified;
        let proved = match (&self.etag, &part.etag) {
            (Some(etag), Some(other)) => etag == other && !is_weak(etag) || same_total,
            _ => same_date && same_total,
        };
        proved && !part.is_encoded && self.agrees_with(part)
    }

    /// Whether nothing that both state differs.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let etags = (self.etag.as_deref().map(opaque), other.etag.as_deref().map(opaque));
        agree(etags.0, etags.1)
            && agree(self.last_modified.as_ref(), other.last_modified.as_ref())
            && agree(self.total, other.total)
    }
}

fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

fn is_weak(etag: &str) -> bool {
    etag.starts_with("W/")
}

/// The tag without its mark of weakness: a proxy may weaken it on the way.
fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: &str, last_modified: &str, total: u64) -> Version {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Version {
            etag: some(etag),
            last_modified: some(last_modified),
            total: (total > 0).then_some(total),
            is_encoded: false,
        }
    }

    #[test]
    fn part_has_to_prove_its_version() {
        for (first, part, continues) in [
            (("a", "", 9), ("a", "", 9), true),
            (("a", "", 9), ("a", "", 0), true),
            (("a", "", 0), ("a", "mon", 9), true),
            (("a", "", 9), ("b", "", 9), false),
            (("a", "", 9), ("a", "", 8), false),
            (("a", "mon", 9), ("a", "tue", 9), false),
            (("a", "", 9), ("", "", 9), false),
            (("a", "mon", 9), ("", "mon", 9), true),
            (("", "mon", 9), ("", "mon", 9), true),
            (("", "mon", 0), ("", "mon", 9), false),
            (("", "", 9), ("", "", 9), false),
            (("W/a", "", 9), ("W/a", "", 9), true),
            (("W/a", "", 0), ("W/a", "", 9), false),
            (("W/a", "", 9), ("W/b", "", 9), false),
            (("a", "", 9), ("W/a", "", 9), true),
        ] {
            let (one, other) =
                (version(first.0, first.1, first.2), version(part.0, part.1, part.2));
            assert_eq!(one.continues_as(&other), continues, "{first:?} {part:?}");
        }
    }

    #[test]
    fn compressed_version_is_not_resumed() {
        let plain = version("a", "", 9);
        let encoded = Version { is_encoded: true, ..plain.clone() };
        assert!(plain.can_resume() && !encoded.can_resume() && !plain.continues_as(&encoded));
        assert!(!version("", "", 9).can_resume());
    }
}
