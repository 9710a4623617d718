//! What all handlers and workers of Replicate share.

use domain::{Secret, Timestamp};
use signing::InvalidSecret;
use signing::standard_webhooks::{encode_secret, sign};
use uuid::Uuid;

use super::ReplicateSettings;
use super::catalog::Catalog;
use super::task::ReplicateTask;
use crate::task_store::TaskStore;

/// The state of Replicate.
#[derive(Debug)]
pub(crate) struct Replicate {
    pub tasks: TaskStore<ReplicateTask>,
    pub(super) catalog: Catalog,
    pub(super) webhook_secret: Secret,
}

impl Replicate {
    /// Without tasks. Fails if the webhook secret of the settings cannot sign.
    pub fn new(settings: &ReplicateSettings) -> Result<Self, InvalidSecret> {
        let webhook_secret = settings.webhook_secret.clone().unwrap_or_else(random_secret);
        sign(std::slice::from_ref(&webhook_secret), "probe", Timestamp::from_millis(0), b"")?;
        Ok(Self { tasks: TaskStore::default(), catalog: Catalog::new(settings), webhook_secret })
    }

    /// Does what is due by the clock for every task.
    pub(super) fn settle(&self, settings: &ReplicateSettings) {
        let now = settings.clock.now();
        self.tasks.change_all(|task| task.settle(now, settings.retention));
    }
}

fn random_secret() -> Secret {
    encode_secret(&[Uuid::now_v7().into_bytes(), Uuid::now_v7().into_bytes()].concat())
}
