//! What a provider's webhook does to the job that it speaks of: when it comes in, when it is
//! tried again because it came too early, and when an owner has it acted on again.

mod again;
mod answer;
mod rate_limit;
mod runpod;
mod scene;
mod scene_webhook;

use store::Store;

pub use again::AgainError;
pub use scene::Reception;
pub use scene_webhook::SceneWebhook;

/// Acts on providers' webhooks.
#[derive(Debug, Clone)]
pub struct Intake {
    store: Store,
}

impl Intake {
    /// Acts on the jobs in `store`.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}
