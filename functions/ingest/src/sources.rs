//! The clients that pull providers' files: one for each provider whose hosts are listed, and one
//! for all others.

use bytes::Bytes;
use domain::job::SourceFile;
use domain::{Job, JobKind};
use outbound::{Client, Guard, HostList, HostPattern, Ports, ProviderClient, RetryAfter};
use providers::{Accounts, Configured, Provider, registry};
use runtime::{Environment, StartError};

use crate::error::PullError;

/// The clients.
#[derive(Debug)]
pub(crate) struct Sources {
    any: Client,
    listed: Vec<(&'static str, Client)>,
    /// For what their APIs say themselves.
    api: ProviderClient,
    accounts: Accounts,
}

impl Sources {
    pub(crate) fn new(environment: &Environment) -> Result<Self, StartError> {
        let allow_loopback = environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?;
        let refused_ports = environment.parsed("OUTBOUND_REFUSED_PORTS", Ports::default())?;
        let ours = environment.parsed("OUTBOUND_PRIVATE_HOSTS", HostList::default())?;
        let client = |allowed_hosts, private_hosts| {
            let refused_ports = refused_ports.clone();
            Client::new(Guard { allow_loopback, refused_ports, allowed_hosts, private_hosts })
                .map_err(|error| StartError::client("the HTTP client", &error))
        };
        let accounts = Accounts::read(|name| environment.get(name))
            .map_err(|missing| StartError::Missing { name: missing.name })?;
        let mut listed = Vec::new();
        for provider in registry::PROVIDERS {
            let default = HostList(
                HostPattern::parse_list(provider.default_file_hosts())
                    .map_err(|error| StartError::client("a provider's file hosts", &error))?,
            );
            let HostList(hosts) = environment.parsed(provider.settings().file_hosts, default)?;
            if hosts.is_empty() {
                continue;
            }
            let auth = accounts.named(provider.name()).and_then(|of| provider.file_auth(of));
            // A host of ours is accepted from the provider whose list has it too.
            let client = client(Some(hosts.clone()), ours.0.clone())?;
            let client = match auth {
                Some(key) => client
                    .with_key(hosts, &key)
                    .map_err(|error| StartError::client("a provider's key", &error))?,
                None => client,
            };
            listed.push((provider.name(), client));
        }
        let api = ProviderClient::new(allow_loopback)
            .map_err(|error| StartError::client("the client for providers", &error))?;
        Ok(Self {
            any: client(None, Vec::new())?,
            listed,
            api: api.with_private_hosts(ours),
            accounts,
        })
    }

    /// The client for what may lie at any public host.
    pub(crate) const fn any(&self) -> &Client {
        &self.any
    }

    /// Whether `file` of a job of `kind` may be pulled from where it is.
    pub(crate) fn takes(&self, kind: JobKind, file: &SourceFile) -> bool {
        self.client(kind).check_source(&file.url).is_ok()
    }

    /// All that the task of `job` returned, as JSON. The provider's API is requested for it as a poll
    /// does.
    pub(crate) async fn returned(&self, job: &Job) -> Result<Bytes, PullError> {
        let (Some(Configured { provider, account }), Some(task)) =
            (self.accounts.of(job.kind()), &job.provider_task)
        else {
            let reason = "The provider cannot be asked for what its task returned.";
            return Err(PullError::Final(reason.to_owned()));
        };
        let answer = self.api.call(provider.status(account, job.kind(), task)).await?;
        if !answer.status.is_success() {
            let retry_after = RetryAfter::read(&answer.headers);
            return Err(PullError::Status { status: answer.status, retry_after });
        }
        let returned = provider.returned(&answer.as_answer()).map(Bytes::from);
        returned.ok_or_else(|| {
            PullError::Invalid("The provider does not say what its task returned.".to_owned())
        })
    }

    /// The client for the files of jobs of `kind`.
    pub(crate) fn client(&self, kind: JobKind) -> &Client {
        let provider = registry::of(kind).map(Provider::name);
        let listed = self.listed.iter().find(|(name, _)| Some(*name) == provider);
        listed.map_or(&self.any, |(_, client)| client)
    }
}
