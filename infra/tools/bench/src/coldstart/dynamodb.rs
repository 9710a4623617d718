//! An AWS endpoint with constant answers: every read finds nothing, every update returns a job. Its
//! cost does not count for the measured program.

use std::io::{self, BufReader};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::message::{answer, receive};

/// The job that an update returns.
const UPDATED: &str = r#"{"Attributes":{"id":{"S":"job_running"},"owner":{"S":"local"},"kind":{"S":"tts"},"state":{"S":"storing"},"attempt":{"N":"1"},"created_at":{"N":"1767225600000"},"state_since":{"N":"1767225600000"},"format":{"S":"wav"}}}"#;

/// Most connections that one program keeps to AWS.
const CONNECTIONS: usize = 4;

/// Serves until this process ends; returns its URL. The threads exist beforehand, so that no
/// connection waits for one.
pub fn serve() -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    for _ in 0..CONNECTIONS {
        let listener = listener.try_clone()?;
        thread::spawn(move || {
            // A connection ends with the program that made it.
            for connection in listener.incoming().flatten() {
                let _ = converse(connection);
            }
        });
    }
    Ok(url)
}

fn converse(mut connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection.try_clone()?);
    while let Some(request) = receive(&mut reader)? {
        let target = request.header("x-amz-target").unwrap_or_default();
        let body = if target.ends_with(".UpdateItem") { UPDATED } else { "{}" };
        let head = "200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n";
        answer(&mut connection, head, body.as_bytes())?;
    }
    Ok(())
}
