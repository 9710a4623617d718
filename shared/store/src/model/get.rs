//! Reading models, each with what is still kept of its trainings.

use domain::model::ModelOutcome;
use domain::{Job, Model, ModelId, OwnerId, limits};

use crate::item::read;
use crate::keys::{self, Attributes};
use crate::listing::{Listed, Wanted};
use crate::{Cursor, Page, Result, Store};

const OPERATION: &str = "read a model";

impl Listed for Model {
    type Id = ModelId;

    fn id(&self) -> &ModelId {
        &self.id
    }

    fn key(id: &ModelId) -> Attributes {
        keys::model(id)
    }

    fn list(owner: &OwnerId) -> String {
        keys::models(owner)
    }
}

impl Store {
    /// The model `id` of `owner` and the jobs of its last trainings, the latest first. Another
    /// owner's model is absent.
    pub async fn find_model(
        &self,
        owner: &OwnerId,
        id: &ModelId,
    ) -> Result<Option<(Model, Vec<Job>)>> {
        let item = self.get(OPERATION, keys::model(id)).await?;
        let model = item.map(read::<Model>).transpose()?.filter(|model| model.owner == *owner);
        let Some(model) = model else { return Ok(None) };
        let shown = model.trainings.iter().rev().take(limits::TRAININGS);
        let mut found = self.by_id::<Job>(OPERATION, shown.clone(), true).await?;
        let jobs: Vec<_> = shown.filter_map(|id| found.remove(id)).collect();
        let latest = jobs.first().filter(|job| job.id == model.latest);
        Ok(Some((model.as_of(latest), jobs)))
    }

    /// At most `limit` of the owner's models from `cursor` on, the one that was first trained last
    /// first.
    pub async fn list_models(
        &self,
        owner: &OwnerId,
        limit: usize,
        cursor: Option<Cursor<ModelId>>,
    ) -> Result<Page<Model, Cursor<ModelId>>> {
        let page = self.list(&Wanted { owner, limit, fits: None, since: None }, cursor).await?;
        let in_training = |model: &&Model| model.outcome == ModelOutcome::Training;
        let latest = page.items.iter().filter(in_training).map(|model| &model.latest);
        let jobs = self.by_id::<Job>(OPERATION, latest, true).await?;
        let shown = |model: Model| {
            let latest = jobs.get(&model.latest);
            model.as_of(latest)
        };
        Ok(Page { items: page.items.into_iter().map(shown).collect(), next: page.next })
    }
}
