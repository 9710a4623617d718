//! The settings of a provider: the variables that hold them, and their values.

use std::collections::BTreeMap;
use std::fmt;

use domain::job::OnUncertain;
use domain::{JobKind, Secret};

use crate::call::Auth;
use crate::list::ListPart;
use crate::{Provider, registry};

/// The environment variables of a provider.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Where its API is. A provider without it is not configured.
    pub url: &'static str,
    /// A further variable without which it is not configured, such as an endpoint of the
    /// account; and the value that stands in for it where the provider is emulated.
    pub account: Option<(&'static str, &'static str)>,
    /// Our key to its API.
    pub key: &'static str,
    /// Whether it may ask for none. Then calls carry no proof of who we are.
    pub is_key_optional: bool,
    /// The secret that its webhooks are signed with.
    pub webhook_secret: &'static str,
    /// Further variables that may be absent.
    pub options: &'static [&'static str],
    /// The hosts that its files may come from, as a list; any public host where it is absent.
    pub file_hosts: &'static str,
    /// What to do when the answer to a submission is lost: wait, retry or fail.
    pub on_uncertain: &'static str,
}

/// A provider's settings, as its calls use them.
#[derive(Clone)]
pub struct Account {
    base_url: String,
    key: Option<Secret>,
    on_uncertain: OnUncertain,
    values: BTreeMap<&'static str, String>,
}

/// The providers that are configured.
#[derive(Debug)]
pub struct Accounts(Vec<(&'static str, Account)>);

/// A provider that is configured.
#[derive(Clone, Copy)]
pub struct Configured<'a> {
    /// The provider.
    pub provider: &'static dyn Provider,
    /// Its settings.
    pub account: &'a Account,
}

impl Configured<'_> {
    /// Whether it lists its tasks of jobs of `kind`.
    pub fn has_list(&self, kind: JobKind) -> bool {
        self.provider.list(self.account, kind, &ListPart::Latest).is_some()
    }
}

/// A configured provider lacks a setting, or has one that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not set or cannot be used; {provider} needs it")]
pub struct MissingSetting {
    /// The variable.
    pub name: &'static str,
    /// The provider.
    pub provider: &'static str,
}

impl Settings {
    /// Whether the provider is configured, by what `value` says of the variables.
    pub fn is_configured<'a>(&self, value: impl Fn(&'static str) -> Option<&'a str>) -> bool {
        let names = [Some(self.url), self.account.map(|(name, _)| name)];
        names.into_iter().flatten().all(|name| value(name).is_some())
    }
}

impl Accounts {
    /// Every provider that is configured, by what `value` says of the variables.
    pub fn read<'a>(
        value: impl Fn(&'static str) -> Option<&'a str>,
    ) -> Result<Self, MissingSetting> {
        let account = |provider: &&'static dyn Provider| {
            let account = Account::read(*provider, &value).transpose()?;
            Some(account.map(|account| (provider.name(), account)))
        };
        registry::PROVIDERS.iter().filter_map(account).collect::<Result<_, _>>().map(Self)
    }

    /// The provider that does jobs of `kind`, if it is configured.
    pub fn of(&self, kind: JobKind) -> Option<Configured<'_>> {
        let provider = registry::of(kind)?;
        Some(Configured { provider, account: self.named(provider.name())? })
    }

    /// The account at the provider called `name`, if it is configured.
    pub fn named(&self, name: &str) -> Option<&Account> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, account)| account)
    }
}

impl Account {
    /// The settings of `provider`, by what `value` says of the variables; `None` if it is not
    /// configured.
    pub fn read<'a>(
        provider: &dyn Provider,
        value: impl Fn(&'static str) -> Option<&'a str>,
    ) -> Result<Option<Self>, MissingSetting> {
        let settings = provider.settings();
        let Some(base_url) = value(settings.url).filter(|_| settings.is_configured(&value)) else {
            return Ok(None);
        };
        let (name, provider) = (settings.key, provider.name());
        let key = value(name).map(Secret::new);
        if key.is_none() && !settings.is_key_optional {
            return Err(MissingSetting { name, provider });
        }
        let on_uncertain =
            value(settings.on_uncertain).map_or(Ok(OnUncertain::default()), str::parse);
        let name = settings.on_uncertain;
        let on_uncertain = on_uncertain.map_err(|_| MissingSetting { name, provider })?;
        let names = settings.options.iter().copied().chain(settings.account.map(|(name, _)| name));
        Ok(Some(Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            key,
            on_uncertain,
            values: names.filter_map(|name| Some((name, value(name)?.to_owned()))).collect(),
        }))
    }

    /// The URL of `path` below the API's base URL.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// What to do when the answer to a submission is lost.
    pub const fn on_uncertain(&self) -> OnUncertain {
        self.on_uncertain
    }

    /// Our key, if there is one.
    pub fn key(&self) -> Option<Secret> {
        self.key.clone()
    }

    /// Our key, as a bearer token, if there is one.
    pub fn bearer(&self) -> Auth {
        self.key().map_or(Auth::None, Auth::Bearer)
    }

    /// The value of a further variable; empty if it is absent.
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map(String::as_str).unwrap_or_default()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
