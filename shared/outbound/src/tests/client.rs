//! Posting to untrusted URLs.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::server::{Server, Then};
use super::{FakeLookup, LONG_TIMEOUT, SHORT_TIMEOUT, local_client, local_guard};
use crate::{Answer, Client, Guard, Refused, SendError};

async fn post(client: &Client, url: &str) -> Result<Answer, SendError> {
    let url = local_guard().check_url(url).unwrap();
    client.post(&url, HeaderMap::new(), Bytes::from_static(b"{}"), LONG_TIMEOUT).await
}

#[tokio::test]
async fn posts_and_reads_the_answer() {
    let bytes = "HTTP/1.1 201 Created\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nok";
    let server = Server::start(bytes, Then::Close).await;
    let client = local_client();
    let url = client.check_url(&server.url("/hook?x=1")).unwrap();
    let headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("webhook-id"),
        HeaderValue::from_static("msg_1"),
    )]);
    let answer = client.post(&url, headers, Bytes::from_static(b"{}"), LONG_TIMEOUT).await.unwrap();
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!((&answer.body[..], answer.truncated), (&b"ok"[..], false));
    assert_eq!(answer.remote_address, Some(server.address));
    let head = server.heads().concat();
    for part in ["post /hook?x=1 http/1.1", "webhook-id: msg_1", "user-agent: hookreel/"] {
        assert!(head.contains(part), "{part} is not in {head}");
    }
}

#[tokio::test]
async fn follows_no_redirect() {
    let elsewhere = Server::start("HTTP/1.1 200 OK\r\n\r\n", Then::Close).await;
    let bytes = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url("/")
    );
    let server = Server::start(bytes, Then::Close).await;
    let answer = post(&local_client(), &server.url("/")).await.unwrap();
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    assert!(elsewhere.heads().is_empty());
}

#[tokio::test]
async fn keeps_the_start_of_a_large_answer() {
    let body = "x".repeat(20_000);
    let server = Server::start(format!("HTTP/1.1 500 Oh\r\n\r\n{body}"), Then::Close).await;
    let answer = post(&local_client(), &server.url("/")).await.unwrap();
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!((answer.body.len(), answer.truncated), (16 * 1024, true));
}

#[tokio::test]
async fn status_counts_if_the_body_is_cut_off() {
    let bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let server = Server::start(bytes, Then::Close).await;
    let answer = post(&local_client(), &server.url("/")).await.unwrap();
    assert_eq!((answer.status, answer.truncated), (StatusCode::OK, true));
}

#[tokio::test]
async fn timeout_covers_headers_and_body() {
    let client = local_client();
    let silent = Server::start("", Then::Stall).await;
    let url = client.check_url(&silent.url("/")).unwrap();
    let error = client.post(&url, HeaderMap::new(), Bytes::new(), SHORT_TIMEOUT).await.unwrap_err();
    assert!(matches!(error, SendError::Timeout), "{error:?}");
    assert!(error.is_transient() && error.may_have_arrived());

    let slow = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", Then::Stall).await;
    let url = client.check_url(&slow.url("/")).unwrap();
    let answer = client.post(&url, HeaderMap::new(), Bytes::new(), SHORT_TIMEOUT).await.unwrap();
    assert_eq!((answer.status, answer.truncated), (StatusCode::OK, true));
}

#[tokio::test]
async fn errors_state_whether_the_request_may_have_arrived() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = post(&local_client(), &format!("http://{gone}/")).await.unwrap_err();
    assert!(matches!(error, SendError::Connect(_)), "{error:?}");
    assert!(error.is_transient() && !error.may_have_arrived());

    let mute = Server::start("", Then::Close).await;
    let error = post(&local_client(), &mute.url("/?secret")).await.unwrap_err();
    assert!(matches!(error, SendError::Broken(_)), "{error:?}");
    assert!(error.is_transient() && error.may_have_arrived());
    assert!(!format!("{error:?}").contains("secret"));

    let plain = Server::start("not TLS at all, whatever it is", Then::Close).await;
    let error = post(&local_client(), &format!("https://{}/", plain.address)).await.unwrap_err();
    assert!(matches!(error, SendError::Tls { .. }), "{error:?}");
    assert!(error.is_transient() && !error.may_have_arrived());
}

