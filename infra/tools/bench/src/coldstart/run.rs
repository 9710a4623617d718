//! Measures one start of a program, from exec to its last warm answer.

use std::io::{self, BufReader};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::message::{Request, answer, receive};

/// The measurements of one start.
#[derive(Debug)]
pub struct Start {
    /// From exec to the first request for an invocation, in µs.
    pub init_us: u64,
    /// The processor time of all threads until then, in µs.
    pub init_cpu_us: u64,
    /// From the first event to its answer, in µs.
    pub first_us: u64,
    /// The median of the later invocations, in µs.
    pub warm_us: u64,
    /// Resident memory at the first request for an invocation.
    pub init_rss_kib: u64,
    /// Resident memory after the last answer.
    pub rss_kib: u64,
    /// The first answer.
    pub answer: String,
}

/// Why a measurement failed.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A file or a socket failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The program closed its connection.
    #[error("the program closed its connection")]
    ConnectionClosed,
    /// The program reported an error.
    #[error("the program reports {0}")]
    Failed(String),
    /// The command line is wrong.
    #[error("usage: bench-coldstart <starts> <program> <event.json> …")]
    Usage,
}

/// Kills a program when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the program has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `program`, invokes it with `event` once and then `warm` times more, and kills it.
pub fn once(program: &str, event: &[u8], endpoint: &str, warm: usize) -> Result<Start, BenchError> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let mut command = Command::new(program);
    command
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .env("AWS_ENDPOINT_URL", endpoint)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let started = Instant::now();
    let child = Running(command.spawn()?);
    let mut runtime = Runtime::accept(&listener)?;
    runtime.expect_next()?;
    let init_us = micros(started.elapsed());
    let init_cpu_us = processor_time(child.0.id())?;
    let init_rss_kib = resident(child.0.id())?;
    let (first_us, answer) = runtime.invoke(event)?;
    let mut times = Vec::with_capacity(warm);
    for _ in 0..warm {
        times.push(runtime.invoke(event)?.0);
    }
    times.sort_unstable();
    let warm_us = times.get(warm / 2).copied().unwrap_or_default();
    let rss_kib = resident(child.0.id())?;
    Ok(Start { init_us, init_cpu_us, first_us, warm_us, init_rss_kib, rss_kib, answer })
}

/// The Runtime API of one program.
struct Runtime {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Runtime {
    fn accept(listener: &TcpListener) -> io::Result<Self> {
        let (writer, _) = listener.accept()?;
        writer.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(writer.try_clone()?), writer })
    }

    fn expect_next(&mut self) -> Result<(), BenchError> {
        let request = self.receive()?;
        if request.line.contains("/invocation/next") {
            return Ok(());
        }
        Err(BenchError::Failed(String::from_utf8_lossy(&request.body).into_owned()))
    }

    /// Answers the program's request with `event`, and waits for its next request; returns the time
    /// in µs and the answer.
    fn invoke(&mut self, event: &[u8]) -> Result<(u64, String), BenchError> {
        let begun = Instant::now();
        let head = "200 OK\r\n\
            Content-Type: application/json\r\n\
            Lambda-Runtime-Aws-Request-Id: 0190a000-0000-7000-8000-000000000000\r\n\
            Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
            Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:bench\r\n";
        answer(&mut self.writer, head, event)?;
        let request = self.receive()?;
        let taken = micros(begun.elapsed());
        let body = String::from_utf8_lossy(&request.body).into_owned();
        if !request.line.contains("/response") {
            return Err(BenchError::Failed(body));
        }
        answer(&mut self.writer, "202 Accepted\r\n", b"")?;
        self.expect_next()?;
        Ok((taken, body))
    }

    fn receive(&mut self) -> Result<Request, BenchError> {
        receive(&mut self.reader)?.ok_or(BenchError::ConnectionClosed)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The process's resident memory, in KiB.
fn resident(process: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
    Ok(kib.and_then(|kib| kib.trim().parse().ok()).unwrap_or_default())
}

/// The processor time of all threads of the process, in µs.
fn processor_time(process: u32) -> io::Result<u64> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let times = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        let had = times.split_whitespace().next().and_then(|had| had.parse::<u64>().ok());
        nanoseconds += had.unwrap_or_default();
    }
    Ok(nanoseconds / 1000)
}
