//! The clients that pull providers' files: one for each provider whose hosts are listed, and one
//! for all others.

use std::str::FromStr;

use domain::JobKind;
use domain::job::SourceFile;
use outbound::{Client, Guard, HostPattern, Ports};
use providers::{Accounts, Provider, registry};
use runtime::{Environment, StartError};

/// The clients.
#[derive(Debug)]
pub(crate) struct Sources {
    any: Client,
    listed: Vec<(&'static str, Client)>,
}

/// The hosts that a provider's files may come from.
struct Hosts(Vec<HostPattern>);

impl FromStr for Hosts {
    type Err = outbound::host::InvalidPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        HostPattern::parse_list(text).map(Self)
    }
}

impl Sources {
    pub(crate) fn new(environment: &Environment) -> Result<Self, StartError> {
        let allow_loopback = environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?;
        let refused_ports = environment.parsed("OUTBOUND_REFUSED_PORTS", Ports::default())?;
        let client = |allowed_hosts| {
            let refused_ports = refused_ports.clone();
            Client::new(Guard { allow_loopback, refused_ports, allowed_hosts })
                .map_err(|error| StartError::client("the HTTP client", &error))
        };
        let accounts = Accounts::read(|name| environment.get(name))
            .map_err(|missing| StartError::Missing { name: missing.name })?;
        let mut listed = Vec::new();
        for provider in registry::PROVIDERS {
            let default = Hosts(
                HostPattern::parse_list(provider.default_file_hosts())
                    .map_err(|error| StartError::client("a provider's file hosts", &error))?,
            );
            let Hosts(hosts) = environment.parsed(provider.settings().file_hosts, default)?;
            if hosts.is_empty() {
                continue;
            }
            let auth = accounts.named(provider.name()).and_then(|of| provider.file_auth(of));
            let client = client(Some(hosts.clone()))?;
            let client = match auth {
                Some(key) => client
                    .with_key(hosts, &key)
                    .map_err(|error| StartError::client("a provider's key", &error))?,
                None => client,
            };
            listed.push((provider.name(), client));
        }
        Ok(Self { any: client(None)?, listed })
    }

    /// The client for what may lie at any public host.
    pub(crate) const fn any(&self) -> &Client {
        &self.any
    }

    /// Whether `file` of a job of `kind` may be pulled from where it is.
    pub(crate) fn takes(&self, kind: JobKind, file: &SourceFile) -> bool {
        self.client(kind).check_source(&file.url).is_ok()
    }

    /// The client for the files of jobs of `kind`.
    pub(crate) fn client(&self, kind: JobKind) -> &Client {
        let provider = registry::of(kind).map(Provider::name);
        let listed = self.listed.iter().find(|(name, _)| Some(*name) == provider);
        listed.map_or(&self.any, |(_, client)| client)
    }
}
