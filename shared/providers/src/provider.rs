//! Which provider does which kind of job: where it is asked, with which key, and what its
//! answers mean. The one place that tells the providers apart for whoever calls them.

use domain::{JobKind, Secret};

use crate::runpod::request::Endpoint;
use crate::scenes::Service;
use crate::scenes::request::Routes;
use crate::{AnswerError, Cancellation, ProviderNews, Submission, runpod, scenes};

/// A provider of our configuration.
#[derive(Debug, Clone)]
pub struct Provider {
    api: Api,
    key: Secret,
}

#[derive(Debug, Clone)]
enum Api {
    Runpod(Endpoint),
    Scenes(Service, Routes),
}

impl Provider {
    /// Its name, in logs and in what is kept of its health.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.api {
            Api::Runpod(_) => "runpod",
            Api::Scenes(service, _) => service.name(),
        }
    }

    /// What is sent along as `Authorization: Bearer`.
    #[must_use]
    pub const fn key(&self) -> &Secret {
        &self.key
    }

    /// Where work is posted.
    #[must_use]
    pub fn submit_url(&self) -> String {
        match &self.api {
            Api::Runpod(endpoint) => endpoint.run_url(),
            Api::Scenes(_, routes) => routes.submit_url(),
        }
    }

    /// Where a task's state is read.
    #[must_use]
    pub fn status_url(&self, task: &str) -> String {
        match &self.api {
            Api::Runpod(endpoint) => endpoint.status_url(task),
            Api::Scenes(_, routes) => routes.status_url(task),
        }
    }

    /// Where a POST ends a task.
    #[must_use]
    pub fn cancel_url(&self, task: &str) -> String {
        match &self.api {
            Api::Runpod(endpoint) => endpoint.cancel_url(task),
            Api::Scenes(_, routes) => routes.cancel_url(task),
        }
    }

    /// What the answer to new work means.
    pub fn submission(&self, status: u16, body: &[u8]) -> Result<Submission, AnswerError> {
        match &self.api {
            Api::Runpod(_) => runpod::answer::submission(status, body),
            Api::Scenes(service, _) => scenes::answer::submission(*service, status, body),
        }
    }

    /// What the answer about a task means.
    pub fn news(&self, status: u16, body: &[u8]) -> Result<ProviderNews, AnswerError> {
        match &self.api {
            Api::Runpod(_) => runpod::answer::news(status, body),
            Api::Scenes(service, _) => scenes::answer::news(*service, status, body),
        }
    }

    /// What the answer to the end of a task means.
    pub fn cancellation(&self, status: u16, body: &[u8]) -> Result<Cancellation, AnswerError> {
        match &self.api {
            Api::Runpod(_) => runpod::answer::cancellation(status, body),
            Api::Scenes(..) => scenes::answer::cancellation(status, body),
        }
    }
}

/// Every provider of our configuration.
#[derive(Debug, Clone)]
pub struct Providers {
    runpod: Provider,
    video: Provider,
    last_frame: Provider,
    stitch: Provider,
}

impl Providers {
    /// Those that the settings name; `setting` gives the value of an environment variable.
    pub fn new<'a, E>(setting: impl Fn(&'static str) -> Result<&'a str, E>) -> Result<Self, E> {
        let scenes = |service, url, key| {
            let api = Api::Scenes(service, Routes::new(setting(url)?));
            Ok(Provider { api, key: Secret::new(setting(key)?) })
        };
        let endpoint = Endpoint::new(setting("RUNPOD_BASE_URL")?, setting("RUNPOD_ENDPOINT_ID")?);
        Ok(Self {
            runpod: Provider {
                api: Api::Runpod(endpoint),
                key: Secret::new(setting("RUNPOD_API_KEY")?),
            },
            video: scenes(Service::Video, "VIDEO_GENERATION_SERVICE", "VIDEO_GENERATION_API_KEY")?,
            last_frame: scenes(Service::LastFrame, "LAST_FRAME_SERVICE_URL", "LAST_FRAME_API_KEY")?,
            stitch: scenes(Service::Stitch, "STITCH_SERVICE_URL", "STITCH_API_KEY")?,
        })
    }

    /// The one that does jobs of `kind`.
    #[must_use]
    pub const fn of(&self, kind: JobKind) -> &Provider {
        match kind {
            JobKind::Tts => &self.runpod,
            JobKind::SceneVideo => &self.video,
            JobKind::LastFrame => &self.last_frame,
            JobKind::Stitch => &self.stitch,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn each_kind_goes_to_its_provider() {
        let named = |name: &'static str| Ok::<_, ()>(name);
        let providers = Providers::new(named).unwrap();
        for (kind, name, url) in [
            (JobKind::Tts, "runpod", "RUNPOD_BASE_URL/v2/RUNPOD_ENDPOINT_ID/run"),
            (JobKind::SceneVideo, "scene-video", "VIDEO_GENERATION_SERVICE/api/tasks"),
            (JobKind::LastFrame, "last-frame", "LAST_FRAME_SERVICE_URL/api/tasks"),
            (JobKind::Stitch, "stitch", "STITCH_SERVICE_URL/api/tasks"),
        ] {
            let provider = providers.of(kind);
            assert_eq!((provider.name(), provider.submit_url().as_str()), (name, url));
        }
        assert_eq!(providers.of(JobKind::Stitch).key().expose(), "STITCH_API_KEY");
    }

    #[test]
    fn a_setting_that_is_missing_is_named() {
        let missing = |name| if name == "STITCH_API_KEY" { Err(name) } else { Ok("x") };
        assert_eq!(Providers::new(missing).unwrap_err(), "STITCH_API_KEY");
    }
}
