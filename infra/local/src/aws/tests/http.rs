//! The HTTP endpoint: presigned URLs, and clients with their own connection.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use runtime::Clock;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::aws::{Aws, Durability, Keys, sigv4};

/// A served embedded AWS with one object, and a switch to stop it.
struct Served {
    aws: Arc<Aws>,
    address: String,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    _folder: TempDir,
}

impl Served {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let endpoint = format!("http://{address}");
        let (clock, keys) = (Clock::system(), Keys::random());
        let aws = Aws::open(folder.path(), clock, endpoint, keys, Durability::PowerCut);
        let aws = aws.await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = Arc::clone(&aws).serve(listener, async { stopped.await.unwrap_or(()) });
        let server = tokio::spawn(server);
        aws.ensure_bucket("bucket").await.unwrap();
        let put = aws_sdk_s3::Client::new(&aws.sdk_config("test")).put_object();
        let put = put.bucket("bucket").key("a/b.wav").body(ByteStream::from_static(b"0123456789"));
        put.send().await.unwrap();
        Self { aws, address, stop, server, _folder: folder }
    }

    async fn presigned(&self, time: Duration) -> String {
        let client = aws_sdk_s3::Client::new(&self.aws.sdk_config("test"));
        let get = client.get_object().bucket("bucket").key("a/b.wav");
        let url = get.presigned(PresigningConfig::expires_in(time).unwrap()).await.unwrap();
        url.uri().to_owned()
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> (StatusCode, Bytes) {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        drop(sender);
        connection.await.unwrap().unwrap();
        (status, body)
    }

    async fn get(&self, url: &str, range: Option<&str>) -> (StatusCode, Bytes) {
        let request = Request::get(url).header("host", &self.address);
        let request =
            range.into_iter().fold(request, |request, range| request.header("range", range));
        self.send(request.body(Full::default()).unwrap()).await
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.server.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_presigned_url_opens_its_object_and_nothing_else() {
    let served = Served::new().await;
    let url = served.presigned(Duration::from_mins(1)).await;
    assert!(url.starts_with(&format!("http://{}/bucket/a/b.wav?", served.address)), "{url}");
    let (status, body) = served.get(&url, None).await;
    assert_eq!((status, &body[..]), (StatusCode::OK, b"0123456789".as_slice()));
    let (status, body) = served.get(&url, Some("bytes=7-")).await;
    assert_eq!((status, &body[..]), (StatusCode::PARTIAL_CONTENT, b"789".as_slice()));
    let (status, _) = served.get(&url.replace("b.wav", "c.wav"), None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = served.get(&format!("http://{}/bucket/a/b.wav", served.address), None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    served.stop().await;
}

#[tokio::test]
async fn a_json_request_is_routed_to_its_service() {
    let served = Served::new().await;
    let request = |target: &'static str, body: &'static str| {
        let request = Request::post("/").header("host", &served.address);
        let request = request.header("x-amz-target", target);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        sigv4::sign(&mut parts, body.as_bytes(), served.aws.keys(), SystemTime::now());
        Request::from_parts(parts, Full::from(body))
    };
    let unsigned = Request::post("/").header("host", &served.address);
    let unsigned = unsigned.header("x-amz-target", "DynamoDB_20120810.ListTables");
    let (status, body) = served.send(unsigned.body(Full::from("{}")).unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&body).contains("MissingAuthenticationToken"), "{body:?}");
    let (status, body) =
        served.send(request("AmazonSQS.CreateQueue", r#"{"QueueName":"q"}"#)).await;
    assert_eq!(status, StatusCode::OK);
    let url = format!(r#"{{"QueueUrl":"http://{}/000000000000/q"}}"#, served.address);
    assert_eq!(body, url);
    let (status, body) = served.send(request("DynamoDB_20120810.ListTables", "{}")).await;
    assert_eq!((status, &body[..]), (StatusCode::OK, br#"{"TableNames":[]}"#.as_slice()));
    let (status, body) = served.send(request("DynamoDB_20120810.GetItem", "{")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&body).contains("SerializationException"), "{body:?}");
    served.stop().await;
}
