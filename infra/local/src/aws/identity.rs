//! Account, region and keys of the embedded AWS: one of each.

use domain::Secret;

pub use template::{ACCOUNT, REGION, queue_arn};

/// The ARN of the table `name`.
pub fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}")
}

/// The pair of keys that every request must be signed with.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The access key.
    pub access_key: String,
    /// The secret that belongs to it.
    pub secret_key: Secret,
}

impl Keys {
    /// This pair.
    pub fn of(access_key: &str, secret_key: &str) -> Self {
        Self { access_key: access_key.to_owned(), secret_key: Secret::new(secret_key) }
    }

    /// A new pair.
    pub fn random() -> Self {
        let access_key = format!("HOOKREEL{}", hex::encode_upper(runtime::random::bytes::<6>()));
        Self::of(&access_key, &hex::encode(runtime::random::bytes::<20>()))
    }

    /// The pair in a file of the AWS tools' format, if both are there.
    pub fn read(file: &str) -> Option<Self> {
        let value = |name: &str| {
            let mut lines = file.lines().filter_map(|line| line.split_once('='));
            lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
        };
        Some(Self::of(value("aws_access_key_id")?, value("aws_secret_access_key")?))
    }

    /// That file.
    pub fn file(&self) -> String {
        format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\nregion = {REGION}\n",
            self.access_key,
            self.secret_key.expose()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_the_keys() {
        let keys = Keys::random();
        let read = Keys::read(&keys.file()).unwrap();
        assert_eq!((read.access_key, read.secret_key), (keys.access_key, keys.secret_key));
        assert!(Keys::read("[default]\n").is_none());
    }
}
