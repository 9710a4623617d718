//! The body of the clipping worker webhook and of `GET /ai-clipping/jobs/{id}`.
//!
//! The order of the members, and which of them an event has, are those of the contract's examples:
//! `owner_user_id` is in `job.started` only.

#[cfg(test)]
mod tests;

use domain::Timestamp;
use serde::Serialize;

use super::ClippingStatus;
use super::link::Links;
use super::outcome::Outcome;
use super::task::ClippingTask;
use crate::PostKind;

/// An event of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Event {
    #[serde(rename = "job.started")]
    Started,
    #[serde(rename = "job.progress")]
    Progress,
    #[serde(rename = "job.completed")]
    Completed,
    #[serde(rename = "job.failed")]
    Failed,
}

impl Event {
    /// Whether it is the last of its task.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }

    /// The kind of its webhook.
    pub const fn kind(self) -> PostKind {
        match self {
            Self::Started => PostKind::Start,
            Self::Progress => PostKind::Progress,
            Self::Completed | Self::Failed => PostKind::Ended,
        }
    }
}

/// The body. Absent members are left out.
#[derive(Debug, Serialize)]
pub(super) struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    job_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_job_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_user_id: Option<&'a str>,
    status: ClippingStatus,
    progress_percent: u8,
    current_step: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    clips_completed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_clips: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Output<'a>>,
}

#[derive(Debug, Serialize)]
struct Output<'a> {
    total_clips: usize,
    source_video_title: &'a str,
    processing_time_seconds: f64,
    clips: Vec<OutputClip>,
    transcript_url: String,
    plan_url: String,
}

#[derive(Debug, Serialize)]
struct OutputClip {
    clip_index: usize,
    s3_url: String,
    duration_ms: u64,
    virality_score: f64,
    summary: String,
}

/// The body for the present state of `task`, with links that are valid from `now` on.
pub(super) fn status<'a>(task: &'a ClippingTask, links: &Links, now: Timestamp) -> Payload<'a> {
    let (clips_completed, total_clips) = task.clips.unzip();
    Payload {
        event: None,
        timestamp: None,
        job_id: &task.id,
        external_job_id: task.order.external_job_id.as_deref(),
        owner_user_id: task.order.owner_user_id.as_deref(),
        status: task.status,
        progress_percent: task.progress_percent,
        current_step: &task.current_step,
        clips_completed,
        total_clips,
        error: task.error.as_deref(),
        output: task.outcome.as_ref().map(|outcome| output(outcome, links, now)),
    }
}

/// The body of the webhook for `event`, of the present state of `task`.
pub(super) fn webhook<'a>(
    event: Event,
    task: &'a ClippingTask,
    links: &Links,
    now: Timestamp,
) -> Payload<'a> {
    let status = status(task, links, now);
    Payload {
        event: Some(event),
        timestamp: Some(now.to_string()),
        owner_user_id: status.owner_user_id.filter(|_| event == Event::Started),
        ..status
    }
}

/// The body of a forged webhook: a success, whose only clip is at `url`.
pub(super) fn forged<'a>(task: &'a ClippingTask, url: &str, now: Timestamp) -> Payload<'a> {
    let clip = OutputClip {
        clip_index: 0,
        s3_url: url.to_owned(),
        duration_ms: 1000,
        virality_score: 1.0,
        summary: "What was not asked for".to_owned(),
    };
    let output = Output {
        total_clips: 1,
        source_video_title: "Forged",
        processing_time_seconds: 1.0,
        clips: vec![clip],
        transcript_url: url.to_owned(),
        plan_url: url.to_owned(),
    };
    Payload {
        event: Some(Event::Completed),
        timestamp: Some(now.to_string()),
        job_id: &task.id,
        external_job_id: task.order.external_job_id.as_deref(),
        owner_user_id: None,
        status: ClippingStatus::Succeeded,
        progress_percent: 100,
        current_step: super::task::COMPLETE,
        clips_completed: Some(1),
        total_clips: Some(1),
        error: None,
        output: Some(output),
    }
}

fn output<'a>(outcome: &'a Outcome, links: &Links, now: Timestamp) -> Output<'a> {
    let link = |place: usize| {
        let output = outcome.outputs.get(place);
        output.map_or_else(String::new, |output| {
            links.presigned(&output.url, &output.file.filename, now)
        })
    };
    let clip = |(clip_index, clip): (usize, &super::outcome::Clip)| OutputClip {
        clip_index,
        s3_url: link(clip_index),
        duration_ms: clip.duration_ms,
        virality_score: clip.scene.virality_score,
        summary: clip.scene.summary(),
    };
    let total_clips = outcome.clips.len();
    Output {
        total_clips,
        source_video_title: &outcome.title,
        processing_time_seconds: outcome.processing_seconds,
        clips: outcome.clips.iter().enumerate().map(clip).collect(),
        transcript_url: link(total_clips),
        plan_url: link(total_clips + 1),
    }
}
