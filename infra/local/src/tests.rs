//! The whole cloud on the repository's own template: start, stop and idleness.

use std::path::Path;

use domain::Timestamp;
use runtime::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::template::Document;
use crate::{Cloud, Settings, StartError};

fn settings(folder: &Path) -> Settings {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let mut settings = Settings::new(Document::read(Path::new(template)).unwrap(), folder);
    // Nothing listens at that port: the provider is never reached.
    let provider = ("RUNPOD_BASE_URL".to_owned(), "http://127.0.0.1:1".to_owned());
    settings.environment.extend([provider]);
    settings
}

/// Sends one request, and returns the status and the body of the answer.
async fn call(cloud: &Cloud, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let host = cloud.api_url().strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        cloud.api_key().expose(),
        body.len(),
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn state_and_key_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(settings(folder.path())).await.unwrap();
    assert!(cloud.first_key().is_new);
    let text = json!({ "text": "Good morning.", "language": "english" });
    let (status, job) = call(&cloud, "POST", "/v1/tts/async", &text).await;
    assert_eq!((status, &job["status"]), (202, &json!("pending")));
    cloud.stop().await;
    let cloud = Cloud::start(settings(folder.path())).await.unwrap();
    assert!(!cloud.first_key().is_new);
    let path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
    let (status, found) = call(&cloud, "GET", &path, &json!({})).await;
    assert_eq!((status, &found["job_id"]), (200, &job["job_id"]));
    cloud.stop().await;
}

#[tokio::test]
async fn it_is_idle_until_time_passes() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, manual_clock) = Clock::manual(Timestamp::from_millis(1_700_000_000_000));
    let cloud = Cloud::start(Settings { clock, ..settings(folder.path()) }).await.unwrap();
    let text = json!({ "text": "Good morning.", "language": "english" });
    let (_, job) = call(&cloud, "POST", "/v1/tts/async", &text).await;
    let path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
    for moment in 0.. {
        cloud.idle().await;
        let (_, found) = call(&cloud, "GET", &path, &json!({})).await;
        if found["status"] == "failed" {
            break;
        }
        assert!(moment < 1000, "the job does not end: {found}");
        manual_clock.advance_to(cloud.next_due().unwrap());
    }
    cloud.stop().await;
}

#[tokio::test]
async fn two_clouds_cannot_share_a_folder_or_a_port() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(settings(folder.path())).await.unwrap();
    let second = Cloud::start(settings(folder.path())).await.err().unwrap();
    assert!(matches!(second, StartError::DataFolder(_)), "{second}");
    let other = tempfile::tempdir().unwrap();
    let (_, port) = cloud.aws_url().rsplit_once(':').unwrap();
    let aws_port = port.parse().unwrap();
    let taken = Settings { aws_port, ..settings(other.path()) };
    let taken = Cloud::start(taken).await.err().unwrap().to_string();
    assert_eq!(
        taken,
        format!("port {port} of 127.0.0.1 cannot be used; choose another with --aws-port")
    );
    cloud.stop().await;
}

#[tokio::test]
async fn the_aws_address_is_configurable_and_the_api_stays_on_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = Settings { aws_address: [127, 0, 0, 2].into(), ..settings(folder.path()) };
    let cloud = Cloud::start(elsewhere).await.unwrap();
    let stores = cloud.aws_url().strip_prefix("http://").unwrap();
    assert!(stores.starts_with("127.0.0.2:"), "{stores}");
    TcpStream::connect(stores).await.unwrap();
    let api = cloud.api_url().strip_prefix("http://").unwrap();
    assert!(api.starts_with("127.0.0.1:"), "{api}");
    TcpStream::connect(api.replace("127.0.0.1", "127.0.0.2")).await.unwrap_err();
    cloud.stop().await;
}
