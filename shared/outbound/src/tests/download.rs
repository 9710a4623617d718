//! Pulling files from untrusted URLs.

use futures::TryStreamExt;
use http::StatusCode;

use super::server::{Server, Then};
use super::{SHORT_TIMEOUT, local_client};
use crate::{Download, Fetch, Resume, SendError};

async fn get(server: &Server, fetch: Fetch) -> Result<Download, SendError> {
    let client = local_client();
    let url = client.check_url(&server.url("/output/a.wav")).unwrap();
    client.get_stream(&url, fetch).await
}

/// The body as far as it was received, and how it ended.
async fn read(mut download: Download) -> (Vec<u8>, Result<(), SendError>) {
    let mut body = Vec::new();
    loop {
        match download.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, Ok(())),
            Err(error) => return (body, Err(error)),
        }
    }
}

#[tokio::test]
async fn streams_a_file_with_its_headers() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 100000\r\n\
                ETag: \"v1\"\r\nAccept-Ranges: bytes\r\n\r\n";
    let server = Server::start(head.to_owned() + &"x".repeat(100_000), Then::Close).await;
    let download = get(&server, Fetch::whole(100_000)).await.unwrap();
    assert_eq!(download.status, StatusCode::OK);
    assert_eq!((download.content_length, download.total_length), (Some(100_000), Some(100_000)));
    assert_eq!(download.content_type.as_deref(), Some("audio/wav"));
    assert_eq!(download.etag.as_deref(), Some("\"v1\""));
    assert!(download.accepts_ranges);
    let sizes = download.into_stream().map_ok(|chunk| chunk.len());
    assert_eq!(sizes.try_fold(0, async |sum, size| Ok(sum + size)).await.unwrap(), 100_000);
    let head = server.heads().concat();
    assert!(head.starts_with("get /output/a.wav ") && head.contains("accept-encoding: identity"));
    assert!(!head.contains("range:"), "{head}");
}

#[tokio::test]
async fn resumes_an_interrupted_download() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: \"v1\"\r\n\r\n0123";
    let server = Server::start(head, Then::Close).await;
    let download = get(&server, Fetch::whole(10)).await.unwrap();
    let etag = download.etag.clone();
    let (first, end) = read(download).await;
    assert!(matches!(end, Err(SendError::Broken(_))), "{end:?}");

    let part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\n\
                Content-Length: 6\r\n\r\n456789";
    let server = Server::start(part, Then::Close).await;
    let resume = Resume { from: first.len() as u64, etag };
    let download = get(&server, Fetch::whole(10).resuming(resume)).await.unwrap();
    assert_eq!((download.range_start, download.total_length), (4, Some(10)));
    let (second, end) = read(download).await;
    assert!(end.is_ok());
    assert_eq!([first, second].concat(), b"0123456789");
    let head = server.heads().concat();
    assert!(head.contains("\r\nrange: bytes=4-") && head.contains("\r\nif-range: \"v1\""));
}

#[tokio::test]
async fn file_too_large_is_not_read() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 8-10/11\r\nContent-Length: 3\r\n\r\n",
    ] {
        let server = Server::start(head, Then::Stall).await;
        let error = get(&server, Fetch::whole(10)).await.unwrap_err();
        assert!(matches!(error, SendError::TooLarge { limit: 10 }), "{error:?}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn file_of_unknown_size_is_cut_at_the_limit() {
    let body = "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(1_000_000);
    let server = Server::start(body, Then::Stall).await;
    let download = get(&server, Fetch::whole(1000)).await.unwrap();
    assert_eq!((download.content_length, download.total_length), (None, None));
    let (body, end) = read(download).await;
    assert!(body.len() <= 1000);
    assert!(matches!(end, Err(SendError::TooLarge { limit: 1000 })), "{end:?}");
}

#[tokio::test]
async fn timeout_covers_headers_and_each_chunk() {
    let bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123";
    let server = Server::start(bytes, Then::Stall).await;
    let fetch = Fetch { read_timeout: SHORT_TIMEOUT, ..Fetch::whole(10) };
    let (body, end) = read(get(&server, fetch.clone()).await.unwrap()).await;
    assert_eq!(body, b"0123");
    assert!(matches!(end, Err(SendError::Timeout)), "{end:?}");

    let silent = Server::start("", Then::Stall).await;
    let error = get(&silent, fetch).await.unwrap_err();
    assert!(matches!(error, SendError::Timeout), "{error:?}");
}

#[tokio::test]
async fn malformed_headers_are_ignored() {
    let bytes = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes */x\r\nETag: W/\"v1\"\r\n\
                 Content-Length: 1\r\nAccept-Ranges: none\r\n\r\nx";
    let server = Server::start(bytes, Then::Close).await;
    let download = get(&server, Fetch::whole(10)).await.unwrap();
    assert_eq!((download.range_start, download.total_length), (0, Some(1)));
    assert_eq!((download.etag, download.accepts_ranges), (None, false));
}
