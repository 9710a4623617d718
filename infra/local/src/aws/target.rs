//! The service and the operation of a request.

use std::fmt;

use http::{Method, request::Parts};

use super::execute_api;

/// A service of the embedded AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Tables.
    DynamoDb,
    /// The change streams of tables.
    DynamoDbStreams,
    /// Queues.
    Sqs,
    /// Objects.
    S3,
    /// The connections of the WebSocket API.
    ExecuteApi,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DynamoDb => "dynamodb",
            Self::DynamoDbStreams => "dynamodbstreams",
            Self::Sqs => "sqs",
            Self::S3 => "s3",
            Self::ExecuteApi => "execute-api",
        })
    }
}

/// The service and the operation that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub service: Service,
    pub operation: String,
}

impl Target {
    /// Reads a request's head. The JSON protocols name the operation in a header; a request without
    /// it is S3's, but for the paths of connections.
    pub fn of(request: &Parts) -> Self {
        let header = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let (service, operation) = match header.and_then(|target| target.split_once('.')) {
            Some(("DynamoDB_20120810", operation)) => (Service::DynamoDb, operation),
            Some(("DynamoDBStreams_20120810", operation)) => (Service::DynamoDbStreams, operation),
            Some(("AmazonSQS", operation)) => (Service::Sqs, operation),
            _ => execute_api::operation(&request.method, &request.uri).map_or_else(
                || (Service::S3, s3_operation(request)),
                |operation| (Service::ExecuteApi, operation),
            ),
        };
        Self { service, operation: operation.to_owned() }
    }
}

/// The S3 operation, which follows from method, path and query.
fn s3_operation(request: &Parts) -> &'static str {
    let path = request.uri.path().trim_start_matches('/');
    let in_bucket = path.split_once('/').is_some_and(|(_, key)| !key.is_empty());
    let query = request.uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let copies = request.headers.contains_key("x-amz-copy-source");
    match (&request.method, in_bucket) {
        (&Method::GET, true) if has("uploadId") => "ListParts",
        (&Method::GET, true) => "GetObject",
        (&Method::HEAD, true) => "HeadObject",
        (&Method::PUT, true) if has("partNumber") && copies => "UploadPartCopy",
        (&Method::PUT, true) if has("partNumber") => "UploadPart",
        (&Method::PUT, true) if copies => "CopyObject",
        (&Method::PUT, true) => "PutObject",
        (&Method::POST, true) if has("uploads") => "CreateMultipartUpload",
        (&Method::POST, true) if has("uploadId") => "CompleteMultipartUpload",
        (&Method::DELETE, true) if has("uploadId") => "AbortMultipartUpload",
        (&Method::DELETE, true) => "DeleteObject",
        (&Method::GET, false) if path.is_empty() => "ListBuckets",
        (&Method::GET, false) if has("list-type") => "ListObjectsV2",
        (&Method::GET, false) if has("location") => "GetBucketLocation",
        (&Method::GET, false) => "ListObjects",
        (&Method::HEAD, false) => "HeadBucket",
        (&Method::PUT, false) => "CreateBucket",
        (&Method::POST, false) if has("delete") => "DeleteObjects",
        (&Method::DELETE, false) => "DeleteBucket",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, uri: &str) -> &'static str {
        let request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        s3_operation(&request.into_parts().0)
    }

    #[test]
    fn the_shape_of_a_request_names_its_s3_operation() {
        assert_eq!(operation("PUT", "/bucket/a/b.wav?x-id=PutObject"), "PutObject");
        assert_eq!(operation("PUT", "/bucket/a?partNumber=1&uploadId=u"), "UploadPart");
        assert_eq!(operation("POST", "/bucket/a?uploads"), "CreateMultipartUpload");
        assert_eq!(operation("GET", "/bucket?list-type=2&prefix=a"), "ListObjectsV2");
        assert_eq!(operation("GET", "/"), "ListBuckets");
        assert_eq!(operation("HEAD", "/bucket/"), "HeadBucket");
    }
}
