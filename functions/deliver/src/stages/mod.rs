//! The stages of a webhook, each a type of its own, so that none can be left out.
//!
//! The message and what the table has ([`planned`]) → it may be sent now ([`admitted`]) → it was
//! sent, and how that went ([`attempted`]) → what is to be recorded ([`settled`]). A stage imports
//! those before it and none after it.

pub(crate) mod admitted;
pub(crate) mod attempted;
pub(crate) mod planned;
pub(crate) mod settled;
