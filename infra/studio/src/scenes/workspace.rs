//! The workspace of one scene task: its files, its downloads, its progress.

use std::io;
use std::time::Instant;

use tempfile::TempPath;
use url::Url;

use super::error::SceneError;
use super::ffmpeg::{Ffmpeg, Target};
use crate::output::KeptFile;
use crate::state::StudioState;
use crate::stored_file::StoredFile;

/// The prefix of every task's id, and so of its files' names.
pub(super) const TASK: &str = "task_";

/// Whether a scene service made the file of that name.
pub(crate) fn is_ours(filename: &str) -> bool {
    filename.starts_with(TASK)
}

/// The workspace of one task.
pub(super) struct Workspace<'a> {
    studio: &'a StudioState,
    id: &'a str,
    begun: Instant,
}

impl<'a> Workspace<'a> {
    /// Starts the processing time of task `id`.
    pub fn new(studio: &'a StudioState, id: &'a str) -> Self {
        Self { studio, id, begun: Instant::now() }
    }

    /// A path for a file of this task, which dropping it deletes. `name` begins with a dot.
    pub fn file(&self, name: &str) -> io::Result<TempPath> {
        TempPath::try_from_path(self.studio.work_dir.join(format!("{}{name}", self.id)))
    }

    /// Downloads the input that the request names `field`.
    pub async fn fetch(&self, field: &str, url: &Url, name: &str) -> Result<TempPath, SceneError> {
        let file = self.file(name)?;
        let fetched = self.studio.fetcher.fetch(url, &file).await;
        fetched.map_err(|source| SceneError::Fetch { field: field.to_owned(), source })?;
        Ok(file)
    }

    /// Runs `command`, which makes `frames` frames, and updates the task's progress.
    pub async fn run(&self, command: Ffmpeg, frames: u32) -> Result<(), SceneError> {
        let show = |done: u32| {
            let percent = u64::from(done) * 100 / u64::from(frames.max(1));
            self.studio.scenes.change(self.id, |task| task.show_progress(percent));
        };
        Ok(command.run(show).await?)
    }

    /// Runs `command`, whose filter `graph` names its result `[film]`, and returns the video and a
    /// thumbnail.
    pub async fn film(
        &self,
        command: Ffmpeg,
        graph: &str,
        frames: u32,
        distance: u32,
    ) -> Result<[KeptFile; 2], SceneError> {
        let (mp4, thumbnail) = (self.file(".mp4")?, self.file(".thumb.jpg")?);
        let target = Target { frames, distance, mp4: &mp4, thumbnail: &thumbnail };
        self.run(command.film(graph, &target), frames).await?;
        Ok([self.output(mp4, "video/mp4").await?, self.picture(thumbnail).await?])
    }

    /// Returns a finished JPEG as an output.
    pub async fn picture(&self, path: TempPath) -> io::Result<KeptFile> {
        self.output(path, "image/jpeg").await
    }

    async fn output(&self, path: TempPath, kind: &'static str) -> io::Result<KeptFile> {
        let file = StoredFile::at(path.to_path_buf(), kind).await?;
        let url = format!("{}/output/{}", self.studio.base_url, file.filename);
        Ok(KeptFile::new(file, url, path))
    }

    /// The processing time so far, in seconds, to the hundredth.
    pub fn seconds(&self) -> f64 {
        (self.begun.elapsed().as_secs_f64() * 100.0).round() / 100.0
    }
}
