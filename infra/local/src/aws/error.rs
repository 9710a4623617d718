//! What can go wrong while the embedded AWS is opened, prepared or asked directly.

use super::sqs::SqsError;

/// Why the embedded AWS could not do what this program asked of it. Clients of its protocols
/// never see one: they get the error their service documents.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The data folder cannot be created, read or written.
    #[error("the data folder cannot be used")]
    Folder(#[from] std::io::Error),
    /// The data folder's path is not Unicode, which the table store requires.
    #[error("the data folder's path is not valid Unicode")]
    FolderName,
    /// The table store refuses.
    #[error("the table store failed")]
    Tables(#[from] dynoxide::DynoxideError),
    /// A request written by this program or its template is not what DynamoDB takes; holds
    /// DynamoDB's answer.
    #[error("DynamoDB refused {operation}: {answer}")]
    Refused {
        /// The operation asked for.
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
    /// The object store refuses.
    #[error("the object store failed")]
    Objects(#[source] s3s::S3Error),
    /// The queue store refuses.
    #[error("the queue store failed")]
    Queues(#[from] SqsError),
}
