//! Processes one task: fetch the video, find its scenes, cut the clips, report each stage.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempPath;
use tokio::sync::mpsc::UnboundedSender;

use super::cut::cut;
use super::error::ClippingError;
use super::order::Order;
use super::outcome::{Clip, Outcome};
use super::payload::Event;
use super::scene::{Scene, choose, split};
use super::source::{Source, duration_ms};
use super::task::ClippingTask;
use super::throttle::Throttle;
use super::webhook::{Webhook, emit};
use super::{ClippingStatus, analysis, documents};
use crate::faults::Fault;
use crate::output::KeptFile;
use crate::state::StudioState;
use crate::stored_file::StoredFile;

/// The step between the download and the first clip.
const FINDING: &str = "Finding scenes...";
/// The percentage done when the video is being fetched, when that has ended, and when its scenes were
/// found. The clips are the rest, each the same part, but for the last percents.
const FETCHING: u8 = 5;
const FETCHED: u8 = 15;
const MEASURED: u8 = 45;
const RENDERED: u8 = 95;

/// One task at work.
struct Run {
    studio: Arc<StudioState>,
    id: String,
    outbox: UnboundedSender<Webhook>,
    throttle: Throttle,
    /// How many webhooks it has reported.
    reported: u64,
    begun: Instant,
}

/// Processes task `id` to its end.
pub(super) async fn run(
    studio: Arc<StudioState>,
    id: String,
    order: Arc<Order>,
    outbox: UnboundedSender<Webhook>,
) {
    let tasks = &studio.clipping.tasks;
    let Some(cancellation) = tasks.read(&id, |task| Arc::clone(&task.cancellation)) else {
        return;
    };
    let throttle = Throttle::new(studio.settings.clipping.progress_interval);
    let mut run = Run {
        studio: Arc::clone(&studio),
        id,
        outbox,
        throttle,
        reported: 0,
        begun: Instant::now(),
    };
    let outcome = tokio::select! {
        () = cancellation.notified() => return,
        outcome = run.make(&order) => outcome,
    };
    run.end(outcome);
}

impl Run {
    async fn make(&mut self, order: &Order) -> Result<Outcome, ClippingError> {
        let studio = Arc::clone(&self.studio);
        let _permit = studio.workers.acquire().await;
        self.begun = Instant::now();
        self.advance(FETCHING, "Downloading video...".to_owned(), None);
        self.emit(Event::Started);
        let video = self.file("source")?;
        let fetched = studio.fetcher.fetch(&order.video_url, &video).await;
        self.advance(FETCHED, FINDING.to_owned(), None);
        fetched?;
        let source = Source::read(&video, &order.video_url).await?;
        let scenes = self.find_scenes(&video, &source).await?;
        if studio.settings.faults.occurs(Fault::Fail, self.ordinal()) {
            return Err(ClippingError::Fault);
        }
        let (mut outputs, clips) = self.cut(&video, &choose(&scenes, order.max_clips)).await?;
        let texts = [
            ("transcript.json", documents::transcript(&source, &scenes)),
            ("plan.json", documents::plan(&source, &scenes, &clips)),
        ];
        for (name, text) in texts {
            outputs.push(self.text(name, &text).await?);
        }
        let processing_seconds = (self.begun.elapsed().as_secs_f64() * 100.0).round() / 100.0;
        Ok(Outcome { outputs, clips, title: source.title, processing_seconds })
    }

    async fn find_scenes(
        &mut self,
        video: &Path,
        source: &Source,
    ) -> Result<Vec<Scene>, ClippingError> {
        self.report(FETCHED, FINDING.to_owned(), None);
        let show = |seconds: f64| {
            let percent = part(FETCHED, MEASURED, seconds / source.seconds);
            self.report(percent, FINDING.to_owned(), None);
        };
        let frames = analysis::measure(video, show).await?;
        Ok(split(&frames, source.seconds))
    }

