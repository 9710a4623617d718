//! What a request does to a bucket, as IAM is asked about it.

use http::Uri;
use url::form_urlencoded;

use super::super::calls::Access;

/// What IAM is asked about a request. Several operations share an action; of the other ones, which
/// no function calls, nothing is said.
pub(in super::super) fn accesses(operation: &str, uri: &Uri) -> Vec<Access> {
    let action = match operation {
        "GetObject" | "HeadObject" => "s3:GetObject",
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => {
            "s3:PutObject"
        }
        "AbortMultipartUpload" => "s3:AbortMultipartUpload",
        "DeleteObject" => "s3:DeleteObject",
        "ListObjectsV2" => "s3:ListBucket",
        _ => return Vec::new(),
    };
    let place = uri.path().trim_matches('/');
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let prefix = query.into_iter().find(|(name, _)| name == "prefix");
    vec![Access {
        action: action.to_owned(),
        resource: format!("arn:aws:s3:::{place}"),
        context: prefix.map(|(_, prefix)| ("s3:prefix", prefix.into_owned())).into_iter().collect(),
    }]
}
