//! The description of the API: schemas of what is answered, from the types that write it, and
//! everything else from the parts in `functions/docs/openapi`.
//!
//! A part is merged over what is there, so it can also say of a generated schema what its type does
//! not.

use domain::delivery_resource::DeliveryResource;
use domain::endpoint_resource::EndpointResource;
use domain::job::OnUncertain;
use domain::model_resource::ModelResource;
use domain::notice::NoticeBody;
use domain::project::body::ProjectEventBody;
use domain::project::resource::ProjectResource;
use domain::project::summary::ProjectSummary;
use domain::resource::{EventBody, JobResource};
use domain::timeline::Entry;
use domain::tts::AudioFormat;
use inbound::InboundResource;
use runtime::ProblemBody;
use runtime::http::Page;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

/// Where the schemas of a description are.
const SCHEMAS: &str = "/components/schemas";

/// What is written by hand, in the order in which it is merged.
const PARTS: [&str; 11] = [
    include_str!("../../../../functions/docs/openapi/base.json"),
    include_str!("../../../../functions/docs/openapi/requests.json"),
    include_str!("../../../../functions/docs/openapi/jobs.json"),
    include_str!("../../../../functions/docs/openapi/projects.json"),
    include_str!("../../../../functions/docs/openapi/models.json"),
    include_str!("../../../../functions/docs/openapi/live.json"),
    include_str!("../../../../functions/docs/openapi/clipping.json"),
    include_str!("../../../../functions/docs/openapi/endpoints.json"),
    include_str!("../../../../functions/docs/openapi/deliveries.json"),
    include_str!("../../../../functions/docs/openapi/provider_callbacks.json"),
    include_str!("../../../../functions/docs/openapi/webhooks.json"),
];

/// The description, in OpenAPI 3.1.
pub fn description() -> serde_json::Result<Value> {
    let mut description = json!({ "components": { "schemas": schemas() } });
    for part in PARTS {
        merge(&mut description, serde_json::from_str(part)?);
    }
    Ok(description)
}

/// The description as its file has it. It is served as it is, so it is indented by little.
pub fn text() -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    let format = PrettyFormatter::with_indent(b" ");
    description()?.serialize(&mut Serializer::with_formatter(&mut text, format))?;
    text.push(b'\n');
    Ok(text)
}

/// The schemas of all that is answered or sent, by name.
fn schemas() -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = SCHEMAS.into();
    settings.transforms.push(Box::new(RecursiveTransform(plain)));
    let mut generator = settings.into_generator();
    let notices = [
        ("EndpointDisabled", notice::<EndpointResource<'_>>(&mut generator)),
        ("DeliveryExhausted", notice::<DeliveryResource<'_>>(&mut generator)),
        ("EndpointTest", notice::<endpoints::TestData>(&mut generator)),
    ];
    for add in [
        of::<creation::Accepted>,
        of::<training_create::AcceptedTraining<'_>>,
        of::<clipping_create::AgentJob>,
        of::<project_create::Accepted>,
        of::<Page<'_, JobResource>>,
        of::<Page<'_, ProjectSummary>>,
        of::<Page<'_, Entry>>,
        of::<Page<'_, EndpointResource<'_>>>,
        of::<Page<'_, DeliveryResource<'_>>>,
        of::<Page<'_, InboundResource<'_>>>,
        of::<Page<'_, ModelResource<'_>>>,
        of::<ProjectResource>,
        of::<EventBody>,
        of::<ProjectEventBody>,
        of::<endpoints::Created<'_>>,
        of::<endpoints::Secrets>,
        of::<endpoints::Recovery>,
        of::<endpoints::AcceptedTest>,
        of::<download::Link>,
        of::<live_ticket_create::Ticket<'_>>,
        of::<ProblemBody<'_>>,
        of::<AudioFormat>,
        of::<tts_create::Spoken<'_>>,
        of::<OnUncertain>,
    ] {
        add(&mut generator);
    }
    let mut schemas = generator.take_definitions(true);
    schemas.get_mut("TimelineEntry").map(name_kinds);
    schemas.extend(notices.map(|(name, schema)| (name.to_owned(), schema)));
    schemas
}

/// Adds the schema of `T`, and those of its members.
fn of<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

/// The schema of a webhook about `T`, whose name is the event's.
fn notice<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = NoticeBody::<T>::json_schema(generator);
    RecursiveTransform(plain).transform(&mut schema);
    schema.to_value()
}

/// What clients and the generators of their code understand best.
fn plain(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    list_values(schema);
    for name in optional(schema) {
        if let Some(member) = schema.get_mut("properties").and_then(|members| members.get_mut(name))
        {
            forbid_null(member);
        }
    }
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint"))
    {
        schema.remove("format");
    }
}

/// Makes one list of an enum whose values are described one by one. Their descriptions become part
/// of its own.
fn list_values(schema: &mut Schema) {
    let Some(options) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let value = |option: &Value| match option.get("enum") {
        Some(values) => values.as_array().cloned(),
        None => option.get("const").map(|value| vec![value.clone()]),
    };
    let Some(values) = options.iter().map(value).collect::<Option<Vec<_>>>() else { return };
    let described = options.iter().filter_map(|option| {
        let (value, text) = (option["const"].as_str()?, option["description"].as_str()?);
        Some(format!("\n- `{value}`: {}", text.replace('\n', " ")))
    });
    let described: String = described.collect();
    let own = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{own}\n{described}");
    schema.insert("description".to_owned(), description.trim().into());
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), values.concat().into());
    schema.remove("oneOf");
}

/// The members that may be absent.
fn optional(schema: &Schema) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &String| required.is_some_and(|names| names.contains(&json!(name)));
    let members = schema.get("properties").and_then(Value::as_object);
    members.into_iter().flat_map(Map::keys).filter(|name| !is_required(name)).cloned().collect()
}

/// A member that may be absent is never null.
fn forbid_null(member: &mut Value) {
    if let Some(Value::Array(types)) = member.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            member["type"] = only.clone();
        }
    }
    if let Some(Value::Array(options)) = member.get_mut("anyOf") {
        options.retain(|option| option["type"] != "null");
        if let ([Value::Object(only)], Value::Object(member)) = (&*options.clone(), member) {
            member.remove("anyOf");
            member.extend(only.clone());
        }
    }
}

/// Gives each kind of entry of a timeline all of its members and a name of its own.
fn name_kinds(schema: &mut Value) {
    let (members, required) = (schema["properties"].take(), schema["required"].take());
    let Some(kinds) = schema["oneOf"].as_array_mut() else { return };
    for kind in kinds {
        let event = kind["properties"]["event"]["const"].as_str().unwrap_or_default();
        let words = event.split('_').map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        });
        kind["title"] = format!("Timeline{}", words.collect::<String>()).into();
        merge(&mut kind["properties"], members.clone());
        if let (Value::Array(names), Value::Array(common)) = (&mut kind["required"], &required) {
            names.extend(common.iter().cloned());
        }
    }
    merge(schema, json!({ "properties": null, "required": null }));
}

/// Merges `patch` into `target`: members of objects one by one, null removes what is there, and
/// what is not there is added as it is.
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(members)) => {
            for (name, value) in members {
                match target.get_mut(&name) {
                    Some(_) if value.is_null() => drop(target.remove(&name)),
                    Some(there) => merge(there, value),
                    None => drop(target.insert(name, value)),
                }
            }
        }
        (target, patch) => *target = patch,
    }
}
