//! Items as the table's stream shows them.

use domain::Job;

use crate::StoreError;

/// The job in a stream record's image.
pub fn job(image: serde_dynamo::Item) -> Result<Job, StoreError> {
    Ok(serde_dynamo::from_item(image)?)
}
