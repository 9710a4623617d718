//! What a provider's webhook does to the job that it reports on: when it is received, when it is
//! retried because it came too early, and when an owner replays it.
//!
//! Invariants: one path for all providers; a job's own conditions decide whether a report still
//! counts, so a webhook takes effect once, in whatever order and number they come. Every fact in
//! an answer is committed. Must not name a provider (see `providers::registry`) nor send a
//! message (`relay` does, from what is saved here).

mod apply;
mod rate_limit;
mod replay;
mod webhook;

use store::Store;

pub use apply::Reception;
pub use replay::ReplayError;
pub use webhook::ProviderWebhooks;

/// Acts on providers' webhooks.
#[derive(Debug, Clone)]
pub struct Intake {
    store: Store,
}

impl Intake {
    /// Acts on the jobs in `store`.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}
