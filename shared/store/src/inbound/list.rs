//! Listing what providers sent about an owner's jobs. There is no index of it, since a job's
//! whole road may cost only so many writes: it is found through the jobs.

use std::fmt;
use std::str::FromStr;

use domain::{InboundId, InvalidField, Job, JobId, OwnerId, ProjectId, Step};

use crate::inbound::keep::kept;
use crate::item::text;
use crate::keys;
use crate::{Cursor, Inbound, InboundOutcome, Page, Store, StoreError};

/// Most jobs looked through for one page; its cursor goes on from there.
const JOBS: usize = 50;
/// Most that is read of one job at a time. The raw bodies come along.
const OF_A_JOB: i32 = 50;

/// Which of what providers sent to list.
#[derive(Debug, Clone, Default)]
pub struct InboundFilter {
    /// Only what became of it was this.
    pub outcome: Option<InboundOutcome>,
    /// Only what speaks of this job, which must be the owner's.
    pub job_id: Option<JobId>,
    /// Only what speaks of the steps of this project, which must be the owner's.
    pub project_id: Option<ProjectId>,
}

/// A place in the list: how far the jobs have been gone through, and the last one shown of the
/// job that is gone through at present. To clients it is opaque.
#[derive(Debug, Clone, Default)]
pub struct InboundCursor {
    jobs: Option<Cursor<JobId>>,
    shown: Option<InboundId>,
}

impl fmt::Display for InboundCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(jobs) = &self.jobs {
            write!(f, "{jobs}")?;
        }
        f.write_str(".")?;
        self.shown.as_ref().map_or(Ok(()), |shown| write!(f, "{shown}"))
    }
}

impl FromStr for InboundCursor {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let wrong = |_| InvalidField::new("cursor", "must be a next_cursor of this list");
        let (jobs, shown) = text.split_once('.').unwrap_or((text, "?"));
        let jobs = Some(jobs).filter(|jobs| !jobs.is_empty());
        let shown = Some(shown).filter(|shown| !shown.is_empty());
        Ok(Self {
            jobs: jobs.map(str::parse).transpose()?,
            shown: shown.map(str::parse).transpose().map_err(wrong)?,
        })
    }
}

impl Store {
    /// At most `limit` of what providers sent about the owner's jobs, from `cursor` on: by
    /// job, the newest first, and of each job the newest first.
    pub async fn list_inbound(
        &self,
        owner: &OwnerId,
        filter: &InboundFilter,
        limit: usize,
        cursor: InboundCursor,
    ) -> Result<Page<Inbound, InboundCursor>, StoreError> {
        let mut page = Page { items: Vec::new(), next: None };
        let mut place = cursor;
        if let Some(job_id) = &filter.job_id {
            if self.find_job(owner, job_id).await?.is_some() {
                self.add_inbound(job_id, filter, limit, &mut place, &mut page).await?;
            }
            return Ok(page);
        }
        if let Some(project_id) = &filter.project_id {
            let whole = self.find_project(owner, project_id).await?;
            let scenes = whole.map_or(0, |whole| whole.project.scenes);
            self.add_inbound_of_steps(project_id, scenes, filter, limit, place, &mut page).await?;
            return Ok(page);
        }
        // A job in the middle of which the last page ended comes first.
        if let Some(shown) = place.shown.clone()
            && self.find_job(owner, &shown.job_id).await?.is_some()
            && self.add_inbound(&shown.job_id, filter, limit, &mut place, &mut page).await?
        {
            return Ok(page);
        }
        let (jobs, more) = self.places::<Job>(owner, place.jobs.as_ref(), JOBS).await?;
        for job in jobs {
            let id = job.id.clone();
            place = InboundCursor { jobs: Some(job), shown: None };
            if self.add_inbound(&id, filter, limit, &mut place, &mut page).await? {
                return Ok(page);
            }
        }
        page.next = more.then_some(place);
        Ok(page)
    }

    /// Adds what providers sent about the steps of a project, the last step first. The place
    /// says at which of them to go on.
    async fn add_inbound_of_steps(
        &self,
        project: &ProjectId,
        scenes: u16,
        filter: &InboundFilter,
        limit: usize,
        mut place: InboundCursor,
        page: &mut Page<Inbound, InboundCursor>,
    ) -> Result<(), StoreError> {
        let mut steps: Vec<_> = Step::all(project, scenes).map(|step| step.job_id()).collect();
        steps.reverse();
        let first = place.shown.as_ref().map(|shown| &shown.job_id);
        let first = first.and_then(|id| steps.iter().position(|step| step == id));
        for id in steps.iter().skip(first.unwrap_or_default()) {
            if self.add_inbound(id, filter, limit, &mut place, page).await? {
                break;
            }
        }
        Ok(())
    }

    /// Adds what providers sent about one job, after what has been shown of it. Whether the
    /// page is full; then it says where to go on.
    async fn add_inbound(
        &self,
        job_id: &JobId,
        filter: &InboundFilter,
        limit: usize,
        place: &mut InboundCursor,
        page: &mut Page<Inbound, InboundCursor>,
    ) -> Result<bool, StoreError> {
        loop {
            let (found, more) = self.inbound_of(job_id, place.shown.as_ref()).await?;
            for inbound in found {
                place.shown = Some(inbound.id.clone());
                if filter.outcome.is_none_or(|outcome| outcome == inbound.outcome) {
                    page.items.push(inbound);
                }
                if page.items.len() == limit {
                    page.next = Some(place.clone());
                    return Ok(true);
                }
            }
            if !more {
                place.shown = None;
                return Ok(false);
            }
        }
    }

    async fn inbound_of(
        &self,
        job_id: &JobId,
        after: Option<&InboundId>,
    ) -> Result<(Vec<Inbound>, bool), StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :job AND begins_with(SK, :inbound)")
            .expression_attribute_values(":job", keys::job_partition(job_id))
            .expression_attribute_values(":inbound", text(keys::INBOUND))
            .scan_index_forward(false)
            .limit(OF_A_JOB)
            .set_exclusive_start_key(after.map(keys::inbound))
            .send()
            .await
            .map_err(StoreError::call("list providers' webhooks"))?;
        let more = output.last_evaluated_key.is_some();
        let found = output.items.unwrap_or_default().into_iter().map(kept);
        Ok((found.collect::<Result<_, _>>()?, more))
    }
}
