//! The final report: the files, and the duration of each step.

use std::fmt;
use std::time::Duration;

use crate::clips::Clips;
use crate::film::Film;
use crate::once::Once;
use crate::order::{Outcome, Times};
use crate::portrait::Portrait;
use crate::time::formatted;

/// The result of a demo that succeeded.
#[derive(Debug)]
pub struct Report {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) film: Film,
    pub(crate) portrait: Portrait,
    pub(crate) clips: Clips,
    pub(crate) once: Once,
    pub(crate) start: Duration,
    pub(crate) stop: Duration,
}

/// A step, and its duration.
type Step = (&'static str, fn(&Times) -> Duration);

const STEPS: [Step; 6] = [
    ("accepted (POST to 202)", |times| times.accepted.since(times.submitted)),
    ("queued until started", |times| times.started.since(times.created)),
    ("spoken and stored", |times| times.completed.since(times.started)),
    ("webhook delivered", |times| times.notified.since(times.completed)),
    ("downloaded and checked", |times| times.checked.since(times.notified)),
    ("total", |times| times.checked.since(times.submitted)),
];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for outcome in &self.outcomes {
            write_outcome(f, outcome)?;
        }
        write_film(f, &self.film)?;
        write_portrait(f, &self.portrait)?;
        write_clips(f, &self.clips)?;
        write!(f, "  {:<26}", "Duration of each step")?;
        for outcome in &self.outcomes {
            write!(f, "{:>12}", outcome.name)?;
        }
        writeln!(f)?;
        for (step, took) in STEPS {
            write!(f, "  {step:<26}")?;
            for outcome in &self.outcomes {
                write!(f, "{:>12}", formatted(took(&outcome.times)))?;
            }
            writeln!(f)?;
        }
        writeln!(f, "\n{}", self.once)?;
        let (start, stop) = (formatted(self.start), formatted(self.stop));
        writeln!(f, "The cloud started in {start} and stopped in {stop}. All checks passed.")?;
        write!(f, "The film is {}", self.film.file.display())
    }
}

fn write_outcome(f: &mut fmt::Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let Outcome { name, language, words, job_id, message_id, file, announced, .. } = outcome;
    let playing_time = formatted(Duration::from_millis(announced.duration_ms.unwrap_or_default()));
    writeln!(f, "  {name}: {words} words ({language}), {playing_time} of speech")?;
    writeln!(f, "    file     {}", file.display())?;
    writeln!(f, "    checked  {} bytes, sha256 {}", announced.bytes, announced.sha256)?;
    writeln!(f, "    job      {job_id}")?;
    writeln!(f, "    webhook  {message_id}, both signatures verified\n")
}

fn write_film(f: &mut fmt::Formatter<'_>, film: &Film) -> fmt::Result {
    let Film { project_id, message_id, file, announced, playing_time, .. } = film;
    let (made, all) = (film.completed.since(film.submitted), film.checked.since(film.submitted));
    writeln!(f, "  film: three scenes, {} by ffprobe", formatted(*playing_time))?;
    writeln!(f, "    file     {}", file.display())?;
    writeln!(f, "    checked  {} bytes, sha256 {}", announced.bytes, announced.sha256)?;
    writeln!(f, "    project  {project_id}")?;
    writeln!(f, "    webhook  {message_id}, both signatures verified")?;
    writeln!(f, "    took     {}, {} until it was stored\n", formatted(all), formatted(made))
}

fn write_portrait(f: &mut fmt::Formatter<'_>, portrait: &Portrait) -> fmt::Result {
    let Portrait { model_id, version, training_job, job_id, file, announced, .. } = portrait;
    let [trained, made] = &portrait.message_ids;
    let ready = portrait.ready.since(portrait.submitted);
    let all = portrait.checked.since(portrait.submitted);
    writeln!(f, "  portrait: a model was trained, and made a picture")?;
    writeln!(f, "    model    {model_id}, Ready after {}", formatted(ready))?;
    writeln!(f, "    version  {version}")?;
    writeln!(f, "    file     {}", file.display())?;
    writeln!(f, "    checked  {} bytes, sha256 {}", announced.bytes, announced.sha256)?;
    writeln!(f, "    jobs     {training_job}, {job_id}")?;
    writeln!(f, "    webhooks {trained}, {made}, signatures verified")?;
    writeln!(f, "    took     {}\n", formatted(all))
}

fn write_clips(f: &mut fmt::Formatter<'_>, clips: &Clips) -> fmt::Result {
    let Clips { job_id, message_id, source, credits, heard, files, .. } = clips;
    let (made, all) =
        (clips.completed.since(clips.submitted), clips.checked.since(clips.submitted));
    writeln!(f, "  clips: a video was cut at its changes of scene, {} clips", files.len())?;
    writeln!(f, "    source   {}", source.display())?;
    for clip in files {
        let (file, time) = (clip.file.display(), formatted(clip.playing_time));
        writeln!(f, "    file     {file}, {time} by ffprobe, rated {:.2}", clip.score)?;
    }
    writeln!(f, "    live     {heard}")?;
    writeln!(f, "    job      {job_id}, {credits} credits")?;
    writeln!(f, "    webhook  {message_id}, both signatures verified")?;
    writeln!(f, "    took     {}, {} until they were stored\n", formatted(all), formatted(made))
}
