//! The ids that clients' idempotency keys stand for. They are MACs: a client's key may be the number
//! of an order, which must not follow from an id by trying, nor an id from the key.

use domain::model::ModelName;
use domain::{EndpointId, JobId, ModelId, OwnerId, ProjectId, Secret};

use crate::InvalidSecret;
use crate::mac::{Labelled, check_master};

const LABEL: &str = "hookreel idempotency id 1";

/// Makes ids of idempotency keys. A `generation` counts how often a key has expired (after 24 h) and
/// been used again.
#[derive(Debug, Clone)]
pub struct IdempotencyIds(Labelled);

impl IdempotencyIds {
    /// The ids under the master secret, which must have at least 16 bytes.
    pub fn new(master: &Secret) -> Result<Self, InvalidSecret> {
        check_master(master)?;
        Ok(Self(Labelled::new(master)))
    }

    /// The job that `owner`'s key stands for.
    pub fn job(&self, owner: &OwnerId, key: &str, generation: u32) -> JobId {
        JobId::keyed(self.mac("job", owner, key, generation))
    }

    /// The project that it stands for.
    pub fn project(&self, owner: &OwnerId, key: &str, generation: u32) -> ProjectId {
        ProjectId::keyed(self.mac("project", owner, key, generation))
    }

    /// The endpoint that it stands for.
    pub fn endpoint(&self, owner: &OwnerId, key: &str, generation: u32) -> EndpointId {
        EndpointId::keyed(self.mac("endpoint", owner, key, generation))
    }

    /// The model that `owner`'s trainings put in `destination`.
    pub fn model(&self, owner: &OwnerId, destination: &ModelName) -> ModelId {
        ModelId::keyed(self.mac("model", owner, destination.as_str(), 0))
    }

    fn mac(&self, kind: &str, owner: &OwnerId, key: &str, generation: u32) -> [u8; 32] {
        self.0.mac(&[LABEL, kind, owner.as_str(), key, &generation.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(master: &str) -> IdempotencyIds {
        IdempotencyIds::new(&Secret::new(master)).unwrap()
    }

    #[test]
    fn a_key_stands_for_one_id_of_one_owner_generation_and_master() {
        let id = |owner: &str, key, generation| {
            ids("0123456789abcdef").job(&OwnerId::new(owner), key, generation)
        };
        assert_eq!(id("a", "key", 0), id("a", "key", 0));
        assert_ne!(id("a", "key", 0), id("b", "key", 0));
        assert_ne!(id("a", "key", 0), id("a", "key", 1));
        assert_ne!(id("ab", "c", 0), id("a", "bc", 0));
        assert_ne!(id("a", "key", 0), ids("0123456789abcdeF").job(&OwnerId::new("a"), "key", 0));
        assert_ne!(id("a", "key", 0), JobId::unkeyed(&OwnerId::new("a"), "key", 0));
    }

    #[test]
    fn each_kind_has_ids_of_its_own() {
        let (ids, owner) = (ids("0123456789abcdef"), OwnerId::new("a"));
        let (job, project) = (ids.job(&owner, "key", 0), ids.project(&owner, "key", 0));
        let endpoint = ids.endpoint(&owner, "key", 0);
        let hex = |id: &str| id.split_once('_').unwrap().1.to_owned();
        assert_ne!(hex(job.as_str()), hex(project.as_str()));
        assert_ne!(hex(job.as_str()), hex(endpoint.as_str()));
    }
}
