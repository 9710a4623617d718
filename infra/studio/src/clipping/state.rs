//! What all handlers and workers of the clipping worker share.

use hmac::digest::InvalidLength;

use super::ClippingSettings;
use super::auth::Proof;
use super::link::Links;
use super::task::ClippingTask;
use crate::task_store::TaskStore;

/// The state of the clipping worker.
#[derive(Debug)]
pub(crate) struct Clipping {
    pub tasks: TaskStore<ClippingTask>,
    pub(super) proof: Proof,
    pub(super) links: Links,
}

impl Clipping {
    /// Without tasks.
    pub fn new(settings: &ClippingSettings) -> Result<Self, InvalidLength> {
        Ok(Self {
            tasks: TaskStore::default(),
            proof: Proof::new(settings)?,
            links: Links::new(settings.link_expiry)?,
        })
    }
}
