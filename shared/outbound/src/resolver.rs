//! The look-up of host names, checked: what it returns is what is connected to, so a name
//! cannot lead to one address when it is checked and to another when it is used.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{Guard, Refused};

/// Finds the addresses of a host name.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of `name`.
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Asks the machine's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// Refuses a name as soon as one of its addresses is refused: a receiver with honest addresses
/// has no reason to list another.
pub(crate) struct CheckedResolver {
    pub(crate) guard: Guard,
    pub(crate) lookup: Arc<dyn Lookup>,
}

impl CheckedResolver {
    fn check(guard: &Guard, name: &str, found: &[IpAddr]) -> Result<(), Refused> {
        found.iter().try_for_each(|address| guard.check_resolved(name, *address))
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        let lookup = self.lookup.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let found = lookup.await?;
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            Self::check(&guard, name.as_str(), &found)?;
            // Port 0 stands for that of the URL.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
