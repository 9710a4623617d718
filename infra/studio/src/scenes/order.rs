//! The bodies of `POST …/api/tasks`.

use domain::InvalidField;
use serde_json::{Map, Value};
use url::Url;

use super::Service;
use super::transition::Transition;
use crate::fields::Fields;

/// Longest scene, in seconds.
const MAX_SCENE_SECONDS: f64 = 120.0;
/// Longest prompt, in characters.
const MAX_PROMPT_CHARACTERS: usize = 10_000;
/// Most scenes of a film.
const MAX_SCENES: usize = 48;

/// The order of a task.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub project_id: String,
    /// The URL of its webhook, if not that of the service's registration.
    pub webhook_url: Option<Url>,
    pub work: Work,
}

/// What to make.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Video(VideoOrder),
    LastFrame(LastFrameOrder),
    Stitch(StitchOrder),
}

/// One scene's video.
#[derive(Debug, Clone)]
pub(crate) struct VideoOrder {
    pub scene_id: String,
    pub prompt: String,
    /// The options as JSON; they change the appearance.
    pub options: String,
    /// In seconds.
    pub duration: f64,
    pub first_frame_url: Option<Url>,
    pub width: u32,
    pub height: u32,
    pub fps: u32,
}

/// One video's last frame.
#[derive(Debug, Clone)]
pub(crate) struct LastFrameOrder {
    pub scene_id: String,
    pub video_url: Url,
}

/// One film.
#[derive(Debug, Clone)]
pub(crate) struct StitchOrder {
    pub video_urls: Vec<Url>,
    pub transition: Transition,
}

impl Order {
    /// Parses the body of a request to `service`.
    pub fn read(service: Service, body: &Map<String, Value>) -> Result<Self, InvalidField> {
        let fields = Fields::of(body);
        Ok(Self {
            project_id: fields.require_text("project_id")?,
            webhook_url: fields.url("webhook_url")?,
            work: match service {
                Service::Video => Work::Video(VideoOrder::read(fields)?),
                Service::LastFrame => Work::LastFrame(LastFrameOrder::read(fields)?),
                Service::Stitch => Work::Stitch(StitchOrder::read(fields)?),
            },
        })
    }

    /// The scene's id, unless the order is for a whole project.
    pub fn scene_id(&self) -> Option<&str> {
        match &self.work {
            Work::Video(video) => Some(&video.scene_id),
            Work::LastFrame(frame) => Some(&frame.scene_id),
            Work::Stitch(_) => None,
        }
    }

    /// The prompt, if it has one.
    pub fn prompt(&self) -> Option<&str> {
        match &self.work {
            Work::Video(video) => Some(&video.prompt),
            Work::LastFrame(_) | Work::Stitch(_) => None,
        }
    }

    /// The URLs of its inputs.
    pub fn inputs(&self) -> Vec<Url> {
        match &self.work {
            Work::Video(video) => video.first_frame_url.iter().cloned().collect(),
            Work::LastFrame(frame) => vec![frame.video_url.clone()],
            Work::Stitch(stitch) => stitch.video_urls.clone(),
        }
    }
}

impl VideoOrder {
    fn read(fields: Fields) -> Result<Self, InvalidField> {
        let prompt = fields.require_text("prompt")?;
        if prompt.chars().count() > MAX_PROMPT_CHARACTERS {
            let message = format!("must have at most {MAX_PROMPT_CHARACTERS} characters");
            return Err(fields.wrong("prompt", message));
        }
        let duration = fields.number("duration", 0.01, MAX_SCENE_SECONDS)?;
        Ok(Self {
            scene_id: fields.require_text("scene_id")?,
            prompt,
            options: options(fields)?,
            duration: duration.ok_or_else(|| fields.wrong("duration", "is missing"))?,
            first_frame_url: fields.url("first_frame_url")?,
            width: side(fields, "width")?.unwrap_or(640),
            height: side(fields, "height")?.unwrap_or(360),
            fps: fields.whole("fps", 1, 60)?.unwrap_or(24),
        })
    }
}

fn options(fields: Fields) -> Result<String, InvalidField> {
    match fields.get("options") {
        None => Ok(String::new()),
        Some(options) if options.is_object() => Ok(options.to_string()),
        Some(_) => Err(fields.wrong("options", "must be an object")),
    }
}

/// One side of the picture, in pixels. It must be even, because H.264 halves the resolution of
/// colours.
fn side(fields: Fields, name: &str) -> Result<Option<u32>, InvalidField> {
    match fields.whole(name, 16, 3840)? {
        Some(odd) if odd % 2 == 1 => Err(fields.wrong(name, "must be even")),
        side => Ok(side),
    }
}

impl LastFrameOrder {
    fn read(fields: Fields) -> Result<Self, InvalidField> {
        expect_format(fields, "jpeg")?;
        Ok(Self {
            scene_id: fields.require_text("scene_id")?,
            video_url: fields.require_url("video_url")?,
        })
    }
}

impl StitchOrder {
    fn read(fields: Fields) -> Result<Self, InvalidField> {
        expect_format(fields, "mp4")?;
        let transition = Transition::read(fields)?;
        let scenes = fields.require("scenes")?.as_array();
        let scenes = scenes.filter(|scenes| (1..=MAX_SCENES).contains(&scenes.len()));
        let Some(scenes) = scenes else {
            return Err(fields.wrong("scenes", format!("must hold 1 to {MAX_SCENES} scenes")));
        };
        let video_url = |(index, scene): (usize, &Value)| {
            let prefix = format!("scenes.{index}.");
            let scene = Fields::within(scene, &prefix)?;
            scene.require_text("scene_id")?;
            let duration = scene.number("duration", 0.0, MAX_SCENE_SECONDS)?;
            if scenes.len() > 1 && duration.is_some_and(|seconds| seconds <= transition.seconds) {
                return Err(scene.wrong("duration", "must be longer than the transition"));
            }
            scene.require_url("video_url")
        };
        let video_urls = scenes.iter().enumerate().map(video_url).collect::<Result<_, _>>()?;
        Ok(Self { video_urls, transition })
    }
}

/// Refuses a `format` other than the one that the service makes.
fn expect_format(fields: Fields, only: &str) -> Result<(), InvalidField> {
    match fields.text("format")? {
        Some(other) if other != only => Err(fields.wrong("format", format!("must be {only}"))),
        _ => Ok(()),
    }
}
