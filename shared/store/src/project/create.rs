//! Creating a project with its plan and its first step, in one transaction.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::project::{Plan, Step};
use domain::{Project, SceneId, limits};

use crate::item::{expiry, item, read, text};
use crate::keys::{self, Attributes, EXPIRES_AT, OWNER_PK, OWNER_SK};
use crate::{Store, StoreError, listing};

const OPERATION: &str = "create a project";

/// The result of creating a project.
#[derive(Debug)]
pub enum ProjectCreated {
    /// It is saved.
    New,
    /// This project has its id.
    Exists(Box<Project>),
}

impl Store {
    /// Saves a new project with its first step, `queued`, unless its id is taken.
    pub async fn create_project(
        &self,
        project: &Project,
        plan: &Plan,
    ) -> Result<ProjectCreated, StoreError> {
        let mut itself = item(keys::project(&project.id), "project", project)?;
        itself.insert(OWNER_PK.to_owned(), keys::projects(&project.owner));
        let place = listing::place(project.created_at, &project.id);
        itself.insert(OWNER_SK.to_owned(), text(place));
        let plan = item(keys::plan(&project.id), "plan", plan)?;
        let step = Step::video(project.id.clone(), SceneId::FIRST);
        let first = step.new_job(project, project.created_at);
        let first = item(keys::job(&first.id), "job", &first)?;
        let mut request = self.client.transact_write_items();
        for mut item in [itself, plan, first] {
            let expires_at = expiry(project.created_at + limits::RETENTION);
            item.insert(EXPIRES_AT.to_owned(), expires_at);
            request = request.transact_items(self.put_new(item)?);
        }
        match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(ProjectCreated::New),
            Err(error) => existing(error),
        }
    }

    fn put_new(&self, item: Attributes) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(StoreError::call(OPERATION))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// The project whose id is taken, if that is why the transaction was cancelled.
fn existing(error: TransactWriteItemsError) -> Result<ProjectCreated, StoreError> {
    if let TransactWriteItemsError::TransactionCanceledException(cancelled) = &error {
        let item = cancelled.cancellation_reasons().first().and_then(|reason| reason.item());
        if let Some(item) = item.filter(|item| !item.is_empty()) {
            return Ok(ProjectCreated::Exists(Box::new(read(item.clone())?)));
        }
    }
    Err(StoreError::call(OPERATION)(error))
}
