//! What a connection can subscribe to.

use std::fmt;
use std::str::FromStr;

use crate::id::json_text;
use crate::{InvalidField, Job, JobId, ProjectId, Step};

/// A source of events. Its text is `job:<id>`, `project:<id>` or `owner`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A job.
    Job(JobId),
    /// A project and its steps.
    Project(ProjectId),
    /// All of an owner's jobs and projects.
    Owner,
}

impl Topic {
    /// The topics of the events of `job`.
    pub fn of_job(job: &Job) -> Vec<Self> {
        let project = job.step().map(|step| Self::Project(step.project));
        [Self::Job(job.id.clone())].into_iter().chain(project).chain([Self::Owner]).collect()
    }

    /// The topics of the events of the project `id`.
    pub fn of_project(id: &ProjectId) -> Vec<Self> {
        vec![Self::Project(id.clone()), Self::Owner]
    }

    /// Whether whoever may have this may have `other` of the same owner.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Owner, _) => true,
            (Self::Project(project), Self::Job(job)) => {
                Step::of(job).is_some_and(|step| step.project == *project)
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(id) => write!(f, "job:{id}"),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Owner => f.write_str("owner"),
        }
    }
}

impl FromStr for Topic {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let topic = match text.split_once(':') {
            None if text == "owner" => Some(Self::Owner),
            Some(("job", id)) => id.parse().ok().map(Self::Job),
            Some(("project", id)) => id.parse().ok().map(Self::Project),
            _ => None,
        };
        let message = "must be job:<id>, project:<id> or owner";
        topic.ok_or_else(|| InvalidField::new("topic", message))
    }
}

json_text!(Topic);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_written_as_text() {
        for text in ["job:job_1", "project:proj_1", "owner", "job:proj_1-scene_001-video"] {
            assert_eq!(text.parse::<Topic>().unwrap().to_string(), text);
        }
        for text in ["", "job", "job:", "job:a#b", "project:job_1", "owner:x", "Owner", "jobs:a"] {
            assert!(text.parse::<Topic>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_project_covers_its_steps_and_an_owner_everything() {
        let topic = |text: &str| text.parse::<Topic>().unwrap();
        let covers = |one: &str, other: &str| topic(one).covers(&topic(other));
        assert!(covers("owner", "job:job_1") && covers("owner", "owner"));
        assert!(covers("project:proj_1", "job:proj_1-stitch"));
        assert!(covers("job:job_1", "job:job_1"));
        for (one, other) in [
            ("project:proj_1", "job:proj_2-stitch"),
            ("project:proj_1", "job:job_1"),
            ("project:proj_1", "owner"),
            ("job:job_1", "owner"),
            ("job:job_1", "job:job_2"),
        ] {
            assert!(!covers(one, other), "{one} {other}");
        }
    }
}
