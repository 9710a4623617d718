//! The gateway over HTTP, with functions that return the event they receive.

use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Builder;
use domain::Timestamp;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use runtime::{Clock, Invocable};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::activity::Activity;
use crate::template::{Function, Route};

/// Routes with these API Gateway keys, all to the function `echo`.
pub(super) fn routes(keys: &[&str]) -> Routes {
    let routes = keys.iter().map(|key| route(key, None)).collect();
    Routes::new(&[function(routes)])
}

fn route(key: &str, authorizer: Option<Authorizer>) -> Route {
    let (method, path) = key.split_once(' ').unwrap_or(("ANY", key));
    Route { method: method.to_owned(), path: path.to_owned(), authorizer }
}

fn function(routes: Vec<Route>) -> Function {
    Function {
        name: "echo".to_owned(),
        allows_recursive_loop: false,
        environment: [].into(),
        timeout: Duration::from_secs(5),
        routes,
        queues: Vec::new(),
        streams: Vec::new(),
    }
}

/// Serves some routes; returns the URL.
async fn serve() -> String {
    let authorizer = |headers: &[&str]| {
        let identity_headers = headers.iter().map(|&header| header.to_owned()).collect();
        Some(Authorizer { function: "authorizer".to_owned(), identity_headers })
    };
    let routes = vec![
        route("ANY /echo/{id}", None),
        route("POST /answer", None),
        route("GET /private", authorizer(&[])),
        route("GET /identified", authorizer(&["authorization"])),
    ];
    let mut functions = Functions::new(Activity::new(Clock::system()), CancellationToken::new());
    let echo: Invocable = Arc::new(|event| Box::pin(async move { answer_to(event) }));
    functions.add("echo", echo, Duration::from_secs(5));
    let authorizer: Invocable = Arc::new(|event| Box::pin(async move { Ok(authorized(&event)) }));
    functions.add("authorizer", authorizer, Duration::from_secs(5));
    let (clock, _) = Clock::manual(Timestamp::from_millis(1_583_348_638_390));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = Routes::new(&[function(routes)]);
    let gateway = Gateway {
        routes,
        functions: Arc::new(functions),
        clock,
        port,
        cors: None,
        public_host: None,
        live: None,
    };
    tokio::spawn(Arc::new(gateway).serve(listener, std::future::pending()));
    format!("http://127.0.0.1:{port}")
}

/// The body of a request to `/answer` is the answer; any other request's event is returned.
fn answer_to(event: Value) -> Result<Value, lambda_runtime::Error> {
    match event["rawPath"].as_str() {
        Some("/answer") => Ok(serde_json::from_str(event["body"].as_str().unwrap_or_default())?),
        _ => Ok(event),
    }
}

fn authorized(event: &Value) -> Value {
    let key = event["headers"]["authorization"].as_str().unwrap_or("none");
    json!({
        "isAuthorized": key != "wrong",
        "context": { "key": key, "type": event["type"], "arn": event["routeArn"] },
    })
}

/// Sends `request` to the gateway at `url`.
async fn send(
    url: &str,
    request: Builder,
    body: impl Into<Bytes>,
) -> axum::http::Response<Incoming> {
    let host = url.strip_prefix("http://").unwrap();
    let connection = TokioIo::new(TcpStream::connect(host).await.unwrap());
    let (mut sender, connection) = http1::handshake(connection).await.unwrap();
    tokio::spawn(connection);
    let request = request.header("Host", host).body(Full::new(body.into())).unwrap();
    sender.send_request(request).await.unwrap()
}

fn request(method: &str, path: &str) -> Builder {
    axum::http::Request::builder().method(method).uri(path)
}

