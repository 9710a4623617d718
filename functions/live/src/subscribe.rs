//! Subscribing to a topic: the answer has what the client missed, and the state as it is.

use domain::live::images::{self, Image};
use domain::live::{Connection, LiveEvent, LiveJob, LiveProject};
use domain::{Job, JobId, Project, ProjectId, Topic, limits};
use futures::{StreamExt, TryStreamExt, stream};
use runtime::{Problem, ProblemCode};
use serde_json::{Value, json};

use crate::Live;
use crate::request::Last;

/// How many jobs or projects are read at a time.
const AT_ONCE: usize = 16;

/// The jobs and projects of a topic, as far as its answer shows them.
#[derive(Default)]
struct Found {
    projects: Vec<Project>,
    jobs: Vec<Job>,
}

/// What a client missed, as far as one answer holds it.
#[derive(Default)]
struct Missed {
    events: Vec<Value>,
}

impl Live {
    /// Subscribes `connection` to `topic`, and answers with what has happened since `last`.
    pub(crate) async fn subscribe(
        &self,
        connection: &Connection,
        topic: &Topic,
        last: &Last,
    ) -> Result<Value, Problem> {
        if !connection.may(topic) {
            return Err(Problem::forbidden("The connection's ticket does not allow this topic."));
        }
        let exists = self.store.has_topic(&connection.owner, topic).await;
        if !exists.map_err(Problem::unavailable)? {
            return Err(Problem::not_found("There is no such job or project."));
        }
        if !self.store.add_topic(&connection.id, topic).await.map_err(Problem::unavailable)? {
            let detail = format!("A connection has at most {} topics.", limits::TOPICS);
            return Err(Problem::conflict(ProblemCode::TooManyTopics, detail));
        }
        self.store.subscribe(connection, topic).await.map_err(Problem::unavailable)?;
        let found = self.find(connection, topic, last).await?;
        Ok(self.subscribed(topic, last, &found))
    }

    async fn find(
        &self,
        connection: &Connection,
        topic: &Topic,
        last: &Last,
    ) -> Result<Found, Problem> {
        let owner = &connection.owner;
        match topic {
            Topic::Job(id) => {
                let job = self.store.find_job(owner, id).await.map_err(Problem::unavailable)?;
                Ok(Found { jobs: job.into_iter().collect(), ..Found::default() })
            }
            Topic::Project(id) => {
                let whole = self.store.find_project(owner, id).await;
                let Some(whole) = whole.map_err(Problem::unavailable)? else {
                    return Ok(Found::default());
                };
                let mut jobs: Vec<_> = whole.jobs.into_values().collect();
                jobs.sort_by(|one, other| one.id.cmp(&other.id));
                Ok(Found { projects: vec![whole.project], jobs })
            }
            Topic::Owner => self.named(connection, last).await,
        }
    }

    /// The owner's jobs and projects that `last` names. Another owner's are left out.
    async fn named(&self, connection: &Connection, last: &Last) -> Result<Found, Problem> {
        let Last::ById(all) = last else { return Ok(Found::default()) };
        let owner = &connection.owner;
        let mut ids: Vec<_> = all.keys().collect();
        ids.sort();
        let (projects, jobs): (Vec<_>, Vec<_>) =
            ids.into_iter().partition(|id| id.parse::<ProjectId>().is_ok());
        let projects: Vec<ProjectId> =
            projects.into_iter().filter_map(|id| id.parse().ok()).collect();
        let jobs: Vec<JobId> = jobs.into_iter().filter_map(|id| id.parse().ok()).collect();
        let reads: Vec<_> =
            projects.iter().map(|id| self.store.find_project_itself(owner, id)).collect();
        let projects = stream::iter(reads).buffered(AT_ONCE).try_collect::<Vec<_>>().await;
        let projects = projects.map_err(Problem::unavailable)?;
        let reads: Vec<_> = jobs.iter().map(|id| self.store.find_job(owner, id)).collect();
        let jobs = stream::iter(reads).buffered(AT_ONCE).try_collect::<Vec<_>>().await;
        let jobs = jobs.map_err(Problem::unavailable)?;
        Ok(Found {
            projects: projects.into_iter().flatten().collect(),
            jobs: jobs.into_iter().flatten().collect(),
        })
    }

    fn subscribed(&self, topic: &Topic, last: &Last, found: &Found) -> Value {
        let mut missed = Missed::default();
        let is_topic = matches!(topic, Topic::Project(_));
        let projects: Vec<_> = found
            .projects
            .iter()
            .map(|project| {
                let last = last.of(project.id.as_str(), is_topic);
                missed.add(
                    json!(LiveProject::new(project, &self.links)),
                    self.project_events(project, last),
                )
            })
            .collect();
        let is_topic = matches!(topic, Topic::Job(_));
        let jobs: Vec<_> = found
            .jobs
            .iter()
            .map(|job| {
                let last = last.of(job.id.as_str(), is_topic);
                let state = json!(LiveJob::new(&Image::latest(job), &self.links));
                missed.add(state, self.job_events(job, last))
            })
            .collect();
        let mut answer = json!({ "type": "subscribed", "topic": topic, "events": missed.events });
        match topic {
            Topic::Job(_) => answer["state"] = jobs.into_iter().next().unwrap_or_default(),
            Topic::Project(_) => {
                answer["state"] = projects.into_iter().next().unwrap_or_default();
                answer["state"]["steps"] = jobs.into();
            }
            Topic::Owner => answer["state"] = json!({ "projects": projects, "jobs": jobs }),
        }
        if !matches!(topic, Topic::Owner) {
            answer["sequence"] = answer["state"]["sequence"].clone();
        }
        answer
    }

    /// The events of `job` after `last`, if it is given; `None` if not all of them are kept.
    fn job_events(&self, job: &Job, last: Option<u32>) -> Option<Vec<Value>> {
        let Some(last) = last else { return Some(Vec::new()) };
        let missed = images::after(job, last)?;
        Some(missed.iter().map(|image| json!(LiveEvent::of_job(image, &self.links))).collect())
    }

    /// The same of `project`, of which only the latest event is kept.
    fn project_events(&self, project: &Project, last: Option<u32>) -> Option<Vec<Value>> {
        match project.sequence.saturating_sub(last.unwrap_or(project.sequence)) {
            0 => Some(Vec::new()),
            1 => Some(vec![json!(LiveEvent::of_project(project, &self.links))]),
            _ => None,
        }
    }
}

impl Missed {
    /// Adds the events that the client missed of what is now as `state` shows. Without all of them,
    /// the state says that it stands for those that are missing.
    fn add(&mut self, mut state: Value, events: Option<Vec<Value>>) -> Value {
        match events {
            Some(events) if self.events.len() + events.len() <= limits::MISSED_EVENTS => {
                self.events.extend(events);
            }
            _ => state["snapshot"] = true.into(),
        }
        state
    }
}
