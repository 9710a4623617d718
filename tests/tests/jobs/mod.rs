//! Jobs: the client API, the whole flow, faults.

pub(crate) mod bounds;
pub(crate) mod cancel;
pub(crate) mod download;
pub(crate) mod erase;
pub(crate) mod erase_deliveries;
pub(crate) mod errors;
pub(crate) mod faults;
pub(crate) mod files;
pub(crate) mod flows;
pub(crate) mod handover;
pub(crate) mod idempotency;
pub(crate) mod large_files;
pub(crate) mod lifecycle;
pub(crate) mod list;
pub(crate) mod money;
pub(crate) mod options;
pub(crate) mod poison;
pub(crate) mod provider_circuit;
pub(crate) mod refused_input;
pub(crate) mod uncertain;
pub(crate) mod voices;
