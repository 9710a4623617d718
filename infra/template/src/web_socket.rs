//! The WebSocket API: its stage and its routes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::TemplateError;
use crate::document::typed;
use crate::events::last_part;
use crate::intrinsics::Resolver;
use crate::model::{WebSocketApi, WebSocketRoute};

/// SAM's name of a stage that the template does not name.
const DEFAULT_STAGE: &str = "default";
/// The properties that have an effect here.
const PROPERTIES: [&str; 4] = ["StageName", "RouteSelectionExpression", "Routes", "Auth"];
/// How the expression that selects routes begins.
const SELECTION: &str = "$request.body.";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    stage_name: Option<String>,
    route_selection_expression: String,
    routes: BTreeMap<String, RouteProperties>,
    auth: Option<Auth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RouteProperties {
    function_arn: String,
    route_response_selection_expression: Option<String>,
    // At most API Gateway's own 29 s, which holds here.
    #[serde(rename = "IntegrationTimeout")]
    _timeout: Option<u64>,
    #[serde(rename = "OperationName")]
    _operation: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Auth {
    auth_type: String,
}

/// Reads the WebSocket API, of which there is one at most.
pub(super) fn read(resolver: &Resolver<'_>) -> Result<Option<WebSocketApi>, TemplateError> {
    let apis = resolver.resources_of("AWS::Serverless::WebSocketApi")?;
    let api = match &apis[..] {
        [] => return Ok(None),
        [api] => api,
        [_, second, ..] => {
            return Err(TemplateError::at(&second.path(), "one WebSocket API is run here"));
        }
    };
    let path = api.path();
    let properties: Properties = typed(resolver.properties(api, &PROPERTIES)?, &path)?;
    if properties.auth.is_some_and(|auth| auth.auth_type != "NONE") {
        let problem = "must be NONE: the function of $connect decides";
        return Err(TemplateError::at(&path.key("Auth").key("AuthType"), problem));
    }
    let Some(selector) = properties.route_selection_expression.strip_prefix(SELECTION) else {
        let problem = format!("must be {SELECTION} and the name of a member");
        return Err(TemplateError::at(&path.key("RouteSelectionExpression"), problem));
    };
    let route = |(key, route): (String, RouteProperties)| {
        let function = last_part(&route.function_arn, ':').to_owned();
        let responds = route.route_response_selection_expression.is_some();
        (key, WebSocketRoute { function, responds })
    };
    Ok(Some(WebSocketApi {
        stage: properties.stage_name.unwrap_or_else(|| DEFAULT_STAGE.to_owned()),
        selector: selector.to_owned(),
        routes: properties.routes.into_iter().map(route).collect(),
    }))
}
