//! What a job of several files is completed without, and what it costs.

use domain::job::MissingOutput;

use crate::Result;
use crate::item::attribute;
use crate::job::change::Change;

impl Change {
    /// The job is completed without these files.
    pub fn without(mut self, missing: &[MissingOutput]) -> Result<Self> {
        if !missing.is_empty() {
            self.set.push(("missing", attribute(&missing)?));
        }
        Ok(self)
    }

    /// It costs its owner that much. Saved with the end, so it is counted once however often that is
    /// reported.
    pub fn costing(mut self, credits: u64) -> Result<Self> {
        self.set.push(("credits", attribute(&credits)?));
        Ok(self)
    }
}
