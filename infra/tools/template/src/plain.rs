//! The template as JSON, not resolved: CloudFormation's tags become intrinsic functions in their
//! long form. `!Ref Table` is `{"Ref": "Table"}`, and `!GetAtt Table.Arn` is
//! `{"Fn::GetAtt": ["Table", "Arn"]}`.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_yaml_ng::Value;
use serde_yaml_ng::value::TaggedValue;

/// YAML that is serialized so, in the order of the template.
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a>(pub &'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Tagged(tagged) => intrinsic(tagged, serializer),
            Value::Mapping(mapping) => {
                serializer.collect_map(mapping.iter().map(|(key, value)| (key, Plain(value))))
            }
            Value::Sequence(items) => serializer.collect_seq(items.iter().map(Plain)),
            scalar => scalar.serialize(serializer),
        }
    }
}

fn intrinsic<S: Serializer>(tagged: &TaggedValue, serializer: S) -> Result<S::Ok, S::Error> {
    let tag = tagged.tag.to_string();
    let name = match tag.trim_start_matches('!') {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    };
    let mut map = serializer.serialize_map(Some(1))?;
    match tagged.value.as_str().and_then(|dotted| dotted.split_once('.')) {
        Some(resource_and_attribute) if name == "Fn::GetAtt" => {
            map.serialize_entry(&name, &resource_and_attribute)?;
        }
        _ => map.serialize_entry(&name, &Plain(&tagged.value))?,
    }
    map.end()
}