#[tokio::test]
async fn name_is_refused_if_any_address_is() {
    for addresses in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["8.8.8.8", "192.168.0.1"],
        &["2606:4700::1111", "::ffff:127.0.0.1"],
    ] {
        for guard in [Guard::default(), local_guard()] {
            let client = Client::with_lookup(guard, FakeLookup::new(addresses)).unwrap();
            let error = post(&client, "https://rebind.example.com/").await.unwrap_err();
            let refused = matches!(error, SendError::Refused(Refused::Address));
            assert!(refused, "{addresses:?}: {error:?}");
            assert!(!error.is_transient() && !error.may_have_arrived());
        }
    }
}

#[tokio::test]
async fn connects_to_the_address_that_was_checked() {
    let server = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close).await;
    let lookup = FakeLookup::new(&["127.0.0.1"]);
    let client = Client::with_lookup(local_guard(), lookup.clone()).unwrap();
    let url = format!("http://anything.localhost:{}/", server.address.port());
    let answer = post(&client, &url).await.unwrap();
    assert_eq!(answer.remote_address, Some(server.address));
    assert_eq!(lookup.lookups(), 1);
}

/// DNS rebinding: a name resolves to a permitted address first, and then to a private one.
#[tokio::test]
async fn rebound_name_is_refused() {
    let server = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close).await;
    let lookup = FakeLookup::in_turn(&[&["127.0.0.1"], &["10.0.0.1"], &["169.254.169.254"]]);
    let client = Client::with_lookup(local_guard(), lookup.clone()).unwrap();
    let url = format!("http://rebind.localhost:{}/", server.address.port());
    assert_eq!(post(&client, &url).await.unwrap().remote_address, Some(server.address));
    for _ in 0..2 {
        let error = post(&client, &url).await.unwrap_err();
        assert!(matches!(error, SendError::Refused(Refused::Address)), "{error:?}");
        assert!(!error.is_transient());
    }
    assert_eq!((lookup.lookups(), server.heads().len()), (3, 1));
}

#[tokio::test]
async fn localhost_must_resolve_to_loopback() {
    let client = Client::with_lookup(local_guard(), FakeLookup::new(&["8.8.8.8"])).unwrap();
    let error = post(&client, "http://localhost:9/").await.unwrap_err();
    assert!(matches!(error, SendError::Refused(Refused::Address)), "{error:?}");
}

#[tokio::test]
async fn name_without_addresses_cannot_be_resolved() {
    let client = Client::with_lookup(Guard::default(), FakeLookup::new(&[])).unwrap();
    let error = post(&client, "https://nowhere.example.com/").await.unwrap_err();
    assert!(matches!(error, SendError::Resolve(_)), "{error:?}");
    assert!(error.is_transient() && !error.may_have_arrived());
}

#[tokio::test]
async fn url_from_a_less_strict_guard_is_checked_again() {
    let server = Server::start("HTTP/1.1 200 OK\r\n\r\n", Then::Close).await;
    let client = Client::new(Guard::default()).unwrap();
    let error = post(&client, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, SendError::Refused(Refused::Scheme)), "{error:?}");
    assert!(server.heads().is_empty());
}

/// The server closes a kept connection just when the next request is sent on it.
#[tokio::test]
async fn a_kept_connection_that_ends_is_no_failure() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut connections = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            connections += 1;
            if connections > 2 {
                continue;
            }
            let mut bytes = [0; 1024];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            // The next request is read, so that it has arrived, and not answered.
            let _ = stream.read(&mut bytes).await;
        }
    });
    let client = local_client();
    for _ in 0..2 {
        assert_eq!(post(&client, &url).await.unwrap().status, StatusCode::OK);
    }
    // A new connection that ends is a failure.
    assert!(matches!(post(&client, &url).await, Err(SendError::Broken(_))));
    server.abort();
}
