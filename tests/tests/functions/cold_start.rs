//! What stands when a function first asks for work.

use std::time::Duration;

use runtime::aws::AwsService;
use runtime::{Context, Environment};
use store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// As much of DynamoDB as finds nothing.
const NOTHING: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}";

async fn answer(mut connection: TcpStream) {
    let mut request = [0; 4096];
    while connection.read(&mut request).await.is_ok_and(|read| read > 0) {
        connection.write_all(NOTHING).await.unwrap();
    }
}

#[tokio::test]
async fn the_first_requests_use_the_connection_that_was_made_ahead() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let settings = [
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{}", listener.local_addr().unwrap())),
    ];
    let environment =
        Environment::from_pairs(settings.map(|(name, value)| (name.to_owned(), value)));
    let build = |context: &Context| Ok(Store::new(&context.aws, "hookreel"));

    let store = Context::connected(environment, &[AwsService::DynamoDb], build).await.unwrap();

    let (connection, _) = timeout(Duration::from_secs(5), listener.accept())
        .await
        .expect("a connection must be made before the first request")
        .unwrap();
    tokio::spawn(answer(connection));
    // From here on none can be made.
    drop(listener);
    for _ in 0..2 {
        assert!(store.job(&"job_none".parse().unwrap()).await.unwrap().is_none());
    }
}
