//! Replaces `dynoxide`'s own names of region and shard by names in AWS's form, and back: boto3
//! rejects its shard ids as too short.

use std::borrow::Cow;

/// `dynoxide`'s text, and its replacement. No JSON string of an item can hold the first; the others
/// are replaced only in operations that carry no items.
const NAMES: [(&str, &str); 3] = [
    (r#""awsRegion":"dynoxide""#, r#""awsRegion":"us-east-1""#),
    ("arn:aws:dynamodb:dynoxide:", "arn:aws:dynamodb:us-east-1:"),
    ("shardId-00000001-", "shardId-00000000000000000001-"),
];

/// Operations whose bodies name resources and carry no items.
const ABOUT_RESOURCES: [&str; 13] = [
    "CreateTable",
    "DeleteTable",
    "DescribeTable",
    "UpdateTable",
    "ListTables",
    "UpdateTimeToLive",
    "DescribeTimeToLive",
    "TagResource",
    "UntagResource",
    "ListTagsOfResource",
    "ListStreams",
    "DescribeStream",
    "GetShardIterator",
];

/// The names to replace in that operation.
fn names(operation: &str) -> &'static [(&'static str, &'static str)] {
    match operation {
        "GetRecords" => &NAMES[..1],
        _ if ABOUT_RESOURCES.contains(&operation) => &NAMES[1..],
        _ => &[],
    }
}

/// A request in `dynoxide`'s names.
pub(super) fn inward<'a>(operation: &str, body: &'a [u8]) -> Cow<'a, [u8]> {
    replaced(body, names(operation).iter().map(|(own, shown)| (*shown, *own)))
}

/// An answer in AWS's names.
pub(super) fn outward(operation: &str, body: Vec<u8>) -> Vec<u8> {
    match replaced(&body, names(operation).iter().copied()) {
        Cow::Owned(changed) => changed,
        Cow::Borrowed(_) => body,
    }
}

fn replaced<'a, 'n>(
    body: &'a [u8],
    pairs: impl Iterator<Item = (&'n str, &'n str)>,
) -> Cow<'a, [u8]> {
    let Ok(text) = std::str::from_utf8(body) else { return Cow::Borrowed(body) };
    let changed = pairs.fold(Cow::Borrowed(text), |text, (from, to)| {
        if text.contains(from) { Cow::Owned(text.replace(from, to)) } else { text }
    });
    match changed {
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        Cow::Borrowed(_) => Cow::Borrowed(body),
    }
}
