//! Requests to configured providers.

use std::time::Duration;

use domain::Secret;
use http::{Method, StatusCode};
use providers::{Auth, Call};
use serde_json::json;

use super::server::{Server, Then};
use super::{LONG_TIMEOUT, SHORT_TIMEOUT};
use crate::{ProviderClient, Refused, SendError};

fn client() -> ProviderClient {
    ProviderClient::new(true).unwrap()
}

fn auth() -> Auth {
    Auth::Bearer(Secret::new("rp_key"))
}

fn post(url: &str, timeout: Duration) -> Call {
    Call { timeout, ..Call::post(url.to_owned(), auth(), &json!({ "input": 1 })) }
}

fn get(url: &str) -> Call {
    Call { timeout: LONG_TIMEOUT, ..Call::get(url.to_owned(), auth()) }
}

#[tokio::test]
async fn posts_json_with_the_key() {
    let bytes = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":\"t1\"}";
    let server = Server::start(bytes, Then::Close).await;
    let url = server.url("/v2/e/run");
    let answer = client().call(post(&url, LONG_TIMEOUT)).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &br#"{"id":"t1"}"#[..]));
    let head = server.heads().concat();
    for part in ["post /v2/e/run ", "authorization: bearer rp_key", "type: application/json"] {
        assert!(head.contains(part), "{part} is not in {head}");
    }
}

#[tokio::test]
async fn any_method_and_way_to_authenticate_can_be_used() {
    for (auth, expected) in [
        (Auth::Scheme("Key", Secret::new("fal_key")), "authorization: key fal_key"),
        (Auth::Header("xi-api-key", Secret::new("el_key")), "xi-api-key: el_key"),
    ] {
        let server =
            Server::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close).await;
        let call = Call { auth, method: Method::PUT, ..get(&server.url("/cancel")) };
        assert_eq!(client().call(call).await.unwrap().status, StatusCode::OK);
        let head = server.heads().concat();
        assert!(head.contains("put /cancel ") && head.contains(expected), "{head}");
    }
}

#[tokio::test]
async fn a_provider_may_ask_for_no_key() {
    let server = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close).await;
    let call = Call { auth: Auth::None, ..get(&server.url("/status")) };
    assert_eq!(client().call(call).await.unwrap().status, StatusCode::OK);
    assert!(!server.heads().concat().contains("authorization"));
}

#[tokio::test]
async fn a_host_of_the_private_network_is_requested_by_http() {
    let server = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close).await;
    let strict = ProviderClient::new(false).unwrap();
    let call = || get(&server.url("/status"));
    let error = strict.clone().call(call()).await.unwrap_err();
    assert!(matches!(error, SendError::Refused(Refused::Scheme)), "{error:?}");
    let client = strict.with_private_hosts("127.0.0.1".parse().unwrap());
    assert_eq!(client.call(call()).await.unwrap().status, StatusCode::OK);
    let error = client.call(get("http://example.com/")).await.unwrap_err();
    assert!(matches!(error, SendError::Refused(Refused::Scheme)), "{error:?}");
}

#[tokio::test]
async fn gets_with_the_key() {
    let bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(bytes, Then::Close).await;
    let answer = client().call(get(&server.url("/status/t1"))).await.unwrap();
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(server.heads().concat().contains("authorization: bearer rp_key"));
}

#[tokio::test]
async fn incomplete_answer_is_an_error() {
    let fault = async |bytes: String, then| {
        let server = Server::start(bytes, then).await;
        client().call(get(&server.url("/"))).await.unwrap_err()
    };
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_owned();
    let error = fault(half, Then::Close).await;
    assert!(matches!(error, SendError::Broken(_)) && error.may_have_arrived(), "{error:?}");
    let huge = "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(1024 * 1024 + 1);
    let error = fault(huge, Then::Close).await;
    assert!(matches!(error, SendError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn errors_state_whether_the_request_may_have_arrived() {
    let silent = Server::start("", Then::Stall).await;
    let url = silent.url("/run");
    let error = client().call(post(&url, SHORT_TIMEOUT)).await.unwrap_err();
    assert!(matches!(error, SendError::Timeout) && error.may_have_arrived(), "{error:?}");

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{gone}/run");
    let error = client().call(post(&url, LONG_TIMEOUT)).await.unwrap_err();
    assert!(matches!(error, SendError::Connect(_)) && !error.may_have_arrived(), "{error:?}");
}

#[tokio::test]
async fn sends_no_key_in_clear_text() {
    let strict = ProviderClient::new(false).unwrap();
    for (client, url, refused) in [
        (&strict, "http://127.0.0.1:9/", Refused::Scheme),
        (&client(), "http://api.example.com/", Refused::Scheme),
        (&client(), "http://10.0.0.1/", Refused::Scheme),
        (&client(), "api.example.com", Refused::Malformed),
    ] {
        let error = client.call(get(url)).await.unwrap_err();
        assert!(matches!(error, SendError::Refused(is) if is == refused), "{url}: {error:?}");
    }
}
