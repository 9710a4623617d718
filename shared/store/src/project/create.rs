//! Creating a project with its plan and its first step, in one transaction.

use domain::project::{Plan, Step};
use domain::{Project, SceneId};

use crate::item::{expiry, item};
use crate::keys::{self, EXPIRES_AT};
use crate::{Created, Result, Store, listing};

impl Store {
    /// Saves a new project with its first step, `queued`, unless its id is taken.
    pub async fn create_project(&self, project: &Project, plan: &Plan) -> Result<Created<Project>> {
        let mut itself = item(keys::project(&project.id), "project", project)?;
        let list = keys::projects(&project.owner);
        itself.extend(listing::entry(&list, project.created_at, &project.id));
        let mut plan = item(keys::plan(&project.id), "plan", plan)?;
        plan.extend(project.expires_at.map(|at| (EXPIRES_AT.to_owned(), expiry(at))));
        let step = Step::video(project.id.clone(), SceneId::FIRST);
        let first = step.new_job(project, project.created_at);
        let first = item(keys::job(&first.id), "job", &first)?;
        self.create_all("create a project", itself, [plan, first]).await
    }
}
