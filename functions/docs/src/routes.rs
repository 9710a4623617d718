//! Which methods a path takes, by the API's description.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The part of an OpenAPI document that tells.
#[derive(Deserialize)]
#[allow(clippy::zero_sized_map_values, reason = "no set can be read from an object")]
struct Description {
    paths: BTreeMap<String, BTreeMap<String, IgnoredAny>>,
}

/// The methods of `path` in `openapi`, as the header `Allow` lists them; `None` where there is
/// no such path.
pub(crate) fn allowed(openapi: &str, path: &str) -> Result<Option<String>, serde_json::Error> {
    let Description { paths } = serde_json::from_str(openapi)?;
    let methods = paths.into_iter().find(|(template, _)| fits(template, path));
    Ok(methods.map(|(_, methods)| {
        let mut names: Vec<_> = methods.keys().map(|method| method.to_ascii_uppercase()).collect();
        if methods.contains_key("get") {
            names.push("HEAD".to_owned());
        }
        names.join(", ")
    }))
}

/// Whether `path` has the form of `template`, in which `{…}` stands for any one segment.
fn fits(template: &str, path: &str) -> bool {
    let (wanted, segments) = (template.split('/'), path.split('/'));
    let fit = |(wanted, segment): (&str, &str)| {
        wanted == segment || (wanted.starts_with('{') && !segment.is_empty())
    };
    wanted.clone().count() == segments.clone().count() && wanted.zip(segments).all(fit)
}
