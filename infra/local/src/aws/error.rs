//! Errors of opening, preparing and calling the embedded AWS directly.

use super::sqs::SqsError;

/// Why the embedded AWS failed this program. Clients of its protocols get the error that their
/// service documents instead.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The data folder cannot be created, read or written.
    #[error("the data folder cannot be used")]
    Folder(#[from] std::io::Error),
    /// The data folder's path is not Unicode, which the table store requires.
    #[error("the data folder's path is not valid Unicode")]
    FolderName,
    /// The table store failed.
    #[error("the table store failed")]
    Tables(#[from] dynoxide::DynoxideError),
    /// DynamoDB refuses a request of this program or of its template.
    #[error("DynamoDB refused {operation}: {answer}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// DynamoDB's error body.
        answer: String,
    },
    /// A database file cannot be read or written.
    #[error("a database file failed")]
    Database(#[from] rusqlite::Error),
    /// A stored document cannot be read.
    #[error("a stored document cannot be read")]
    Document(#[from] serde_json::Error),
    /// The object store failed.
    #[error("the object store failed")]
    Objects(#[source] s3s::S3Error),
    /// The queue store failed.
    #[error("the queue store failed")]
    Queues(#[from] SqsError),
}
