//! The part of HTTP that Lambda's Runtime API and an SDK need.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A received request.
#[derive(Debug)]
pub struct Request {
    /// Its request line.
    pub line: String,
    /// Its header lines.
    headers: Vec<String>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// The header `name`, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The next request of a connection; `None` if it was closed.
pub fn receive(connection: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let Some(line) = read_line(connection)? else { return Ok(None) };
    let mut headers = Vec::new();
    while let Some(header) = read_line(connection)?.filter(|header| !header.is_empty()) {
        headers.push(header);
    }
    let mut request = Request { line, headers, body: Vec::new() };
    if request.header("transfer-encoding").is_some() {
        request.body = read_chunks(connection)?;
    } else if let Some(length) = request.header("content-length").and_then(|n| n.parse().ok()) {
        request.body = vec![0; length];
        connection.read_exact(&mut request.body)?;
    }
    Ok(Some(request))
}

/// Sends an answer; `head` is its status and headers, each line ended by `\r\n`.
pub fn answer(connection: &mut TcpStream, head: &str, body: &[u8]) -> io::Result<()> {
    let mut bytes = format!("HTTP/1.1 {head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    connection.write_all(&bytes)
}

fn read_line(connection: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = connection.read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

fn read_chunks(connection: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(line) = read_line(connection)? {
        let size = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        connection.read_exact(&mut chunk)?;
        if size == 0 {
            break;
        }
        body.extend_from_slice(&chunk[..size]);
    }
    Ok(body)
}
