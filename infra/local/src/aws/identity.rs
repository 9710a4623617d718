//! Account, region and keys of the embedded AWS: one of each. Nothing leaves the machine, so the
//! keys are not secret.

/// The region of everything.
pub const REGION: &str = "us-east-1";
/// The account of everything.
pub const ACCOUNT: &str = "000000000000";
/// The access key that signs S3 requests; the other services accept any.
pub const ACCESS_KEY: &str = "hookreel";
/// The secret that belongs to [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "hookreel-local";

/// The ARN of the queue of that name.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}
