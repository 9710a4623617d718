//! The program `hookreel-local` as a process of its own.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tests::{Client, templates};
use tokio::time::{Instant, sleep};

/// How many of its last lines are shown when a test fails.
const LINES_SHOWN: usize = 30;
/// How long to wait before a request is sent again that nobody answered.
pub const AGAIN: Duration = Duration::from_millis(20);

/// How the program is started, each time alike.
#[derive(Debug)]
pub struct Program {
    /// The ports of its API and of its AWS services.
    ports: [u16; 2],
    /// Holds its data and its log.
    folder: PathBuf,
    /// Its environment; it sees nothing of the test's own.
    environment: Vec<(String, String)>,
}

/// The program at work. Dropping it kills it with SIGKILL, also when the test has failed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// One that keeps its state in `folder`.
    pub fn new(folder: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            ports: [free_port(), free_port()],
            folder: folder.to_owned(),
            environment: environment.into_iter().collect(),
        }
    }

    /// Where its API will be.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// Starts it, and waits until it answers `client`; how long that took.
    pub async fn up(&self, client: &Client) -> (Process, Duration) {
        let began = Instant::now();
        let mut process = self.start();
        while !is_up(client).await {
            process.assert_running();
            sleep(AGAIN).await;
        }
        (process, began.elapsed())
    }

    fn start(&self) -> Process {
        let log = self.folder.join("log");
        let child = Command::new(executable())
            .args(["--port", &self.ports[0].to_string(), "--aws-port", &self.ports[1].to_string()])
            .arg("--data-dir")
            .arg(self.folder.join("data"))
            .arg("--template")
            .arg(templates::root().join("template.yaml"))
            .args(["--no-studio", "--json"])
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(appending(&log))
            .stderr(appending(&log))
            .spawn()
            .expect("the program can be started");
        Process { child, log }
    }
}

impl Process {
    /// Fails if it has ended by itself.
    fn assert_running(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "hookreel-local ended by itself: {ended:?}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
            eprintln!("the last lines of hookreel-local:\n{}", last.join("\n"));
        }
    }
}

fn appending(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

/// The program lies beside the folder of the test's own executable.
fn executable() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("hookreel-local");
    assert!(
        program.is_file(),
        "{} is not there; build it first: cargo build --package hookreel-local",
        program.display()
    );
    program
}

async fn is_up(client: &Client) -> bool {
    let answer = client.try_send(Method::GET, "/v1/health", &[], Bytes::new()).await;
    answer.is_ok_and(|answer| answer.status == 200)
}

/// A port that is free, and remains so while the program is down: it lies below those that the
/// system gives to whoever wants any.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap_or(0);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed));
    ports.find(is_free).expect("some port is free")
}
