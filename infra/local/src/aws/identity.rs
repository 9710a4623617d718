//! The names under which the embedded AWS presents itself. There is one account, one region and
//! one pair of keys: nothing here leaves the machine, so the keys are no secret.

/// The region of everything.
pub const REGION: &str = "us-east-1";
/// The account of everything.
pub const ACCOUNT: &str = "000000000000";
/// The access key that S3 requests are signed with; the other services take any.
pub const ACCESS_KEY: &str = "hookreel";
/// The secret that belongs to [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "hookreel-local";

/// The ARN of the queue of that name.
#[must_use]
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}
