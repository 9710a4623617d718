//! Which secrets sign: those of an owner, for the URLs given with jobs, and those of each endpoint.

use domain::endpoint::RotationMark;
use domain::secret_versions::SecretVersions;
use domain::{EndpointId, OwnerId};
use serde::{Deserialize, Serialize};

use crate::expressions::Expressions;
use crate::item::{attribute, number, read, text};
use crate::keys::{self, Attributes, ENTITY};
use crate::{Result, Store};

/// Which of an owner's own secrets are valid. Until the first rotation there is no item, and
/// the first version is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerSigning {
    /// The versions.
    pub secrets: SecretVersions,
    /// The request that made the present version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationMark>,
    /// The requests that made earlier versions, as long as their keys are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_rotations: Vec<RotationMark>,
}

impl Store {
    /// Which of the owner's own secrets are valid.
    pub async fn owner_signing(&self, owner: &OwnerId) -> Result<OwnerSigning> {
        let item = self.get("read a secret's versions", keys::owner_signing(owner)).await?;
        item.map_or_else(|| Ok(OwnerSigning::default()), read)
    }

    /// Saves a rotation of the owner's own secret, unless another has come first; whether it did.
    /// `marks` are the requests to remember, that of this rotation first.
    pub async fn rotate_owner_secret(
        &self,
        owner: &OwnerId,
        secrets: &SecretVersions,
        marks: &[RotationMark],
    ) -> Result<bool> {
        let mut update = Expressions::default();
        update.set(ENTITY, text("signing"));
        let unless_there = if secrets.current == 2 { "attribute_not_exists(PK) OR " } else { "" };
        let key = keys::owner_signing(owner);
        self.save_rotation(key, update, secrets, marks, unless_there).await
    }

    /// Saves a rotation of an endpoint's secret, on the same condition.
    pub async fn rotate_endpoint_secret(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
        secrets: &SecretVersions,
        marks: &[RotationMark],
    ) -> Result<bool> {
        let key = keys::endpoint(owner, id);
        self.save_rotation(key, Expressions::default(), secrets, marks, "").await
    }

    async fn save_rotation(
        &self,
        key: Attributes,
        mut update: Expressions,
        secrets: &SecretVersions,
        marks: &[RotationMark],
        or: &str,
    ) -> Result<bool> {
        update.set("secrets", attribute(secrets)?);
        if let Some((mark, earlier)) = marks.split_first() {
            update.set("rotation", attribute(mark)?);
            update.set("earlier_rotations", attribute(&earlier)?);
        }
        let (path, current) = (update.name("secrets"), update.name("current"));
        let before = update.value(number(secrets.current - 1));
        let condition = format!("{or}{path}.{current} = {before}");
        Ok(self.update("rotate a secret", key, update, condition).await?.is_ok())
    }
}
