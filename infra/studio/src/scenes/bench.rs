//! Where one task is worked on: its files in the work folder, its downloads, its progress.

use std::io;
use std::time::Instant;

use tempfile::TempPath;
use url::Url;

use super::error::SceneError;
use super::ffmpeg::{Ffmpeg, Target};
use super::outcome::Output;
use crate::pod::Pod;
use crate::stored_file::StoredFile;

/// What every task's id begins with, and so the name of every file of it.
pub(super) const TASK: &str = "task_";

/// Whether a file of that name was made by a scene service.
pub(crate) fn is_ours(filename: &str) -> bool {
    filename.starts_with(TASK)
}

/// The bench of one task.
pub(super) struct Bench<'a> {
    pod: &'a Pod,
    id: &'a str,
    begun: Instant,
}

impl<'a> Bench<'a> {
    /// Work on task `id` begins now.
    pub fn new(pod: &'a Pod, id: &'a str) -> Self {
        Self { pod, id, begun: Instant::now() }
    }

    /// A name for a file of this task, which is deleted when this is dropped. What comes after
    /// the task's id begins with a dot.
    pub fn file(&self, name: &str) -> io::Result<TempPath> {
        TempPath::try_from_path(self.pod.work_dir.join(format!("{}{name}", self.id)))
    }

    /// Downloads what the request calls `field`.
    pub async fn fetch(&self, field: &str, url: &Url, name: &str) -> Result<TempPath, SceneError> {
        let file = self.file(name)?;
        let fetched = self.pod.fetcher.fetch(url, &file).await;
        fetched.map_err(|source| SceneError::Fetch { field: field.to_owned(), source })?;
        Ok(file)
    }

    /// Runs `command`, which makes `frames` frames, and shows how far it is.
    pub async fn run(&self, command: Ffmpeg, frames: u32) -> Result<(), SceneError> {
        let show = |done: u32| {
            let percent = u64::from(done) * 100 / u64::from(frames.max(1));
            self.pod.scenes.change(self.id, |task| task.show_progress(percent));
        };
        Ok(command.run(show).await?)
    }

    /// Runs `command`, which makes what its filter `graph` calls `[film]`, and offers the video
    /// and a small picture of it.
    pub async fn film(
        &self,
        command: Ffmpeg,
        graph: &str,
        frames: u32,
        distance: u32,
    ) -> Result<[Output; 2], SceneError> {
        let (mp4, thumbnail) = (self.file(".mp4")?, self.file(".thumb.jpg")?);
        let target = Target { frames, distance, mp4: &mp4, thumbnail: &thumbnail };
        self.run(command.film(graph, &target), frames).await?;
        Ok([self.offer(mp4, "video/mp4").await?, self.picture(thumbnail).await?])
    }

    /// Offers a finished JPEG.
    pub async fn picture(&self, path: TempPath) -> io::Result<Output> {
        self.offer(path, "image/jpeg").await
    }

    async fn offer(&self, path: TempPath, kind: &'static str) -> io::Result<Output> {
        let file = StoredFile::at(path.to_path_buf(), kind).await?;
        let url = format!("{}/output/{}", self.pod.base_url, file.filename);
        Ok(Output::new(file, url, path))
    }

    /// How long it has been worked on, in seconds, to the hundredth.
    pub fn seconds(&self) -> f64 {
        (self.begun.elapsed().as_secs_f64() * 100.0).round() / 100.0
    }
}
