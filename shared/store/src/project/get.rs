//! Reading projects.

use std::collections::HashMap;

use domain::project::Plan;
use domain::project::resource::Jobs;
use domain::{OwnerId, Project, ProjectId, ProjectStatus};

use crate::item::read;
use crate::keys::{self, Attributes, ENTITY};
use crate::listing::{Listed, Wanted};
use crate::{Cursor, Page, Result, Store};

/// A project with its plan and its steps.
#[derive(Debug, Clone)]
pub struct WholeProject {
    /// The project.
    pub project: Project,
    /// Its plan.
    pub plan: Plan,
    /// The jobs of its released steps.
    pub jobs: Jobs,
}

impl Listed for Project {
    type Id = ProjectId;

    fn id(&self) -> &ProjectId {
        &self.id
    }

    fn key(id: &ProjectId) -> Attributes {
        keys::project(id)
    }

    fn list(owner: &OwnerId) -> String {
        keys::projects(owner)
    }
}

impl Store {
    /// The owner's project `id` with its plan and steps, read consistently. Another owner's project
    /// is absent.
    pub async fn find_project(
        &self,
        owner: &OwnerId,
        id: &ProjectId,
    ) -> Result<Option<WholeProject>> {
        Ok(self.project(id).await?.filter(|whole| whole.project.owner == *owner))
    }

    /// The project `id` with its plan and steps, for workers.
    pub async fn project(&self, id: &ProjectId) -> Result<Option<WholeProject>> {
        let (mut project, mut plan, mut jobs) = (None, None, HashMap::new());
        let query = self
            .client
            .query()
            .key_condition_expression("PK = :project")
            .expression_attribute_values(":project", keys::project_partition(id))
            .consistent_read(true);
        for item in self.query_all("read a project", query).await? {
            match item.get(ENTITY).and_then(|entity| entity.as_s().ok()).map(String::as_str) {
                Some("project") => project = Some(read(item)?),
                Some("plan") => plan = Some(read(item)?),
                _ => {
                    let job: domain::Job = read(item)?;
                    jobs.insert(job.id.clone(), job);
                }
            }
        }
        let whole = |(project, plan)| WholeProject { project, plan, jobs };
        Ok(project.zip(plan).map(whole))
    }

    /// The owner's project `id` without its plan and steps.
    pub async fn find_project_itself(
        &self,
        owner: &OwnerId,
        id: &ProjectId,
    ) -> Result<Option<Project>> {
        Ok(self.project_itself(id).await?.filter(|project| project.owner == *owner))
    }

    /// The project `id` without its plan and steps.
    pub async fn project_itself(&self, id: &ProjectId) -> Result<Option<Project>> {
        self.get("read a project", keys::project(id)).await?.map(read).transpose()
    }

    /// The plan of the project `id`.
    pub async fn plan(&self, id: &ProjectId) -> Result<Option<Plan>> {
        self.get("read a project's plan", keys::plan(id)).await?.map(read).transpose()
    }

    /// The page of at most `limit` of the owner's projects after `cursor`, filtered by `status`.
    pub async fn list_projects(
        &self,
        owner: &OwnerId,
        status: Option<ProjectStatus>,
        limit: usize,
        cursor: Option<Cursor<ProjectId>>,
    ) -> Result<Page<Project, Cursor<ProjectId>>> {
        let fits = |project: &Project| status.is_none_or(|status| project.status == status);
        let fits = if status.is_some() { Some(&fits as _) } else { None };
        self.list(&Wanted { owner, limit, fits, since: None }, cursor).await
    }
}
