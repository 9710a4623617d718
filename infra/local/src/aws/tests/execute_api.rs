//! `@connections` through the SDK's client, signed, and as calls that are counted and fail.

use std::sync::Arc;

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use http::HeaderValue;
use s3s::Body;

use super::{ENDPOINT, START, World};
use crate::aws::{Access, Answer, Aws, Fault, Keys};
use crate::live::Peer;

/// The way over HTTP, where signatures are verified.
#[derive(Clone)]
struct OverHttp(Arc<Aws>);

impl std::fmt::Debug for OverHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OverHttp")
    }
}

impl HttpConnector for OverHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let mut request = request.try_into_http1x().unwrap().map(Body::http_body_unsync);
            request.headers_mut().insert("host", HeaderValue::from_static("127.0.0.1:8788"));
            let response = aws.answer_http(&"http".into(), request).await.unwrap();
            Ok(HttpResponse::try_from(response.map(SdkBody::from_body_1_x)).unwrap())
        })
    }
}

fn client(world: &World, stage: &str) -> Client {
    let config = world.aws.sdk_config("test").to_builder();
    Client::new(&config.endpoint_url(format!("{ENDPOINT}{stage}")).build())
}

/// A client that signs with `keys` and calls over HTTP.
fn over_http(world: &World, keys: &Keys) -> Client {
    let connector = SharedHttpConnector::new(OverHttp(Arc::clone(&world.aws)));
    let credentials = aws_credential_types::Credentials::from_keys(
        &keys.access_key,
        keys.secret_key.expose(),
        None,
    );
    let credentials = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
    let config = world.aws.sdk_config("test").to_builder();
    let config = config.endpoint_url(format!("{ENDPOINT}/live")).credentials_provider(credentials);
    Client::new(&config.http_client(http_client_fn(move |_, _| connector.clone())).build())
}

fn peer(id: &str) -> Peer {
    Peer {
        id: id.to_owned(),
        stage: "live".to_owned(),
        domain: "127.0.0.1:8787".to_owned(),
        source: [127, 0, 0, 1].into(),
        user_agent: Some("browser".to_owned()),
        connected_at: START,
    }
}

/// The status and the code of the error, if there is one.
async fn post(client: &Client, id: &str, bytes: &[u8]) -> Result<(), (u16, String)> {
    let call = client.post_to_connection().connection_id(id).data(Blob::new(bytes));
    match call.send().await {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(error)) => {
            let code = error.err().meta().code().unwrap_or_default().to_owned();
            Err((error.raw().status().as_u16(), code))
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn refused(status: u16, code: &str) -> Result<(), (u16, String)> {
    Err((status, code.to_owned()))
}

#[tokio::test]
async fn a_connection_is_sent_to_looked_at_and_closed() {
    let world = World::new().await;
    let (opened, mut outgoing) = world.aws.connections().open(peer("L0SM9cOFvHcCIhw="));
    for stage in ["/live", ""] {
        let client = client(&world, stage);
        post(&client, "L0SM9cOFvHcCIhw=", b"news").await.unwrap();
        let (message, _room) = outgoing.next().await.unwrap();
        assert_eq!(message.to_text().unwrap(), "news", "{stage}");
    }
    let client = client(&world, "/live");
    let info = client.get_connection().connection_id("L0SM9cOFvHcCIhw=").send().await.unwrap();
    assert_eq!(info.connected_at().unwrap().to_millis().unwrap(), START.as_millis());
    assert_eq!(info.identity().unwrap().source_ip(), "127.0.0.1");
    assert_eq!(info.identity().unwrap().user_agent(), "browser");
    client.delete_connection().connection_id("L0SM9cOFvHcCIhw=").send().await.unwrap();
    opened.deleted().await;
    assert_eq!(post(&client, "L0SM9cOFvHcCIhw=", b"a").await, refused(410, "GoneException"));
    let again = client.delete_connection().connection_id("L0SM9cOFvHcCIhw=").send().await;
    assert!(again.unwrap_err().into_service_error().is_gone_exception());
}

#[tokio::test]
async fn a_message_is_refused_as_by_aws() {
    let world = World::new().await;
    let (_opened, _outgoing) = world.aws.connections().open(peer("a"));
    let live = client(&world, "/live");
    assert_eq!(post(&live, "none", b"a").await, refused(410, "GoneException"));
    let other = client(&world, "/other");
    assert_eq!(post(&other, "a", b"a").await, refused(403, "ForbiddenException"));
    let large = vec![b'a'; 128 * 1024 + 1];
    assert_eq!(post(&live, "a", &large).await, refused(413, "PayloadTooLargeException"));
    let mut taken = 0;
    let full = loop {
        match post(&live, "a", &large[1..]).await {
            Ok(()) => taken += 1,
            error => break error,
        }
    };
    assert_eq!((taken, full), (1, refused(429, "LimitExceededException")));
}

#[tokio::test]
async fn over_http_only_what_is_signed_with_the_keys_is_served() {
    let world = World::new().await;
    let (_opened, mut outgoing) = world.aws.connections().open(peer("L0SM9cOFvHcCIhw="));
    let own = over_http(&world, world.aws.keys());
    post(&own, "L0SM9cOFvHcCIhw=", b"signed").await.unwrap();
    let (message, _room) = outgoing.next().await.unwrap();
    assert_eq!(message.to_text().unwrap(), "signed");
    let foreign = over_http(&world, &Keys::of(&world.aws.keys().access_key, "guessed"));
    let answer = post(&foreign, "L0SM9cOFvHcCIhw=", b"a").await;
    assert_eq!(answer, refused(403, "InvalidSignatureException"));
    let request = http::Request::post("/live/@connections/L0SM9cOFvHcCIhw=");
    let request = request.header("host", "127.0.0.1:8788").body(Body::empty()).unwrap();
    let answer = world.aws.answer_http(&"http".into(), request).await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn calls_are_counted_and_faults_injected() {
    let world = World::new().await;
    let (_opened, mut outgoing) = world.aws.connections().open(peer("a"));
    let client = client(&world, "/live");
    world.aws.calls().record(true);
    world.aws.calls().inject(Arc::new(|call| {
        (call.attempt == 1 && call.service.to_string() == "execute-api")
            .then_some(Fault::AfterEffect)
    }));
    post(&client, "a", b"twice").await.unwrap();
    for _ in 0..2 {
        assert_eq!(outgoing.next().await.unwrap().0.to_text().unwrap(), "twice");
    }
    let records = world.aws.calls().snapshot();
    let [lost, retried] = &records[..] else { panic!("{records:?}") };
    assert_eq!(lost.answer, Answer::Fault(Fault::AfterEffect));
    assert_eq!(
        (retried.answer, &*retried.call.operation),
        (Answer::Status(200), "PostToConnection")
    );
    let access = Access {
        action: "execute-api:ManageConnections".to_owned(),
        resource:
            "arn:aws:execute-api:us-east-1:000000000000:hookreel-live/live/POST/@connections/a"
                .to_owned(),
        context: Vec::new(),
    };
    assert_eq!(retried.accesses, [access]);
}
