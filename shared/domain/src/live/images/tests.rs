//! A plain reference model: events are recorded as they happen, and compared with what the item
//! says of them.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::job::{Source, SourceFile, Speech, Work};
use crate::live::LiveEventType;
use crate::{JobId, OwnerId};

/// What happens to a job, as the store saves it.
#[derive(Debug, Clone, Copy)]
enum Act {
    Claim,
    Accept,
    Lose,
    Progress,
    Announce,
    Complete,
    Fail,
    Cancel,
    PutBack,
    Restart,
}

const ACTS: [Act; 10] = [
    Act::Claim,
    Act::Accept,
    Act::Lose,
    Act::Progress,
    Act::Announce,
    Act::Complete,
    Act::Fail,
    Act::Cancel,
    Act::PutBack,
    Act::Restart,
];

fn job() -> Job {
    let id: JobId = "job_1".parse().unwrap();
    let work = Work::Speech(Speech::default());
    Job::new(id, OwnerId::new("local"), work, Timestamp::from_millis(1_000_000))
}

/// `job` after `act`, if its state allows that, and the event that this is.
fn after_act(job: &Job, act: Act, at: Timestamp) -> Option<(Job, Option<LiveEventType>)> {
    use JobState::{Cancelled, Completed, Dispatched, Failed, Queued, Running, Storing, Uncertain};
    let to = match act {
        Act::Claim => Dispatched,
        Act::Accept => Running,
        Act::Lose => Uncertain,
        Act::Announce => Storing,
        Act::Complete => Completed,
        Act::Fail => Failed,
        Act::Cancel => Cancelled,
        Act::PutBack | Act::Restart => Queued,
        Act::Progress => job.state,
    };
    let at_provider = matches!(job.state, Dispatched | Uncertain | Running);
    let allowed = match act {
        Act::Progress => at_provider,
        Act::Claim => job.state == Queued,
        Act::Restart => job.state.is_terminal(),
        // With files, a job is stored first.
        Act::Complete => job.state == Storing || at_provider,
        _ => to.predecessors().contains(&job.state),
    };
    if !allowed {
        return None;
    }
    let mut new = Job { state: to, ..job.clone() };
    if !matches!(act, Act::Progress) {
        new.state_since = at;
    }
    let event = match act {
        Act::Accept | Act::Lose => None,
        Act::Claim => {
            new.attempt = job.attempt.next();
            new.started_at = job.started_at.or(Some(at));
            new.claim = Some("claim".to_owned());
            Some(LiveEventType::JobStarted)
        }
        Act::Progress => {
            let percent = u8::try_from(job.past_progress.len() * 10).unwrap_or(100).min(100);
            let past = PastProgress { percent, at, step: Some(format!("{percent}")), count: None };
            new.progress_percent = Some(percent);
            new.progress_step.clone_from(&past.step);
            new.progress_at = Some(at);
            new.past_progress.push(past);
            Some(LiveEventType::JobProgress)
        }
        Act::Announce => {
            new.source = Some(Source::of(SourceFile::default()));
            Some(LiveEventType::JobStoring)
        }
        Act::Complete | Act::Fail | Act::Cancel => {
            new.completed_at = Some(at);
            Some(LiveEventType::of(&new))
        }
        Act::PutBack | Act::Restart => {
            new.past_progress.clear();
            (new.source, new.claim) = (None, None);
            (new.progress_percent, new.progress_step, new.progress_at) = (None, None, None);
            if matches!(act, Act::Restart) {
                new.attempt = job.attempt.next();
                (new.started_at, new.completed_at) = (None, None);
            }
            Some(LiveEventType::JobQueued)
        }
    };
    new.sequence += u32::from(event.is_some());
    Some((new, event))
}

proptest! {
    #[test]
    fn what_is_told_of_past_events_is_what_happened(
        acts in proptest::collection::vec(0..ACTS.len(), 0..60),
    ) {
        let mut job = job();
        let mut happened = Vec::new();
        for (number, act) in acts.into_iter().map(|place| ACTS[place]).enumerate() {
            let at = job.created_at + Duration::from_secs(number as u64 + 1);
            let Some((new, event)) = after_act(&job, act, at) else { continue };
            happened.extend(event.map(|event| (new.sequence, event, at, new.progress_percent)));
            job = new;
            let told = of(&job);
            prop_assert_eq!(u32::try_from(happened.len()).unwrap(), job.sequence);
            prop_assert_eq!(told.is_empty(), happened.is_empty());
            for (image, (sequence, event, at, percent)) in told.iter().rev().zip(happened.iter().rev()) {
                prop_assert_eq!(image.job.sequence, *sequence);
                prop_assert_eq!(LiveEventType::of(&image.job), *event);
                prop_assert!(image.at.is_none_or(|told| told == *at));
                if *event == LiveEventType::JobProgress {
                    prop_assert_eq!(image.job.progress_percent, *percent);
                    prop_assert_eq!(image.at, Some(*at));
                }
            }
            for last in 0..=job.sequence {
                let missed = after(&job, last);
                let kept = u32::try_from(told.len()).unwrap();
                prop_assert_eq!(missed.is_some(), job.sequence - last <= kept);
                prop_assert!(missed.is_none_or(|missed| missed.len() == (job.sequence - last) as usize));
            }
        }
    }
}

#[test]
fn past_progress_is_stored_as_a_list() {
    let at = Timestamp::from_millis(5);
    let past = PastProgress { percent: 40, at, step: Some("Cutting".to_owned()), count: None };
    let json = json!([40, 5, "Cutting", null]);
    assert_eq!(serde_json::to_value(&past).unwrap(), json);
    assert_eq!(serde_json::from_value::<PastProgress>(json).unwrap(), past);
}

#[test]
fn an_erased_job_tells_its_end_alone() {
    use crate::retention::{Erased, Erasure};
    let erased = Some(Erased { at: Timestamp::from_millis(9), what: Erasure::Outputs });
    let job = Job { state: JobState::Completed, sequence: 5, erased, ..job() };
    assert_eq!(of(&job).len(), 1);
    assert_eq!(of(&job)[0].job.sequence, 5);
    assert_eq!(after(&job, 4).map(|missed| missed.len()), Some(1));
    assert_eq!(after(&job, 3), None);
}
