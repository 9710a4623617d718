//! What is published: the API description, the webhooks guide, and what documents refer to.

pub(crate) mod openapi;
pub(crate) mod references;
pub(crate) mod webhooks_guide;
