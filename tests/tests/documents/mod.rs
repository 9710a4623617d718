//! What is published: the API description and the webhooks guide.

pub(crate) mod openapi;
pub(crate) mod webhooks_guide;
