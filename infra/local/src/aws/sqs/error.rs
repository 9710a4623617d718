//! The errors of the queues, as SQS names them.

use super::super::json::JsonAnswer;

/// Why a queue operation failed.
#[derive(Debug, thiserror::Error)]
pub enum SqsError {
    /// No queue has that name.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist,
    /// A queue of that name exists, with other settings.
    #[error("A queue already exists with the same name and a different value for {0}")]
    QueueNameExists(&'static str),
    /// The receipt handle was never issued.
    #[error("The input receipt handle is invalid.")]
    ReceiptHandleIsInvalid,
    /// The message has been deleted, or its visibility timeout has run out.
    #[error("The message referred to isn't in flight.")]
    MessageNotInflight,
    /// A batch has more than 10 entries.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    /// A batch has no entry.
    #[error("There should be at least one entry in the request.")]
    EmptyBatchRequest,
    /// Two entries of a batch share an id.
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    /// An id of a batch entry is not 1 to 80 letters, digits, `-` or `_`.
    #[error("A batch entry id can only contain alphanumeric characters, hyphens and underscores.")]
    InvalidBatchEntryId,
    /// The messages of a batch together exceed the limit.
    #[error("Batch requests cannot be longer than 1048576 bytes. You have sent {0} bytes.")]
    BatchRequestTooLong(usize),
    /// A value is out of its range.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// A parameter is missing.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// A body holds a character that XML 1.0 does not allow.
    #[error("The message contains characters outside the allowed set.")]
    InvalidMessageContents,
    /// No attribute has that name.
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    /// An attribute's value is out of its range.
    #[error("Invalid value for the parameter {0}.")]
    InvalidAttributeValue(String),
    /// A resource named by its ARN does not exist.
    #[error("The resource that you specified for the {0} parameter doesn't exist.")]
    ResourceNotFound(&'static str),
    /// SQS supports it and this does not.
    #[error("{0}")]
    UnsupportedOperation(String),
    /// The request's body cannot be parsed.
    #[error("The request cannot be read: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// The database file cannot be read or written.
    #[error("the queue database failed")]
    Database(#[from] rusqlite::Error),
    /// A stored document cannot be read.
    #[error("a stored queue document cannot be read")]
    Document(#[source] serde_json::Error),
    /// The system returned no random bytes.
    #[error("the system returned no random bytes")]
    Random(#[from] getrandom::Error),
}

impl SqsError {
    /// The name in the JSON protocol.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "QueueDoesNotExist",
            Self::QueueNameExists(_) => "QueueNameExists",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::MessageNotInflight => "MessageNotInflight",
            Self::TooManyEntriesInBatchRequest(_) => "TooManyEntriesInBatchRequest",
            Self::EmptyBatchRequest => "EmptyBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "InvalidBatchEntryId",
            Self::BatchRequestTooLong(_) => "BatchRequestTooLong",
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::MissingParameter(_) => "MissingParameter",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidAttributeValue(_) => "InvalidAttributeValue",
            Self::ResourceNotFound(_) => "ResourceNotFoundException",
            Self::UnsupportedOperation(_) => "UnsupportedOperation",
            Self::Unreadable(_) => "SerializationException",
            Self::Database(_) | Self::Document(_) | Self::Random(_) => "InternalFailure",
        }
    }

    /// The name in the older query protocol, where it differs.
    fn query_code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists(_) => "QueueAlreadyExists",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::TooManyEntriesInBatchRequest(_) => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::BatchRequestTooLong(_) => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::UnsupportedOperation(_) => "AWS.SimpleQueueService.UnsupportedOperation",
            other => other.code(),
        }
    }

    /// Whether the cause lies here and not in the request.
    pub(super) fn is_internal(&self) -> bool {
        self.code() == "InternalFailure"
    }

    /// The answer for a client, without internal details.
    pub(in super::super) fn into_answer(self) -> JsonAnswer {
        let status = if self.is_internal() { 500 } else { 400 };
        let kind = format!("com.amazonaws.sqs#{}", self.code());
        let answer = JsonAnswer::error(status, &kind, &self.to_string());
        JsonAnswer { query_error: Some(self.query_code()), ..answer }
    }
}
