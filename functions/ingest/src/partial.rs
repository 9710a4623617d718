//! Jobs of several files that are completed without those that cannot be had. Pure.

use domain::credits::CreditRule;
use domain::job::{MissingOutput, SourceFile};
use domain::{Job, JobKind, Output};
use tokio::time::Instant;

/// Why a file is not had by this attempt.
#[derive(Debug, Clone)]
pub(crate) enum Loss {
    /// It is not what it has to be, or never taken. A sentence for the client.
    Invalid(String),
    /// Its source did not give it while it was to keep it. The reason as a clause.
    Gone(String),
}

/// The files of a job that are lost.
#[derive(Debug, Default)]
pub(crate) struct Losses(Vec<(MissingOutput, Loss)>);

/// What a job is worth without them.
#[derive(Debug)]
pub(crate) enum Worth {
    /// Nothing, for that reason: files of its main sort were announced, and none of them is stored.
    Nothing(Loss),
    /// It is completed without these.
    Kept(Vec<MissingOutput>),
}

impl Losses {
    /// Adds `file`.
    pub(crate) fn add(&mut self, file: &SourceFile, loss: Loss) {
        let reason = match &loss {
            Loss::Invalid(reason) => reason.clone(),
            Loss::Gone(reason) => format!("The file could not be had from its provider: {reason}."),
        };
        let name = file.name.clone().unwrap_or_default();
        self.0.push((MissingOutput { name, index: file.index, reason }, loss));
    }

    /// What the job is worth whose `outputs` are stored. Its main files are those that are numbered.
    pub(crate) fn worth(self, outputs: &[Output]) -> Worth {
        let has_main = outputs.iter().any(|output| output.index.is_some());
        let main = self.0.iter().find(|(missing, _)| missing.index.is_some());
        match main {
            Some((_, loss)) if !has_main => Worth::Nothing(loss.clone()),
            _ => Worth::Kept(self.0.into_iter().map(|(missing, _)| missing).collect()),
        }
    }
}

/// Until when the next of so many files may take, of the time until `deadline`: one that never comes must
/// not cost the others theirs.
pub(crate) fn share(deadline: Instant, files: usize) -> Instant {
    let now = Instant::now();
    let files = u32::try_from(files).unwrap_or(u32::MAX).max(1);
    now + deadline.saturating_duration_since(now) / files
}

/// What `job` costs with these `outputs`, if jobs of its kind cost anything.
pub(crate) fn credits(rule: CreditRule, job: &Job, outputs: &[Output]) -> Option<u64> {
    let source_seconds =
        job.result.as_ref().and_then(|result| result["source_duration_seconds"].as_f64());
    (job.kind() == JobKind::Clipping).then(|| rule.credits(outputs, source_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, index: Option<u32>) -> SourceFile {
        SourceFile { name: Some(name.to_owned()), index, ..SourceFile::default() }
    }

    fn stored(name: &str, index: Option<u32>) -> Output {
        Output { name: name.to_owned(), index, ..Output::default() }
    }

    fn kept(losses: Losses, outputs: &[Output]) -> Option<Vec<String>> {
        match losses.worth(outputs) {
            Worth::Nothing(_) => None,
            Worth::Kept(missing) => Some(missing.into_iter().map(|one| one.name).collect()),
        }
    }

    #[test]
    fn one_clip_is_worth_something_and_a_transcript_alone_is_not() {
        let gone = || Loss::Gone("the source answered 404 Not Found".to_owned());
        let lost = |files: &[(&str, Option<u32>)]| {
            let mut losses = Losses::default();
            for (name, index) in files {
                losses.add(&file(name, *index), gone());
            }
            losses
        };
        let (clip, transcript) = (stored("clip_01", Some(1)), stored("transcript", None));
        let both = [clip, transcript.clone()];
        let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(kept(lost(&[]), &both), names(&[]));
        assert_eq!(kept(lost(&[("clip_00", Some(0))]), &both), names(&["clip_00"]));
        assert_eq!(kept(lost(&[("clip_00", Some(0))]), &[transcript]), None);
        assert_eq!(kept(lost(&[("plan", None)]), &[]), names(&["plan"]), "there were no clips");
    }
}