    /// Cuts `chosen` to clips.
    async fn cut(
        &mut self,
        video: &Path,
        chosen: &[Scene],
    ) -> Result<(Vec<KeptFile>, Vec<Clip>), ClippingError> {
        let (mut outputs, mut clips) = (Vec::new(), Vec::new());
        let total = chosen.len();
        for (done, scene) in chosen.iter().enumerate() {
            let step = format!("Rendering clip {}/{total}...", done + 1);
            self.report(rendered(done, total), step, Some((done, total)));
            let file = self.file(&format!("clip_{done:02}.mp4"))?;
            cut(video, scene, &file).await?;
            clips.push(Clip { scene: *scene, duration_ms: duration_ms(&file).await? });
            outputs.push(self.output(file, "video/mp4").await?);
        }
        Ok((outputs, clips))
    }

    /// A path for a file of this task, which dropping it deletes.
    fn file(&self, name: &str) -> Result<TempPath, ClippingError> {
        let path = self.studio.work_dir.join(format!("{}.{name}", self.id));
        Ok(TempPath::try_from_path(path)?)
    }

    async fn text(&self, name: &str, content: &Value) -> Result<KeptFile, ClippingError> {
        let file = self.file(name)?;
        tokio::fs::write(&file, content.to_string()).await?;
        self.output(file, "application/json").await
    }

    async fn output(&self, path: TempPath, kind: &'static str) -> Result<KeptFile, ClippingError> {
        let file = StoredFile::at(path.to_path_buf(), kind).await?;
        let url = format!("{}/output/{}", self.studio.base_url, file.filename);
        Ok(KeptFile::new(file, url, path))
    }

    fn ordinal(&self) -> u64 {
        self.studio.clipping.tasks.read(&self.id, |task| task.ordinal).unwrap_or_default()
    }

    /// Shows a step, and reports it unless that is too soon.
    fn report(&mut self, percent: u8, step: String, clips: Option<(usize, usize)>) {
        self.advance(percent, step, clips);
        if self.throttle.permits(Instant::now()) {
            self.emit(Event::Progress);
        }
    }

    fn advance(&self, percent: u8, step: String, clips: Option<(usize, usize)>) {
        self.studio.clipping.tasks.change(&self.id, |task| {
            task.advance(percent, step);
            task.clips = clips;
        });
    }

    fn emit(&mut self, event: Event) {
        self.reported += 1;
        emit(&self.studio, &self.id, event, self.reported, &self.outbox);
    }

    /// Records the end and reports it. A cancellation that was acknowledged meanwhile stays, and is not
    /// reported.
    fn end(&mut self, outcome: Result<Outcome, ClippingError>) {
        let end = |task: &mut ClippingTask| {
            task.end(outcome.map_err(|error| error.to_string()));
            (task.status, task.error.clone())
        };
        let Some((status, error)) = self.studio.clipping.tasks.change(&self.id, end) else {
            return;
        };
        tracing::info!(task = self.id, ?status, error, "ended");
        match status {
            ClippingStatus::Succeeded => self.emit(Event::Completed),
            ClippingStatus::Failed => self.emit(Event::Failed),
            ClippingStatus::Queued | ClippingStatus::Running | ClippingStatus::Cancelled => {}
        }
    }
}

/// The percentage at `done` of the way from `from` to `to`.
fn part(from: u8, to: u8, done: f64) -> u8 {
    let hundredths = (0..=100_u8).take_while(|part| f64::from(*part) <= done * 100.0).last();
    let done = u16::from(hundredths.unwrap_or(0)) * u16::from(to - from) / 100;
    from + u8::try_from(done).unwrap_or(0)
}

/// The percentage when `done` of `total` clips are finished.
fn rendered(done: usize, total: usize) -> u8 {
    let part = done * usize::from(RENDERED - MEASURED) / total.max(1);
    MEASURED + u8::try_from(part).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_of_five_clips_begins_at_65_percent() {
        assert_eq!(rendered(2, 5), 65);
        assert_eq!((rendered(0, 5), rendered(5, 5)), (45, 95));
    }

    #[test]
    fn the_search_for_scenes_goes_from_15_to_45_percent() {
        let percents = [0.0, 0.5, 1.0, 2.0, f64::NAN].map(|done| part(FETCHED, MEASURED, done));
        assert_eq!(percents, [15, 30, 45, 45, 15]);
    }
}