async fn bytes(response: axum::http::Response<Incoming>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

async fn body(response: axum::http::Response<Incoming>) -> Value {
    serde_json::from_slice(&bytes(response).await).unwrap()
}

/// The response to the client when the function returns `returned`.
async fn answer(returned: Value) -> axum::http::Response<Incoming> {
    let request = request("POST", "/answer").header("Content-Type", "application/json");
    send(&serve().await, request, returned.to_string()).await
}

#[tokio::test]
async fn an_event_has_every_part_of_the_request() {
    let url = serve().await;
    let request = request("POST", "/echo/a%20b?x=1&y=%20&x=2")
        .header("X-Two", "first")
        .header("X-Two", "second")
        .header("Cookie", "a=1; b=2")
        .header("User-Agent", "tests")
        .header("Content-Type", "application/json; charset=utf-8");
    let response = send(&url, request, r#"{"é":1}"#).await;
    let id = response.headers()["apigw-requestid"].to_str().unwrap().to_owned();
    let mut event = body(response).await;
    let (_, host) = url.split_once("//").unwrap();
    let (_, port) = host.split_once(':').unwrap();
    let mut headers = event["headers"].take();
    assert_eq!(headers["x-two"], "first,second");
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-port"], port);
    assert_eq!(headers["cookie"].take(), Value::Null);
    assert_eq!(
        event,
        json!({
            "version": "2.0",
            "routeKey": "ANY /echo/{id}",
            "rawPath": "/echo/a%20b",
            "rawQueryString": "x=1&y=%20&x=2",
            "cookies": ["a=1", "b=2"],
            "headers": null,
            "queryStringParameters": { "x": "1,2", "y": " " },
            "pathParameters": { "id": "a b" },
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "hookreel",
                "domainName": host,
                "domainPrefix": "127",
                "http": {
                    "method": "POST",
                    "path": "/echo/a%20b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "tests",
                },
                "requestId": id,
                "routeKey": "ANY /echo/{id}",
                "stage": "$default",
                "time": "04/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_583_348_638_390_i64,
            },
            "body": "{\"é\":1}",
            "isBase64Encoded": false,
        })
    );
}

#[tokio::test]
async fn a_body_that_is_not_text_is_base64() {
    let url = serve().await;
    let post = async |kind: &str, bytes: &'static [u8]| {
        body(send(&url, request("POST", "/echo/1").header("Content-Type", kind), bytes).await).await
    };
    for (kind, bytes) in [("audio/wav", &b"RIFF"[..]), ("application/json", b"\xff")] {
        assert_eq!(post(kind, bytes).await["isBase64Encoded"], true, "{kind}");
    }
    let event = post("application/problem+json", b"{}").await;
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
}

#[tokio::test]
async fn the_authorizer_decides_and_its_context_reaches_the_function() {
    let url = serve().await;
    let get =
        async |key| send(&url, request("GET", "/private").header("Authorization", key), "").await;
    let event = body(get("right").await).await;
    let context = &event["requestContext"]["authorizer"]["lambda"];
    assert_eq!((&context["key"], &context["type"]), (&json!("right"), &json!("REQUEST")));
    let arn = "arn:aws:execute-api:us-east-1:000000000000:hookreel/$default/GET/private";
    assert_eq!(context["arn"], arn);
    let refused = get("wrong").await;
    assert_eq!(refused.status(), 403);
    assert_eq!(body(refused).await, json!({ "message": "Forbidden" }));
}

#[tokio::test]
async fn a_missing_identity_source_is_unauthorized() {
    let url = serve().await;
    let get = || request("GET", "/identified");
    assert_eq!(send(&url, get(), "").await.status(), 401);
    assert_eq!(send(&url, get().header("Authorization", "right"), "").await.status(), 200);
}

#[tokio::test]
async fn the_gateway_rejects_with_the_status_and_text_of_api_gateway() {
    let url = serve().await;
    let nowhere = send(&url, request("GET", "/nowhere"), "").await;
    assert_eq!(nowhere.status(), 404);
    assert_eq!(body(nowhere).await, json!({ "message": "Not Found" }));
    let large = vec![b'x'; MAX_BODY_BYTES + 1];
    assert_eq!(send(&url, request("POST", "/answer"), large).await.status(), 413);
    let broken = send(&url, request("POST", "/answer"), "no JSON").await;
    assert_eq!(broken.status(), 500);
    assert_eq!(body(broken).await, json!({ "message": "Internal Server Error" }));
}

#[tokio::test]
async fn an_answer_sets_status_headers_cookies_and_body() {
    let response = answer(json!({
        "statusCode": 201,
        "headers": { "Content-Type": "audio/wav", "x-one": "1" },
        "multiValueHeaders": { "x-many": ["1", "2"], "x-one": ["not twice"] },
        "cookies": ["a=1", "b=2"],
        "body": "UklGRg==",
        "isBase64Encoded": true,
    }))
    .await;
    assert_eq!(response.status(), 201);
    let all = |name: &str| {
        let values = response.headers().get_all(name).iter();
        values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(all("content-type"), ["audio/wav"]);
    assert_eq!(all("x-one"), ["1"]);
    assert_eq!(all("x-many"), ["1", "2"]);
    assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(bytes(response).await, "RIFF");
}

#[tokio::test]
async fn an_answer_without_a_status_is_the_body() {
    let response = answer(json!({ "any": "thing" })).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(body(response).await, json!({ "any": "thing" }));
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_500() {
    for wrong in [
        json!({ "statusCode": 1 }),
        json!({ "statusCode": 200, "headers": { "a b": "c" } }),
        json!({ "statusCode": 200, "body": "!", "isBase64Encoded": true }),
        json!({ "statusCode": 200, "body": "x".repeat(6 * 1024 * 1024 + 1) }),
    ] {
        assert_eq!(answer(wrong).await.status(), 500);
    }
}
