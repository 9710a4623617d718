//! One connection over its socket, from the handshake to the close.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Live;
use super::connections::{MAX_MESSAGE, Opened, Outgoing};
use crate::activity::Busy;

/// Largest frame from a client, in bytes.
const MAX_FRAME: usize = 32 * 1024;
/// How long a connection lives on which nothing is sent.
const IDLE: Duration = Duration::from_mins(10);
/// How long it lives at most.
const LIFE: Duration = Duration::from_hours(2);
/// How many messages of one client have their functions run at a time; further ones are not read.
const CONCURRENT_MESSAGES: usize = 16;
/// How long a client has to take the close frame and to answer it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// The buffer for reading, which each connection keeps.
const READ_BUFFER: usize = 4 * 1024;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Why a connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The client closes it.
    Closed(Option<CloseFrame>),
    /// The client is gone without a word, or sends what is no WebSocket frame.
    Broken,
    /// A message or a frame is too large.
    TooLarge,
    /// Nothing was sent for too long, or it is too old.
    Expired,
    /// A function closes it.
    Deleted,
    /// The cloud stops.
    Stopped,
}

impl End {
    /// The code and the reason, for the client and for `$disconnect`.
    pub fn status(&self) -> (u16, String) {
        match self {
            Self::Closed(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            Self::Closed(None) => (1005, "Client-side close frame status not set".to_owned()),
            Self::Broken => (1006, "Connection Closed Abnormally".to_owned()),
            Self::TooLarge => (1009, "Message is too big".to_owned()),
            Self::Expired | Self::Stopped => (1001, "Going away".to_owned()),
            Self::Deleted => (1000, "Connection Closed Normally".to_owned()),
        }
    }

    /// The close frame that is sent; `None` where the client has sent its own, or is gone.
    fn frame(&self) -> Option<CloseFrame> {
        if matches!(self, Self::Closed(_) | Self::Broken) {
            return None;
        }
        let (code, reason) = self.status();
        Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() })
    }
}

/// The limits of API Gateway, and small buffers.
pub(super) fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_FRAME))
}

/// Serves it until it ends, and closes it; the work that is then left counts as running.
pub(super) async fn serve(
    live: &Arc<Live>,
    opened: &Arc<Opened>,
    socket: Socket,
    mut outgoing: Outgoing,
) -> (End, Busy) {
    let (mut sink, mut stream) = socket.split();
    let end = tokio::select! {
        end = read(live, opened, &mut stream) => end,
        end = write(live, opened, &mut sink, &mut outgoing) => end,
        () = expired(live, opened) => End::Expired,
        () = opened.deleted() => End::Deleted,
        () = live.stopped.cancelled() => End::Stopped,
    };
    let busy = live.activity.begin();
    opened.close();
    // A client that takes nothing does not take this either.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, close(&end, &mut sink, &mut stream)).await;
    (end, busy)
}

/// Passes on what the client sends.
async fn read(live: &Arc<Live>, opened: &Arc<Opened>, stream: &mut SplitStream<Socket>) -> End {
    let concurrency = Arc::new(Semaphore::new(CONCURRENT_MESSAGES));
    while let Some(received) = stream.next().await {
        opened.touch(live.clock.now());
        let sent = match received {
            Ok(Message::Close(frame)) => return End::Closed(frame),
            Ok(message) if message.is_text() || message.is_binary() => message,
            // Pings and pongs only show that it is alive; the library answers them.
            Ok(_) => continue,
            Err(Error::Capacity(_)) => return End::TooLarge,
            Err(_) => return End::Broken,
        };
        let Ok(permit) = Arc::clone(&concurrency).acquire_owned().await else { break };
        tokio::spawn(Arc::clone(live).receive(Arc::clone(opened), sent, permit));
    }
    End::Broken
}

/// Passes on what is sent to the client.
async fn write(
    live: &Live,
    opened: &Opened,
    sink: &mut SplitSink<Socket, Message>,
    outgoing: &mut Outgoing,
) -> End {
    while let Some((message, _room)) = outgoing.next().await {
        if sink.send(message).await.is_err() {
            return End::Broken;
        }
        opened.touch(live.clock.now());
    }
    End::Deleted
}

/// Resolves when it has been idle for too long, or is too old.
async fn expired(live: &Live, opened: &Opened) {
    let last = opened.peer().connected_at + LIFE;
    loop {
        let due = last.min(opened.last_active() + IDLE);
        let _busy = live.activity.begin().wait_until(due).await;
        let now = live.clock.now();
        if now >= last || now >= opened.last_active() + IDLE {
            return;
        }
    }
}

/// Says why it ends, and waits for the client's answer; answers a client that has said so itself.
async fn close(end: &End, sink: &mut SplitSink<Socket, Message>, stream: &mut SplitStream<Socket>) {
    if *end == End::Broken {
        return;
    }
    let said = match end.frame() {
        Some(frame) => sink.send(Message::Close(Some(frame))).await,
        None => sink.flush().await,
    };
    if said.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}
