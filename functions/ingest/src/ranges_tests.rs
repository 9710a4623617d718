//! Ranges from a server on this machine: only exact answers count, and they come in order.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use outbound::Guard;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;

/// What a server answers to a request for the bytes from the first to the last offset.
type Answers = dyn Fn(u64, u64) -> Vec<u8> + Send + Sync;

/// A server whose answers wait until `needed` requests have come.
struct Server {
    answers: Box<Answers>,
    needed: usize,
    requests: AtomicUsize,
    /// How many clients have gone without an answer.
    gone: AtomicUsize,
}

impl Server {
    fn new(answers: impl Fn(u64, u64) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self {
            answers: Box::new(answers),
            needed: 1,
            requests: AtomicUsize::new(0),
            gone: AtomicUsize::new(0),
        }
    }

    /// Starts it; the ranges of its file from `from` on.
    async fn ranges(self, from: u64, total: u64) -> (Arc<Self>, Ranges) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let server = Arc::new(self);
        let listening = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&listening).answer(stream));
            }
        });
        let client = Client::new(Guard { allow_loopback: true, ..Guard::default() }).unwrap();
        let url = client.check_source(&url).unwrap();
        let version =
            Version { etag: Some("\"a\"".to_owned()), total: Some(total), ..Version::default() };
        (server, Ranges::new(&client, &url, Fetch::whole(u64::MAX), version, from))
    }

    async fn answer(self: Arc<Self>, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_buf(&mut head).await.unwrap();
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.contains("\r\nif-range: \"a\"\r\n"), "{head}");
        let range = head.split_once("\r\nrange: bytes=").unwrap().1.lines().next().unwrap();
        let (first, last) = range.split_once('-').unwrap();
        self.requests.fetch_add(1, Ordering::SeqCst);
        while self.requests.load(Ordering::SeqCst) < self.needed {
            let read = stream.read_u8();
            if timeout(Duration::from_millis(1), read).await.is_ok() {
                self.gone.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
        let bytes = (self.answers)(first.parse().unwrap(), last.parse().unwrap());
        // The client may have gone.
        let _ = stream.write_all(&bytes).await;
    }
}

fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} x\r\n{headers}Connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

const EXACT: &str = "ETag: \"a\"\r\nContent-Range: bytes 4-9/10\r\n";

#[tokio::test]
async fn answer_that_is_not_exactly_the_range_is_of_no_use() {
    let whole = "ETag: \"a\"\r\nContent-Length: 10\r\n";
    let part = |etag: &str, range: &str| format!("{etag}Content-Range: bytes {range}\r\n");
    let etag = "ETag: \"a\"\r\n";
    for (status, headers, body) in [
        (200, whole.to_owned(), "0123456789"),
        (206, part("ETag: \"b\"\r\n", "4-9/10"), "456789"),
        (206, part("ETag: W/\"a\"\r\n", "4-9/10"), "456789"),
        (206, part("", "4-9/10"), "456789"),
        (206, part(etag, "4-9/11"), "456789"),
        (206, part(etag, "4-9/*"), "456789"),
        (206, part(etag, "3-9/10"), "3456789"),
        (206, part(etag, "4-8/10"), "45678"),
        (206, etag.to_owned(), "456789"),
        (206, format!("{EXACT}Content-Encoding: br\r\n"), "456789"),
        (206, format!("{EXACT}Content-Encoding: gzip\r\n"), "456789"),
        (206, EXACT.to_owned(), "45678"),
        (429, String::new(), ""),
        (302, "Location: https://10.0.0.1/file\r\n".to_owned(), ""),
    ] {
        let sent = answer(status, &headers, body.as_bytes());
        let (_, mut ranges) = Server::new(move |_, _| sent.clone()).ranges(4, 10).await;
        let range = ranges.next().await.unwrap();
        assert!(range.is_err(), "{status} {headers} {body}: {range:?}");
    }
}

#[tokio::test]
async fn range_is_requested_exactly_and_cut_at_its_end() {
    for body in ["456789", "456789 and more"] {
        let exact = move |first, last| {
            assert_eq!((first, last), (4, 9));
            answer(206, EXACT, body.as_bytes())
        };
        let (_, mut ranges) = Server::new(exact).ranges(4, 10).await;
        assert_eq!(ranges.next().await.unwrap().unwrap(), "456789");
        assert!(ranges.next().await.is_none());
    }
}

/// The range of a file of `total` bytes in which each byte shows the range that it is in.
fn numbered(first: u64, last: u64, total: u64) -> Vec<u8> {
    let headers = format!("ETag: \"a\"\r\nContent-Range: bytes {first}-{last}/{total}\r\n");
    let number = u8::try_from(first / RANGE).unwrap();
    answer(206, &headers, &vec![number; usize::try_from(last - first + 1).unwrap()])
}

#[tokio::test]
async fn so_many_ranges_are_under_way_and_they_come_in_order() {
    let total = 5 * RANGE + 1;
    let mut server = Server::new(move |first, last| numbered(first, last, total));
    server.needed = AT_ONCE;
    let (server, mut ranges) = server.ranges(0, total).await;
    for number in 0..=5 {
        let bytes = ranges.next().await.unwrap().unwrap();
        let length = if number == 5 { 1 } else { usize::try_from(RANGE).unwrap() };
        assert_eq!(bytes, vec![number; length]);
        assert!(server.requests.load(Ordering::SeqCst) <= AT_ONCE + usize::from(number));
    }
    assert!(ranges.next().await.is_none());
}

#[tokio::test]
async fn dropped_ranges_are_requested_no_longer() {
    let mut server = Server::new(|_, _| Vec::new());
    server.needed = usize::MAX;
    let (server, mut ranges) = server.ranges(0, 9 * RANGE).await;
    let all = async |count: &AtomicUsize| {
        while count.load(Ordering::SeqCst) < AT_ONCE {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        range = ranges.next() => panic!("{range:?}"),
        () = all(&server.requests) => {}
    }
    drop(ranges);
    all(&server.gone).await;
    assert_eq!(server.requests.load(Ordering::SeqCst), AT_ONCE);
}

#[test]
fn large_file_with_a_strong_etag_alone_is_pulled_by_ranges() {
    let version =
        |etag: &str, total| Version { etag: Some(etag.to_owned()), total, ..Version::default() };
    let large = version("\"a\"", Some(LARGE));
    let is_worthwhile =
        |version: &Version, at| are_worthwhile(version, at, Duration::from_secs(10));
    assert!(is_worthwhile(&large, FIRST) && is_worthwhile(&large, LARGE - 1));
    assert!(!is_worthwhile(&large, FIRST - 1) && !is_worthwhile(&large, LARGE));
    assert!(!are_worthwhile(&large, FIRST, Duration::from_millis(160)), "one connection is enough");
    assert!(are_worthwhile(&large, FIRST, Duration::from_millis(180)));
    assert!(!is_worthwhile(&Version { is_encoded: true, ..large }, FIRST));
    for other in [
        version("\"a\"", Some(LARGE - 1)),
        version("\"a\"", None),
        version("W/\"a\"", Some(LARGE)),
        Version { total: Some(LARGE), ..Version::default() },
    ] {
        assert!(!is_worthwhile(&other, FIRST), "{other:?}");
    }
}
