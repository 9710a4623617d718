//! Waiting for a job to change: `?wait=` and `Prefer: wait=`, in seconds.

use std::time::Duration;

use domain::{InvalidField, Job, OwnerId, Timestamp, limits};
use http::HeaderValue;
use runtime::Problem;
use runtime::http::Request;

use crate::JobGet;

/// The wait between two reads, which grows from the first to the last. An item that is polled for 28 s
/// is read 30 times: 15 read units, a hundredth of what an invocation of that time costs.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));
/// The longest wait that a request may name, in seconds; it is cut to [`limits::CHANGE_WAIT`].
const MOST_SECONDS: u64 = 30;

/// How long a request waits.
#[derive(Debug)]
pub(crate) struct Wait {
    time: Duration,
    /// Whether it is a preference, whose being honoured is said.
    is_preference: bool,
}

impl Wait {
    /// The wait that `request` asks for. A preference that cannot be read is ignored, as RFC 7240 has
    /// it.
    pub(crate) fn of(request: &Request) -> Result<Option<Self>, InvalidField> {
        if let Some(text) = request.query("wait") {
            let message = format!("must be a number of seconds from 0 to {MOST_SECONDS}");
            let seconds = seconds(text).filter(|seconds| *seconds <= MOST_SECONDS);
            let seconds = seconds.ok_or_else(|| InvalidField::new("wait", message))?;
            return Ok(Some(Self::seconds(seconds, false)));
        }
        let preferred = request.header("prefer").and_then(preferred);
        Ok(preferred.map(|seconds| Self::seconds(seconds, true)))
    }

    fn seconds(seconds: u64, is_preference: bool) -> Self {
        Self { time: Duration::from_secs(seconds).min(limits::CHANGE_WAIT), is_preference }
    }

    /// The value of `Preference-Applied`, if this is a preference.
    pub(crate) fn applied(&self) -> Option<HeaderValue> {
        let text = format!("wait={}", self.time.as_secs());
        HeaderValue::try_from(text).ok().filter(|_| self.is_preference)
    }
}

fn seconds(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The seconds of `wait` in a header `Prefer`: the first counts, and quotes and parameters are allowed.
fn preferred(header: &str) -> Option<u64> {
    header.split(',').find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        is_wait.then(|| seconds(value.trim().trim_matches('"')))?
    })
}

impl JobGet {
    /// `job` when clients see a change of it, or as it is when the wait is over. One that has ended
    /// is not waited for.
    pub(crate) async fn changed(
        &self,
        owner: &OwnerId,
        job: Job,
        wait: &Wait,
    ) -> Result<Job, Problem> {
        let end = self.clock.now() + wait.time;
        let (mut pause, longest) = PAUSE;
        while !job.state.is_terminal() && self.clock.now() < end {
            self.pause(pause.min(end.since(self.clock.now())), end).await;
            pause = (pause * 5 / 4).min(longest);
            let later = self.store.find_job_lately(owner, &job.id).await;
            // A read that is not consistent may be older than what was read before.
            match later.map_err(Problem::unavailable)? {
                Some(later) if later.sequence > job.sequence => return Ok(later),
                _ => {}
            }
        }
        Ok(job)
    }

    /// Waits for `time`, or until a manual clock shows that the whole wait is over.
    async fn pause(&self, time: Duration, end: Timestamp) {
        let over = async {
            while self.clock.now() < end {
                self.clock.changed().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = over => {}
        }
    }
}
