//! The condition under which a job's progress is saved.

use domain::{Timestamp, limits};

use crate::expressions::Expressions;
use crate::item::{number, time};

/// How far a job is, of which its owner is notified neither too often nor too finely.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(super) percent: u8,
    pub(super) at: Timestamp,
}

impl Progress {
    /// Holds unless progress was saved shortly before, or was little less, or more.
    pub(crate) fn condition(self, update: &mut Expressions) -> String {
        let (then, percent) = (update.name("progress_at"), update.name("progress_percent"));
        let earlier = update.value(time(self.at - limits::PROGRESS_INTERVAL));
        let less = self.percent.saturating_sub(limits::PROGRESS_PERCENT);
        let less = update.value(number(less));
        format!("(attribute_not_exists({then}) OR ({then} <= {earlier} AND {percent} <= {less}))")
    }
}
