//! Listing what providers sent about an owner's jobs. There is no index of it, since a job's
//! whole road may cost only so many writes: it is found through the jobs.

use std::fmt;
use std::str::FromStr;

use domain::{InboundId, InvalidField, Job, JobId, OwnerId, ProjectId, Step};

use crate::inbound::keep::kept;
use crate::item::text;
use crate::keys;
use crate::{Cursor, Inbound, InboundOutcome, Page, Result, Store, StoreError};

/// Jobs looked through at a time.
const JOBS: usize = 50;
/// How many times that for one page. Only where fewer than a page is found about so many jobs is a
/// page shorter than its limit; its cursor goes on from there.
const ROUNDS: usize = 10;
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
        let (jobs, shown) = text.split_once('.').unwrap_or((text, "?"));
        let jobs = Some(jobs).filter(|jobs| !jobs.is_empty());
        let shown = Some(shown).filter(|shown| !shown.is_empty());
        Ok(Self {
            jobs: jobs.map(str::parse).transpose()?,
            shown: shown.map(str::parse).transpose().map_err(|_| wrong_cursor())?,
        })
    }
}

/// A page that is being filled.
struct Filling<'a> {
    filter: &'a InboundFilter,
    limit: usize,
    page: Page<Inbound, InboundCursor>,
}

impl Filling<'_> {
    /// Adds `inbound`, which is at `place`, if it fits. Whether the page is complete: one more would
    /// have fitted, so that there is a next page.
    fn add(&mut self, inbound: Inbound, place: &InboundCursor) -> bool {
        if self.filter.outcome.is_some_and(|outcome| outcome != inbound.outcome) {
            return false;
        }
        if self.page.items.len() == self.limit {
            return true;
        }
        self.page.items.push(inbound);
        self.page.next = Some(place.clone());
        false
    }

    /// The page, of which nothing comes after.
    fn last(self) -> Page<Inbound, InboundCursor> {
        Page { next: None, ..self.page }
    }
}

impl InboundCursor {
    /// Checks that it is a place in the list of `filter`.
    pub fn check(&self, filter: &InboundFilter) -> Result<(), InvalidField> {
        let job = self.shown.as_ref().map(|shown| &shown.job_id);
        let is_there = match (job, &filter.job_id, &filter.project_id) {
            (_, None, None) => true,
            (None, ..) => self.jobs.is_none(),
            (Some(job), Some(wanted), _) => self.jobs.is_none() && job == wanted,
            (Some(job), None, Some(project)) => {
                self.jobs.is_none() && Step::of(job).is_some_and(|step| step.project == *project)
            }
        };
        if is_there { Ok(()) } else { Err(wrong_cursor()) }
    }
}

fn wrong_cursor() -> InvalidField {
    InvalidField::new("cursor", "must be a next_cursor of this list")
}

impl Store {
    /// At most `limit` of what providers sent about the owner's jobs, from `cursor` on: by
    /// job, the newest first, and of each job the newest first. The cursor is one of this filter.
    pub async fn list_inbound(
        &self,
        owner: &OwnerId,
        filter: &InboundFilter,
        limit: usize,
        cursor: InboundCursor,
    ) -> Result<Page<Inbound, InboundCursor>> {
        let mut filling = Filling { filter, limit, page: Page { items: Vec::new(), next: None } };
        let mut place = cursor;
        if let Some(job_id) = &filter.job_id {
            if self.find_job(owner, job_id).await?.is_some()
                && self.add_inbound(job_id, &mut place, &mut filling).await?
            {
                return Ok(filling.page);
            }
            return Ok(filling.last());
        }
        if let Some(project_id) = &filter.project_id {
            let Some(whole) = self.find_project(owner, project_id).await? else {
                return Ok(filling.last());
            };
            let mut steps: Vec<_> =
                Step::all(project_id, whole.project.scenes).map(|step| step.job_id()).collect();
            steps.reverse();
            return self.inbound_of_steps(&steps, place, filling).await;
        }
        // A job in the middle of which the last page ended comes first.
        if let Some(shown) = place.shown.clone()
            && self.find_job(owner, &shown.job_id).await?.is_some()
            && self.add_inbound(&shown.job_id, &mut place, &mut filling).await?
        {
            return Ok(filling.page);
        }
        for _ in 0..ROUNDS {
            let (jobs, more) = self.places::<Job>(owner, place.jobs.as_ref(), JOBS).await?;
            for job in jobs {
                let id = job.id.clone();
                place = InboundCursor { jobs: Some(job), shown: None };
                if self.add_inbound(&id, &mut place, &mut filling).await? {
                    return Ok(filling.page);
                }
            }
            if !more {
                return Ok(filling.last());
            }
        }
        Ok(Page { next: Some(place), ..filling.page })
    }

    /// The page of what providers sent about `steps`. The place says at which of them to go on.
    async fn inbound_of_steps(
        &self,
        steps: &[JobId],
        mut place: InboundCursor,
        mut filling: Filling<'_>,
    ) -> Result<Page<Inbound, InboundCursor>> {
        let first = place.shown.as_ref().map(|shown| &shown.job_id);
        let first = first.and_then(|id| steps.iter().position(|step| step == id));
        for id in steps.iter().skip(first.unwrap_or_default()) {
            if self.add_inbound(id, &mut place, &mut filling).await? {
                return Ok(filling.page);
            }
        }
        Ok(filling.last())
    }

    /// Adds what providers sent about one job, after what has been shown of it. Whether the
    /// page is complete.
    async fn add_inbound(
        &self,
        job_id: &JobId,
        place: &mut InboundCursor,
        filling: &mut Filling<'_>,
    ) -> Result<bool> {
        loop {
            // A place of another job is none in this one.
            let shown = place.shown.as_ref().filter(|shown| shown.job_id == *job_id);
            let (found, more) = self.inbound_of(job_id, shown).await?;
            for inbound in found {
                place.shown = Some(inbound.id.clone());
                if filling.add(inbound, place) {
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
    ) -> Result<(Vec<Inbound>, bool)> {
        // A range by place: what is there need not exist any more.
        let end = after.map_or_else(
            || format!("{}~", keys::INBOUND),
            |after| format!("{}{}", keys::INBOUND, after.place()),
        );
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :job AND SK BETWEEN :start AND :end")
            .expression_attribute_values(":job", keys::job_partition(job_id))
            .expression_attribute_values(":start", text(keys::INBOUND))
            .expression_attribute_values(":end", text(end))
            .scan_index_forward(false)
            .limit(OF_A_JOB)
            .send()
            .await
            .map_err(StoreError::call("list providers' webhooks"))?;
        let more = output.last_evaluated_key.is_some();
        let found = output.items.unwrap_or_default().into_iter().map(kept);
        let found = found.collect::<Result<Vec<_>, _>>()?.into_iter();
        Ok((found.filter(|inbound| Some(&inbound.id) != after).collect(), more))
    }
}
