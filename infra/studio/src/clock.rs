//! The source of the times in bodies and signatures.

use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use domain::Timestamp;

/// A source of the current time; by default the machine's clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that shows what `now` returns.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(|| {
            let milliseconds = UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
            Timestamp::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX))
        })
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(…)")
    }
}
