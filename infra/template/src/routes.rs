//! The routes of the HTTP API and their authorizers.

use serde::Deserialize;
use serde_json::Value as Json;
use serde_yaml_ng::Value;

use crate::document::typed;
use crate::error::{Path, TemplateError};
use crate::events::last_part;
use crate::intrinsics::Resolver;
use crate::model::{Authorizer, Route};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteEvent {
    path: Option<String>,
    method: Option<String>,
    auth: Option<RouteAuth>,
    #[serde(rename = "ApiId")]
    _api: Option<String>,
    #[serde(rename = "PayloadFormatVersion")]
    payload_format: Option<String>,
    // The integration's timeout is at most the gateway's own 30 s, which holds here.
    #[serde(rename = "TimeoutInMillis")]
    _timeout: Option<u64>,
    #[serde(rename = "RouteSettings")]
    _settings: Option<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteAuth {
    authorizer: Option<String>,
}

/// Reads one `HttpApi` event.
pub(super) fn read(
    resolver: &Resolver<'_>,
    properties: Json,
    path: &Path,
) -> Result<Route, TemplateError> {
    let event: RouteEvent = typed(properties, path)?;
    if event.payload_format.as_deref().is_some_and(|version| version != "2.0") {
        return Err(TemplateError::at(path, "only payload format 2.0 is run here"));
    }
    let auth = api_auth(resolver)?;
    let chosen = event.auth.and_then(|auth| auth.authorizer);
    let name = chosen.or_else(|| auth.as_ref().and_then(|auth| auth.default_authorizer.clone()));
    let authorizer = match name.filter(|name| name != "NONE") {
        Some(name) => Some(authorizer(auth, &name, path)?),
        None => None,
    };
    let method = event.method.as_deref().unwrap_or("ANY").to_uppercase();
    Ok(Route {
        method: if method == "X-AMAZON-APIGATEWAY-ANY-METHOD" { "ANY".to_owned() } else { method },
        path: event.path.unwrap_or_else(|| "$default".to_owned()),
        authorizer,
    })
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct ApiAuth {
    default_authorizer: Option<String>,
    #[serde(default)]
    authorizers: std::collections::BTreeMap<String, LambdaAuthorizer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LambdaAuthorizer {
    function_arn: String,
    #[serde(default)]
    authorizer_payload_format_version: Json,
    #[serde(default)]
    enable_simple_responses: bool,
    #[serde(default)]
    identity: Identity,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    #[serde(default)]
    headers: Vec<String>,
}

/// The authorizers of the template's API, else of `Globals`.
fn api_auth(resolver: &Resolver<'_>) -> Result<Option<ApiAuth>, TemplateError> {
    let apis = resolver.resources_of("AWS::Serverless::HttpApi")?;
    let own = apis.iter().find_map(|api| Some((api.property("Auth")?, api.path().key("Auth"))));
    let global = || {
        let auth: &Value = resolver.document.at(&["Globals", "HttpApi", "Auth"])?;
        Some((auth, Path::root("Globals").key("HttpApi").key("Auth")))
    };
    let Some((auth, path)) = own.or_else(global) else { return Ok(None) };
    let auth = resolver.resolve(auth, &path)?.unwrap_or_default();
    typed(auth, &path).map(Some)
}

fn authorizer(auth: Option<ApiAuth>, name: &str, path: &Path) -> Result<Authorizer, TemplateError> {
    let found = auth.and_then(|mut auth| auth.authorizers.remove(name));
    let Some(authorizer) = found else {
        return Err(TemplateError::at(path, format!("there is no authorizer {name}")));
    };
    let version = &authorizer.authorizer_payload_format_version;
    let is_two = version.as_str() == Some("2.0") || version.as_f64() == Some(2.0);
    if !is_two || !authorizer.enable_simple_responses {
        let problem = format!("{name} must use payload format 2.0 with simple responses");
        return Err(TemplateError::at(path, problem));
    }
    Ok(Authorizer {
        function: last_part(&authorizer.function_arn, ':').to_owned(),
        identity_headers: authorizer.identity.headers.iter().map(|h| h.to_lowercase()).collect(),
    })
}
