//! A server that sends given bytes and nothing else.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens after the bytes are sent.
#[derive(Clone, Copy)]
pub enum Then {
    /// The connection is closed.
    Close,
    /// The connection is kept open, and nothing more is sent.
    Stall,
}

/// A running server. It ends with the test's runtime.
pub struct Server {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each connection with `bytes`.
    pub async fn start(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        Self::in_turn(vec![bytes.into()], then).await
    }

    /// Answers the first connection with the first of `answers`, and so on; the last one repeats.
    pub async fn in_turn(answers: Vec<Vec<u8>>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), heads: Arc::default() };
        let heads = Arc::clone(&server.heads);
        tokio::spawn(async move {
            for nth in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let bytes = answers[nth.min(answers.len() - 1)].clone();
                tokio::spawn(answer(stream, Arc::clone(&heads), bytes, then));
            }
        });
        server
    }

    /// A URL of the server by its address.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The start line and headers of each request, in lower case.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn answer(
    mut stream: TcpStream,
    heads: Arc<Mutex<Vec<String>>>,
    bytes: Vec<u8>,
    then: Then,
) -> Option<()> {
    let mut request = Vec::new();
    // A TLS handshake starts with byte 22, and is answered in plain text all the same.
    while !request.starts_with(&[22]) && !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    heads.lock().ok()?.push(String::from_utf8_lossy(&request).to_lowercase());
    stream.write_all(&bytes).await.ok()?;
    if matches!(then, Then::Stall) {
        std::future::pending::<()>().await;
    }
    // Closing with an unread body would reset the connection before the answer is received.
    stream.shutdown().await.ok()?;
    while stream.read_buf(&mut request).await.ok()? > 0 {}
    Some(())
}
