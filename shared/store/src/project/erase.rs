//! Erasing what a project and its steps were given and have made, in one transaction.

use domain::retention::{Erased, Erasure};
use domain::{OwnerId, Timestamp};

use crate::expressions::Expressions;
use crate::item::attribute;
use crate::job::change::Change;
use crate::{ProjectChanged, Result, Store, WholeProject};

impl Store {
    /// Erases `what` of `whole`, which has ended, for its `owner`.
    pub async fn erase_project(
        &self,
        owner: &OwnerId,
        whole: &WholeProject,
        what: Erasure,
        at: Timestamp,
    ) -> Result<ProjectChanged> {
        let mut update = Expressions::default();
        update.set("erased", attribute(&Erased { at, what })?);
        if what == Erasure::All {
            for name in ["webhook_url", "metadata", "error", "history"] {
                update.remove(name);
            }
        }
        let mut writes = vec![self.project_item(&whole.project, update)?];
        if what == Erasure::All {
            writes.push(self.plan_item(&whole.project, &whole.plan.without_text(), at)?);
        }
        for job in whole.jobs.values() {
            writes.push(self.change_item(job, &Change::erased(job, owner, what, at)?)?);
        }
        self.change_project(writes).await
    }
}
