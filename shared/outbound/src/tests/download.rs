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
                ETag: \"v1\"\r\nLast-Modified: now\r\n\r\n";
    let server = Server::start(head.to_owned() + &"x".repeat(100_000), Then::Close).await;
    let download = get(&server, Fetch::whole(100_000)).await.unwrap();
    assert_eq!(download.status, StatusCode::OK);
    assert_eq!((download.range_start, download.total_length), (Some(0), Some(100_000)));
    assert_eq!(download.content_type.as_deref(), Some("audio/wav"));
    assert_eq!(download.etag.as_deref(), Some("\"v1\""));
    assert_eq!(download.last_modified.as_deref(), Some("now"));
    assert!(!download.accepts_ranges && download.content_encoding.is_none());
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
    let resume = Resume { from: first.len() as u64, to: None, etag };
    let download = get(&server, Fetch::whole(10).resuming(resume)).await.unwrap();
    assert_eq!((download.range_start, download.total_length), (Some(4), Some(10)));
    let (second, end) = read(download).await;
    assert!(end.is_ok());
    assert_eq!([first, second].concat(), b"0123456789");
    let head = server.heads().concat();
    assert!(head.contains("\r\nrange: bytes=4-") && head.contains("\r\nif-range: \"v1\""));
}

#[tokio::test]
async fn range_with_an_end_is_requested_and_stated() {
    let part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-6/10\r\n\
                Accept-Ranges: Bytes\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\n456";
    let server = Server::start(part, Then::Close).await;
    let resume = Resume { from: 4, to: Some(6), etag: Some("\"v1\"".to_owned()) };
    let download = get(&server, Fetch::whole(10).resuming(resume)).await.unwrap();
    let range = (download.range_start, download.range_end, download.total_length);
    assert_eq!(range, (Some(4), Some(6), Some(10)));
    assert!(download.accepts_ranges && !download.is_encoded);
    assert_eq!(download.content_encoding.as_deref(), Some("br"));
    assert_eq!(read(download).await.0, b"456");
    let head = server.heads().concat();
    assert!(head.contains("\r\nrange: bytes=4-6\r\n") && head.contains("\r\nif-range: \"v1\""));
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
    assert_eq!(download.total_length, None);
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
async fn deadline_ends_a_source_that_goes_on() {
    let server = Server::start("HTTP/1.1 200 OK\r\n\r\n0123", Then::Stall).await;
    let fetch = Fetch::whole(10).until(tokio::time::Instant::now());
    let (body, end) = read(get(&server, fetch).await.unwrap()).await;
    assert!(body.is_empty() && matches!(end, Err(SendError::TooSlow)), "{end:?}");
}

#[tokio::test]
async fn malformed_ranges_count_as_none() {
    for (range, expected) in [
        ("bytes */x", (None, None)),
        ("bytes 5-4/10", (None, None)),
        ("bytes 0-10/10", (None, None)),
        ("items 0-9/10", (None, None)),
        ("bytes 0-18446744073709551615/*", (Some(0), None)),
        ("bytes 18446744073709551614-18446744073709551615/*", (Some(u64::MAX - 1), None)),
        ("bytes 99999999999999999999-1/2", (None, None)),
        ("bytes=0-0/1", (Some(0), Some(1))),
    ] {
        let bytes = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: {range}\r\nETag: W/\"v1\"\r\n\
             Content-Length: 1\r\n\r\nx"
        );
        let server = Server::start(bytes, Then::Close).await;
        match get(&server, Fetch::whole(10)).await {
            Ok(download) => {
                assert_eq!((download.range_start, download.total_length), expected, "{range}");
                assert_eq!(download.etag.as_deref(), Some("W/\"v1\""));
            }
            Err(SendError::TooLarge { .. }) => assert_eq!(expected.0, Some(u64::MAX - 1)),
            Err(error) => panic!("{range}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn range_not_satisfiable_states_the_size() {
    let bytes = "HTTP/1.1 416 x\r\nContent-Range: bytes */4\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(bytes, Then::Close).await;
    let download = get(&server, Fetch::whole(10)).await.unwrap();
    assert_eq!((download.range_start, download.total_length), (None, Some(4)));
}

#[tokio::test]
async fn weak_validator_is_not_sent() {
    let server = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close).await;
    let resume = Resume { from: 4, to: None, etag: Some("W/\"v1\"".to_owned()) };
    get(&server, Fetch::whole(10).resuming(resume)).await.unwrap();
    let head = server.heads().concat();
    assert!(head.contains("\r\nrange: bytes=4-") && !head.contains("if-range"), "{head}");
}

fn redirect(status: u16, location: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    head.into_bytes()
}

const FOUND: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n0123";

#[tokio::test]
async fn follows_redirects_with_the_range() {
    let target = Server::start(FOUND, Then::Close).await;
    let answers = vec![
        redirect(301, "/hop 1?sig=a%2Fb"),
        redirect(302, "/hop/1"),
        redirect(303, "hop/2"),
        redirect(307, "?x=1"),
        redirect(308, &target.url("/signed/a.wav?sig=1")),
    ];
    let server = Server::in_turn(answers, Then::Close).await;
    let fetch =
        Fetch::whole(10).resuming(Resume { from: 2, to: None, etag: Some("\"v1\"".to_owned()) });
    let download = get(&server, fetch).await.unwrap();
    assert_eq!(download.status, StatusCode::OK);
    assert_eq!(read(download).await.0, b"0123");
    let heads = [server.heads(), target.heads()].concat();
    let paths: Vec<_> = heads.iter().map(|head| head.split(' ').nth(1).unwrap()).collect();
    let expected = [
        "/output/a.wav",
        "/hop%201?sig=a%2fb",
        "/hop/1",
        "/hop/hop/2",
        "/hop/hop/2?x=1",
        "/signed/a.wav?sig=1",
    ];
    assert_eq!(paths, expected);
    for head in heads {
        assert!(head.contains("range: bytes=2-") && head.contains("if-range: \"v1\""), "{head}");
        assert!(!head.contains("authorization") && !head.contains("referer"), "{head}");
    }
}

#[tokio::test]
async fn redirect_passes_the_guard() {
    for location in
        ["https://10.0.0.1/a", "http://example.com/a", "ftp://localhost/a", "https://u:p@[::1]/"]
    {
        let server = Server::start(redirect(302, location), Then::Close).await;
        let error = get(&server, Fetch::whole(10)).await.unwrap_err();
        assert!(matches!(error, SendError::Refused(_)), "{location}: {error:?}");
    }
}

#[tokio::test]
async fn redirect_that_leads_nowhere_is_returned() {
    let server = Server::start(redirect(302, "/again"), Then::Close).await;
    let download = get(&server, Fetch::whole(10)).await.unwrap();
    assert_eq!((download.status.as_u16(), server.heads().len()), (302, 6));
    for head in
        ["HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 304 x\r\nLocation: /a\r\n\r\n"]
    {
        let server = Server::start(head, Then::Close).await;
        let download = get(&server, Fetch::whole(10)).await.unwrap();
        assert!(download.status.is_redirection() && server.heads().len() == 1);
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, data).unwrap();
    encoder.finish().unwrap()
}

fn encoded(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn unasked_gzip_is_decoded() {
    let body: Vec<u8> = (0..300_000_u32).flat_map(|n| (n % 7919).to_le_bytes()).collect();
    let halves = body.split_at(body.len() / 2);
    let two_members = [gzip(halves.0), gzip(halves.1)].concat();
    for sent in [gzip(&body), two_members] {
        let server = Server::start(encoded(&sent), Then::Close).await;
        let download = get(&server, Fetch::whole(body.len() as u64)).await.unwrap();
        assert!(download.is_encoded && download.total_length.is_none());
        let (decoded, end) = read(download).await;
        assert!(end.is_ok() && decoded == body, "{end:?}");
    }
}

#[tokio::test]
async fn gzip_is_decoded_within_the_limit_and_to_its_end() {
    let bomb = gzip(&vec![0; 50_000_000]);
    let server = Server::start(encoded(&bomb), Then::Close).await;
    let (body, end) = read(get(&server, Fetch::whole(1_000_000)).await.unwrap()).await;
    assert!(body.len() <= 1_000_000);
    assert!(matches!(end, Err(SendError::TooLarge { .. })), "{end:?}");

    let cut = gzip(b"a file that is cut");
    for bytes in [&cut[..cut.len() - 3], b"no gzip at all", b""] {
        let server = Server::start(encoded(bytes), Then::Close).await;
        let (_, end) = read(get(&server, Fetch::whole(100)).await.unwrap()).await;
        assert!(matches!(end, Err(SendError::Broken(_))), "{end:?}");
    }
}
