//! Reading one job, and how any item is read.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::{Job, JobId, OwnerId};
use serde::de::DeserializeOwned;

use crate::item::read;
use crate::keys::{self, Attributes};
use crate::{Result, Store, StoreError};

impl Store {
    /// The job `id` of `owner`. Another owner's job is not there.
    pub async fn find_job(&self, owner: &OwnerId, id: &JobId) -> Result<Option<Job>> {
        Ok(self.job(id).await?.filter(|job| job.owner == *owner))
    }

    /// The same, as some write left it lately: for polls, at half the cost.
    pub async fn find_job_lately(&self, owner: &OwnerId, id: &JobId) -> Result<Option<Job>> {
        let found = self.get_lately("read a job", keys::job(id)).await?;
        let job: Option<Job> = found.map(read).transpose()?;
        Ok(job.filter(|job| job.owner == *owner))
    }

    /// The job `id`, for workers that act on a job and not for an owner.
    pub async fn job(&self, id: &JobId) -> Result<Option<Job>> {
        self.get("read a job", keys::job(id)).await?.map(read).transpose()
    }

    /// The request of the job `id`: the one `within` it, or from the item beside it. `None` if
    /// that has expired.
    pub async fn request<T: DeserializeOwned + Clone>(
        &self,
        id: &JobId,
        within: Option<&T>,
    ) -> Result<Option<T>> {
        if let Some(request) = within {
            return Ok(Some(request.clone()));
        }
        self.get("read a job's request", keys::request(id)).await?.map(read).transpose()
    }

    /// The item under `key`, as the last write left it.
    pub(crate) fn get(
        &self,
        operation: &'static str,
        key: Attributes,
    ) -> impl Future<Output = Result<Option<Attributes>>> {
        // No future around the SDK's: they nest almost as deeply as the compiler follows.
        self.get_item(operation, key, true)
    }

    /// The item under `key`, as a write left it that may not be the last.
    fn get_lately(
        &self,
        operation: &'static str,
        key: Attributes,
    ) -> impl Future<Output = Result<Option<Attributes>>> {
        self.get_item(operation, key, false)
    }

    async fn get_item(
        &self,
        operation: &'static str,
        key: Attributes,
        is_consistent: bool,
    ) -> Result<Option<Attributes>> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(is_consistent)
            .send()
            .await
            .map_err(StoreError::call(operation))?;
        Ok(output.item)
    }

    /// The items of the table that `query` finds, on however many pages.
    pub(crate) async fn query_all(
        &self,
        operation: &'static str,
        query: QueryFluentBuilder,
    ) -> Result<Vec<Attributes>> {
        let items = query.table_name(&self.table).into_paginator().items().send();
        items.try_collect().await.map_err(StoreError::call(operation))
    }
}
