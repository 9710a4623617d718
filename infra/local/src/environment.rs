//! The environment variables of a function on this machine.

use std::collections::BTreeMap;

use providers::registry;
use runtime::Environment;

use crate::aws::identity::REGION;
use crate::data_folder::{DataFolder, DataFolderError};
use crate::template::Function;

/// Starts a dynamic reference: a value that CloudFormation looks up during a deployment.
const REFERENCE: &str = "{{resolve:";

/// The variable with the operator's notification service.
const NOTIFICATION_SERVICE: &str = "NOTIFICATION_SERVICE_URL";

/// The variable with the public address of the API.
const API_BASE_URL: &str = "API_BASE_URL";

/// The name that web apps which train models have for it.
const PUBLIC_APP_URL: &str = "NEXT_PUBLIC_APP_URL";

/// The template's parameter with that address.
pub const API_BASE_URL_PARAMETER: &str = "ApiBaseUrl";

/// Variables that every function has on this machine, even if the template does not list them.
const EVERYWHERE: [&str; 2] = ["OUTBOUND_ALLOW_LOOPBACK", "OUTBOUND_REFUSED_PORTS"];

/// The values of `chosen`, and what holds on this machine unless it was chosen otherwise: the
/// API's own address, that webhooks may go to receivers beside it but not to its `own_ports`, and an
/// account at each provider. The variable of the API's, a provider's or the notification
/// service's address sets the template's parameter of that name too.
pub fn with_local_settings(
    mut chosen: BTreeMap<String, String>,
    api_url: &str,
    own_ports: [u16; 2],
) -> BTreeMap<String, String> {
    let refused = own_ports.map(|port| port.to_string()).join(" ");
    let settings = || registry::PROVIDERS.iter().map(|provider| provider.settings());
    let accounts = settings().filter_map(|settings| settings.account);
    for (name, value) in EVERYWHERE.into_iter().zip(["true", &*refused]).chain(accounts) {
        chosen.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    let names = settings().flat_map(|one| [Some(one.url), one.account.map(|(name, _)| name)]);
    for name in names.flatten().chain([API_BASE_URL, NOTIFICATION_SERVICE]) {
        if let Some(value) = chosen.get(name).cloned() {
            chosen.entry(parameter(name)).or_insert(value);
        }
    }
    let public = chosen.get(PUBLIC_APP_URL).map_or(api_url, String::as_str).to_owned();
    chosen.entry(API_BASE_URL_PARAMETER.to_owned()).or_insert(public);
    chosen
}

/// The template's parameter for a variable: `RunpodBaseUrl` for `RUNPOD_BASE_URL`.
fn parameter(variable: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{first}{}", rest.to_ascii_lowercase())
    };
    variable.split('_').map(word).collect()
}

/// The variables of `function`. A secret that is set nowhere is generated and kept in
/// `folder`.
pub fn of_function(
    function: &Function,
    chosen: &BTreeMap<String, String>,
    folder: &DataFolder,
) -> Result<Environment, DataFolderError> {
    let mut pairs = vec![
        ("AWS_LAMBDA_FUNCTION_NAME".to_owned(), function.name.clone()),
        ("AWS_REGION".to_owned(), REGION.to_owned()),
    ];
    let everywhere = chosen.iter().filter(|(name, _)| EVERYWHERE.contains(&name.as_str()));
    pairs.extend(everywhere.map(|(name, value)| (name.clone(), value.clone())));
    for (name, value) in &function.environment {
        pairs.push((name.clone(), with_secrets(value, folder)?));
    }
    Ok(Environment::from_pairs(pairs))
}

/// `value` with each dynamic reference in it replaced by the secret it stands for.
fn with_secrets(value: &str, folder: &DataFolder) -> Result<String, DataFolderError> {
    let mut filled = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once(REFERENCE) {
        let (reference, after) = after.split_once("}}").unwrap_or((after, ""));
        filled.push_str(before);
        filled.push_str(folder.secret(reference)?.expose());
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn environment(folder: &DataFolder) -> Environment {
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let secret = "{{resolve:secretsmanager:hookreel:SecretString:key}}";
        let function = Function {
            name: "one".to_owned(),
            allows_recursive_loop: false,
            environment: [
                variable("KEY", secret),
                variable("URL", &format!("https://x/?k={secret}&b")),
                variable("PLAIN", "p"),
            ]
            .into(),
            timeout: Duration::from_secs(3),
            routes: Vec::new(),
            queues: Vec::new(),
            streams: Vec::new(),
        };
        let chosen = with_local_settings(BTreeMap::new(), "http://127.0.0.1:1", [1, 2]);
        of_function(&function, &chosen, folder).unwrap()
    }

    #[test]
    fn secrets_are_generated_once_and_filled_in() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(folder.path()).unwrap();
        let environment = environment(&folder);
        let key = environment.get("KEY").unwrap();
        assert_eq!(key.len(), 64);
        assert_eq!(environment.get("URL").unwrap(), format!("https://x/?k={key}&b"));
        assert_eq!(environment.get("PLAIN"), Some("p"));
    }

    #[test]
    fn the_api_has_the_chosen_address_or_else_its_own() {
        let parameter = |chosen: &[(&str, &str)]| {
            let chosen =
                chosen.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let mut all = with_local_settings(chosen.collect(), "http://127.0.0.1:1", [1, 2]);
            all.remove(API_BASE_URL_PARAMETER).unwrap()
        };
        assert_eq!(parameter(&[]), "http://127.0.0.1:1");
        let chosen = ("API_BASE_URL", "https://api.example.com");
        assert_eq!(parameter(&[chosen]), "https://api.example.com");
        let app = ("NEXT_PUBLIC_APP_URL", "https://app.example.com");
        assert_eq!(parameter(&[app]), "https://app.example.com");
        assert_eq!(parameter(&[app, chosen]), "https://api.example.com");
    }

    #[test]
    fn functions_reach_this_machine_but_not_the_cloud_itself() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(folder.path()).unwrap();
        let environment = environment(&folder);
        assert_eq!(environment.get("OUTBOUND_ALLOW_LOOPBACK"), Some("true"));
        assert_eq!(environment.get("OUTBOUND_REFUSED_PORTS"), Some("1 2"));
    }
}
