//! Account, region and keys of the embedded AWS: one of each. Nothing leaves the machine, so the
//! keys are not secret.

pub use template::{ACCOUNT, REGION, queue_arn};

/// The access key that S3 requests are signed with; the other services take any.
pub const ACCESS_KEY: &str = "hookreel";
/// The secret that belongs to [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "hookreel-local";
