//! Measures the processor time of each part of this process: functions, services, pollers. Off by
//! default; when on, each poll of a part reads the thread's clock twice, about 0.4 µs together.
//!
//! One meter serves the process, because it measures the process.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::lock::lock;

static ENABLED: AtomicBool = AtomicBool::new(false);
static PARTS: Mutex<BTreeMap<Cow<'static, str>, Part>> = Mutex::new(BTreeMap::new());

thread_local! {
    /// Time of the parts inside the one that is polled on this thread.
    static WITHIN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The measurements of a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    /// How often it ran to its end.
    pub runs: u64,
    /// Processor time, without that of the parts inside it.
    pub time: Duration,
}

/// Measures from here on.
pub fn enable() {
    ENABLED.store(true, Ordering::SeqCst);
}

/// The measurements of each part so far.
pub fn report() -> BTreeMap<String, Part> {
    let parts = lock(&PARTS);
    parts.iter().map(|(name, part)| (name.to_string(), *part)).collect()
}

/// Awaits `future` and adds its processor time to `part`.
pub async fn measured<F: Future>(part: impl Into<Cow<'static, str>>, future: F) -> F::Output {
    if !ENABLED.load(Ordering::Relaxed) {
        return future.await;
    }
    let mut taken = Duration::ZERO;
    let output = Measured { future: Box::pin(future), taken: &mut taken }.await;
    let mut parts = lock(&PARTS);
    let part = parts.entry(part.into()).or_default();
    part.runs += 1;
    part.time += taken;
    output
}

struct Measured<'a, F> {
    future: Pin<Box<F>>,
    taken: &'a mut Duration,
}

impl<F: Future> Future for Measured<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let outer = WITHIN.replace(Duration::ZERO);
        let start = thread_time();
        let polled = self.future.as_mut().poll(context);
        let whole = thread_time().saturating_sub(start);
        *self.taken += whole.saturating_sub(WITHIN.get());
        WITHIN.set(outer + whole);
        polled
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work() -> u64 {
        (0..2_000_000_u64).fold(0, |sum, number| sum.wrapping_mul(31) ^ number)
    }

    #[tokio::test]
    async fn a_part_excludes_the_parts_inside_it() {
        enable();
        let inner = measured("test: inner", async { std::hint::black_box(work()) });
        measured("test: outer", inner).await;
        let report = report();
        let (inner, outer) = (report["test: inner"], report["test: outer"]);
        assert_eq!((inner.runs, outer.runs), (1, 1));
        assert!(inner.time > outer.time * 2, "{inner:?} {outer:?}");
    }
}
