//! Receivers of webhooks that misbehave below HTTP: they say nothing, or break off, or go on for
//! ever. Each speaks bytes of its own on a free port of this machine.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a receiver does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// Takes it and never answers.
    Hangs,
    /// Breaks off within the headers of its answer.
    ClosesInHeaders,
    /// Breaks off within the body of its 200.
    ClosesInBody,
    /// Answers 200 with 10 MB.
    TenMegabytes,
    /// Sends its answer one byte a second.
    OneByteASecond,
    /// Answers 204, after four seconds.
    AnswersLate,
}

/// A receiver that misbehaves the first times and then answers 204. It ends when it is dropped.
pub struct OddReceiver {
    url: String,
    counts: Arc<Counts>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    taken: AtomicUsize,
    ended: AtomicUsize,
}

impl OddReceiver {
    /// Starts one that misbehaves `times` times.
    pub async fn start(oddity: Oddity, times: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, oddity, times, Arc::clone(&shared)));
            }
        });
        Self { url, counts, server }
    }

    /// Where it takes webhooks.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// How many requests it has taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.counts.taken.load(Ordering::SeqCst)
    }

    /// How many of them are over, on whichever side.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.counts.ended.load(Ordering::SeqCst)
    }
}

impl Drop for OddReceiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, oddity: Oddity, times: usize, counts: Arc<Counts>) {
    if read_request(&mut stream).await.is_none() {
        return;
    }
    let odd = counts.taken.fetch_add(1, Ordering::SeqCst) < times;
    // The other side may have given up; that is what it is here for.
    let _ = if odd { misbehave(&mut stream, oddity).await } else { behave(&mut stream).await };
    counts.ended.fetch_add(1, Ordering::SeqCst);
}

async fn read_request(stream: &mut TcpStream) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1)?;
            let length: usize = length.split("\r\n").next()?.parse().ok()?;
            if body.len() >= length {
                return Some(());
            }
        }
    }
}

async fn behave(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await?;
    stream.shutdown().await
}

async fn misbehave(stream: &mut TcpStream, oddity: Oddity) -> std::io::Result<()> {
    match oddity {
        Oddity::Hangs => stream.read(&mut [0]).await.map(drop),
        Oddity::ClosesInHeaders => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").await,
        Oddity::ClosesInBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhal").await
        }
        Oddity::TenMegabytes => {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&vec![b'x'; 10_000_000]).await
        }
        Oddity::AnswersLate => {
            tokio::time::sleep(Duration::from_secs(4)).await;
            behave(stream).await
        }
        Oddity::OneByteASecond => {
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ok(())
        }
    }
}
