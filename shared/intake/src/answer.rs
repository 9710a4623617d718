//! What the three services are answered (seed 001). Every boolean tells what is committed.

use domain::{JobKind, Step};
use providers::scenes::Service;
use serde::Serialize;

use crate::Reception;

/// The answer to a service's webhook.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<'a> {
    received: bool,
    status: &'a str,
    #[serde(flatten)]
    facts: Facts,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Facts {
    Video {
        scene_updated: bool,
        last_frame_triggered: bool,
    },
    LastFrame {
        scene_updated: bool,
        next_scene_triggered: bool,
    },
    Stitch {
        /// The job that makes the film has taken it.
        project_updated: bool,
        /// The project is completed: its owner's notice is committed with that, which is once
        /// the film lies in our bucket. A first report comes before.
        user_notified: bool,
        final_video_url: Option<String>,
    },
}

impl<'a> Answer<'a> {
    /// Answers `service`, whose report had `status`. `film` is where its film is, if it made one.
    pub(crate) fn new(
        service: Service,
        status: &'a str,
        reception: &Reception,
        film: Option<String>,
    ) -> Self {
        let Reception { updated, released, notified, .. } = reception;
        let released = released.as_ref().map(Step::kind);
        let facts = match service {
            Service::Video => Facts::Video {
                scene_updated: *updated,
                last_frame_triggered: released == Some(JobKind::LastFrame),
            },
            Service::LastFrame => Facts::LastFrame {
                scene_updated: *updated,
                // After the last scene's, the film is stitched.
                next_scene_triggered: released == Some(JobKind::SceneVideo),
            },
            Service::Stitch => Facts::Stitch {
                project_updated: *updated,
                user_notified: *notified,
                final_video_url: film,
            },
        };
        Self { received: true, status, facts }
    }
}
