//! Everything that is stored, to see that nothing of it has changed.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;

use crate::{World, templates};

/// The items of the table, as text, by their keys.
pub type Items = BTreeMap<String, String>;

impl World {
    /// The items of the table, but for what is kept of every webhook that comes in and for the
    /// count of them.
    pub async fn items(&self) -> Items {
        let mut items = self.all_items().await;
        items.retain(|key, _| !key.contains(" INBOUND#") && !key.starts_with("RATE#"));
        items
    }

    /// All items of the table.
    pub async fn all_items(&self) -> Items {
        let client = aws_sdk_dynamodb::Client::new(&self.cloud.aws().sdk_config("tests"));
        let scan = client.scan().table_name(templates::table()).into_paginator();
        let found = scan.items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
        let line = |item: HashMap<String, AttributeValue>| {
            let key = format!("{} {}", item["PK"].as_s().unwrap(), item["SK"].as_s().unwrap());
            (key, text(&AttributeValue::M(item)))
        };
        found.into_iter().map(line).collect()
    }

    /// The keys of everything in the bucket.
    pub async fn objects(&self) -> Vec<String> {
        let client = aws_sdk_s3::Client::new(&self.cloud.aws().sdk_config("tests"));
        let list = client.list_objects_v2().bucket(templates::bucket()).into_paginator().send();
        let pages = list.collect::<Result<Vec<_>, _>>().await.unwrap();
        let objects = pages.iter().flat_map(ListObjectsV2Output::contents);
        objects.map(|object| object.key().unwrap().to_owned()).collect()
    }
}

/// The members of maps come in any order.
fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(members) => {
            let sorted: BTreeMap<_, _> =
                members.iter().map(|(name, value)| (name, text(value))).collect();
            format!("{sorted:?}")
        }
        AttributeValue::L(values) => format!("{:?}", values.iter().map(text).collect::<Vec<_>>()),
        scalar => format!("{scalar:?}"),
    }
}
