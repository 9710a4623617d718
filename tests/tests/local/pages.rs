//! Pages in browsers of this machine: the names by which they may reach the cloud's servers, and the
//! origins from which they may change something.

use bytes::Bytes;
use http::Method;
use tests::world::Plan;
use tests::{Client, World};

const SERVED: &str = "https://app.example.com";

async fn world() -> World {
    let environment = vec![
        ("CorsOrigins", SERVED.to_owned()),
        ("API_BASE_URL", "https://api.example.com".to_owned()),
    ];
    let studio = Some(hookreel_studio::Faults::default());
    World::start(Plan { environment, studio, ..Plan::default() }).await
}

/// Headers of a preflight for a request with a key.
const PREFLIGHT: [(&str, &str); 3] = [
    ("origin", "https://other.example"),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization"),
];

async fn status(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    client.try_send(method, path, headers, Bytes::from_static(b"{}")).await.unwrap().status
}

#[tokio::test]
async fn a_name_that_is_not_this_machines_is_not_served() {
    let world = world().await;
    let (aws, studio) = (world.cloud.aws_url(), world.studio.as_ref().unwrap().url());
    for (client, path) in [
        (world.client.with_key(None), "/v1/health"),
        (Client::new(aws, None), "/"),
        (Client::new(studio, None), "/output/a.wav"),
    ] {
        let rebound = [("host", "rebind.example:8787")];
        assert_eq!(status(&client, Method::GET, path, &rebound).await, 403, "{path}");
        let own = [("host", "localhost:8787")];
        let by_own = status(&client, Method::GET, path, &own).await;
        assert_eq!(by_own, status(&client, Method::GET, path, &[]).await, "{path}");
    }
    let public = [("host", "api.example.com")];
    assert_eq!(status(&world.client, Method::GET, "/v1/jobs", &public).await, 200);
}

#[tokio::test]
async fn a_page_of_another_origin_reads_what_is_allowed_and_changes_nothing() {
    let world = world().await;
    for (origin, create, read) in
        [(SERVED, 422, 200), (world.cloud.api_url(), 422, 200), ("https://other.example", 403, 200)]
    {
        let headers = [("origin", origin)];
        for path in ["/v1/tts/async", "/v1/endpoints"] {
            assert_eq!(
                status(&world.client, Method::POST, path, &headers).await,
                create,
                "{origin}"
            );
        }
        assert_eq!(
            status(&world.client, Method::GET, "/v1/jobs", &headers).await,
            read,
            "{origin}"
        );
    }
    let headers = [("origin", SERVED), ("x-amz-target", "DynamoDB_20120810.ListTables")];
    let aws = Client::new(world.cloud.aws_url(), None);
    assert_eq!(status(&aws, Method::POST, "/", &headers).await, 403, "no page calls AWS");
    let studio = Client::new(world.studio.as_ref().unwrap().url(), None);
    let path = "/confirm-download/job_1";
    assert_eq!(status(&studio, Method::POST, path, &headers).await, 403, "no page confirms");
}

#[tokio::test]
async fn with_any_origin_pages_call_the_api_with_a_key_and_by_this_machines_name() {
    let world = World::with_studio().await;
    let nobody = world.client.with_key(None);
    let other = PREFLIGHT[0];
    for (client, expected) in [(&world.client, 422), (&nobody, 401)] {
        let status = status(client, Method::POST, "/v1/tts/async", &[other]).await;
        assert_eq!(status, expected, "a key is all that counts");
    }
    assert_eq!(status(&nobody, Method::OPTIONS, "/v1/tts/async", &PREFLIGHT).await, 204);

    let rebound = ("host", "rebind.example:8787");
    for origin in [other, ("origin", "http://rebind.example:8787")] {
        let posted = status(&world.client, Method::POST, "/v1/tts/async", &[origin, rebound]).await;
        assert_eq!(posted, 403, "{origin:?}");
    }
    let preflight: Vec<_> = PREFLIGHT.into_iter().chain([rebound]).collect();
    assert_eq!(status(&nobody, Method::OPTIONS, "/v1/tts/async", &preflight).await, 403);

    let call = [other, ("x-amz-target", "DynamoDB_20120810.ListTables")];
    let aws = Client::new(world.cloud.aws_url(), None);
    assert_eq!(status(&aws, Method::POST, "/", &call).await, 403, "no page calls AWS");
    let studio = Client::new(world.studio.as_ref().unwrap().url(), None);
    let path = "/confirm-download/job_1";
    assert_eq!(status(&studio, Method::POST, path, &[other]).await, 403, "no page confirms");
}
