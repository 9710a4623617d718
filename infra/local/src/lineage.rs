//! The lineage of an invocation: how often each function has run in its chain of messages, by which
//! Lambda finds recursive loops. As there, it is a part of the trace header, which the SDK sends and
//! SQS keeps as `AWSTraceHeader`; a function that is invoked by anything else than a queue begins a
//! chain, also by a table's stream. Lambda's lineage has hashes of functions, this one their names.
//!
//! Assumed: of several messages in one batch the longest chain counts, since an invocation has one
//! header for all that it sends.

use std::collections::BTreeMap;

/// How often a function runs in one chain; the next invocation is refused.
pub const MAXIMUM: u32 = 16;

/// The header of SDK calls.
pub const HEADER: &str = "x-amzn-trace-id";

/// The part of the header.
const PART: &str = "Lineage=";

tokio::task_local! {
    static CURRENT: String;
}

/// How often each function has run in a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage(BTreeMap<String, u32>);

impl Lineage {
    /// The lineage in a trace header. What is no lineage begins a chain.
    pub fn read(header: &str) -> Self {
        let part = header.split(';').find_map(|part| part.strip_prefix(PART)).unwrap_or_default();
        let counts = part.split('|').filter_map(|count| count.rsplit_once(':'));
        let counts =
            counts.filter_map(|(name, count)| Some((name.to_owned(), count.parse().ok()?)));
        Self(counts.collect())
    }

    /// That of an invocation with several messages.
    pub fn joined(lineages: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::default();
        for (name, count) in lineages.into_iter().flat_map(|lineage| lineage.0) {
            let longest = joined.0.entry(name).or_default();
            *longest = count.max(*longest);
        }
        joined
    }

    /// Whether `function` has run as often as it may in a chain.
    pub fn is_exhausted(&self, function: &str) -> bool {
        self.0.get(function).is_some_and(|count| *count >= MAXIMUM)
    }

    /// Runs a further invocation of `function` in this chain.
    pub async fn run<F: Future>(mut self, function: &str, invocation: F) -> F::Output {
        *self.0.entry(function.to_owned()).or_default() += 1;
        let counts: Vec<_> = self.0.iter().map(|(name, count)| format!("{name}:{count}")).collect();
        CURRENT.scope(format!("{PART}{}", counts.join("|")), invocation).await
    }

    /// The header of what the invocation that runs now sends; `None` outside of one.
    pub fn current() -> Option<String> {
        CURRENT.try_with(Clone::clone).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_header_counts_each_function_of_its_chain() {
        let start = Lineage::read("Root=1-5759e988;Sampled=1");
        assert_eq!(start, Lineage::default());
        let first = start.run("relay", async { Lineage::current() }).await.unwrap();
        let second = Lineage::read(&first).run("deliver", async { Lineage::current() }).await;
        assert_eq!(second.as_deref(), Some("Lineage=deliver:1|relay:1"));
        assert_eq!(Lineage::current(), None);
    }

    #[test]
    fn of_several_messages_the_longest_chain_counts() {
        let read = |counts: &str| Lineage::read(&format!("Lineage={counts}"));
        let joined = Lineage::joined([read("a:3|b:16"), read("a:4")]);
        assert_eq!(joined, read("a:4|b:16"));
        assert!(joined.is_exhausted("b") && !joined.is_exhausted("a"));
    }
}
