//! The measured process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::error::BenchError;
use crate::options::Options;

/// The API key of the process.
pub(crate) const API_KEY: &str = "hr_bench-throughput-key";
/// Clock ticks a second in `/proc`, the same on every Linux that Rust supports.
const TICKS: f64 = 100.0;
/// The name of the table in the embedded cloud.
const TABLE: &str = "hookreel-Table";

/// `hookreel-local` with a data folder of its own. Dropping this kills it.
pub(crate) struct Cloud {
    child: Child,
    program: PathBuf,
    provider: String,
    meter: bool,
    port: u16,
    urls: Urls,
    folder: TempDir,
    started_in: Duration,
}

/// Where the process listens.
#[derive(Debug, Default)]
struct Urls {
    api: String,
    aws: String,
}

/// The resources that a process has used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Processor time.
    pub(crate) processor: Duration,
    /// Present memory, in bytes.
    pub(crate) resident: u64,
    /// Peak memory, in bytes.
    pub(crate) peak: u64,
}

/// The runs and processor time, in microseconds, of each part.
pub(crate) type Parts = BTreeMap<String, (u64, u64)>;

impl Cloud {
    /// Starts it with an empty folder, and with its meter if `meter`.
    pub(crate) async fn start(
        options: &Options,
        provider: &str,
        meter: bool,
    ) -> Result<Self, BenchError> {
        let program = options.program.clone().map_or_else(beside, Ok)?;
        let folder = TempDir::with_prefix("hookreel-bench-")?;
        let port = free_port()?;
        let provider = provider.to_owned();
        let begun = Instant::now();
        let child = command(&program, &folder, port, &provider, meter).spawn()?;
        let mut cloud = Self {
            child,
            program,
            provider,
            meter,
            port,
            urls: Urls::default(),
            folder,
            started_in: Duration::ZERO,
        };
        cloud.await_start(begun).await?;
        Ok(cloud)
    }

    /// Kills the process as a crash would, and starts another one on the same folder.
    pub(crate) async fn kill_and_restart(&mut self) -> Result<(), BenchError> {
        self.child.kill().await?;
        let begun = Instant::now();
        self.child =
            command(&self.program, &self.folder, self.port, &self.provider, self.meter).spawn()?;
        self.await_start(begun).await
    }

    async fn await_start(&mut self, begun: Instant) -> Result<(), BenchError> {
        self.urls = urls(&mut self.child).await.ok_or(BenchError::NotStarted)?;
        self.started_in = begun.elapsed();
        Ok(())
    }

    /// From the start of the process until it accepted requests.
    pub(crate) const fn started_in(&self) -> Duration {
        self.started_in
    }

    pub(crate) fn api_url(&self) -> &str {
        &self.urls.api
    }

    /// Creates an API key of `owner`, with the operator's command.
    pub(crate) async fn create_key(&self, owner: &str) -> Result<String, BenchError> {
        let output = Command::new(self.program.with_file_name("hookreel"))
            .args(["keys", "create", "--table", TABLE, "--owner", owner])
            .env("AWS_ENDPOINT_URL", &self.urls.aws)
            .envs(keys(&self.folder)?)
            .output()
            .await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let key = text.lines().next().filter(|_| output.status.success());
        key.map(str::to_owned).ok_or(BenchError::NoKey)
    }

    /// The resources that it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage, BenchError> {
        let id = self.child.id().ok_or(BenchError::NotStarted)?;
        Ok(Usage::of(&id.to_string())?)
    }

    /// Terminates the process, and reads the report of its meter.
    pub(crate) async fn stop(&mut self) -> Result<Parts, BenchError> {
        if let Some(id) = self.child.id() {
            let _ = Command::new("kill").arg("-TERM").arg(id.to_string()).status().await?;
        }
        self.child.wait().await?;
        let Ok(text) = std::fs::read_to_string(self.folder.path().join("meter.json")) else {
            return Ok(Parts::new());
        };
        let report: BTreeMap<String, Value> = serde_json::from_str(&text)?;
        let part = |(name, part): (String, Value)| {
            let number = |member: &str| part[member].as_u64().unwrap_or(0);
            (name, (number("runs"), number("us")))
        };
        Ok(report.into_iter().map(part).collect())
    }
}

/// The keys of the AWS services, which the folder holds, as environment variables.
fn keys(folder: &TempDir) -> std::io::Result<Vec<(String, String)>> {
    let file = std::fs::read_to_string(folder.path().join("aws-credentials"))?;
    let pairs = file.lines().filter_map(|line| line.split_once(" = "));
    Ok(pairs.map(|(name, value)| (name.to_ascii_uppercase(), value.to_owned())).collect())
}

fn command(program: &Path, folder: &TempDir, port: u16, provider: &str, meter: bool) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--aws-port", "0", "--no-studio", "--json", "--api-key", API_KEY])
        .args(["--port", &port.to_string(), "--data-dir"])
        .arg(folder.path())
        .env("RUNPOD_BASE_URL", provider)
        .env("RUNPOD_API_KEY", "bench")
        .env("SIGNING_KEY", "bench-throughput-signing-key")
        .env("RUST_LOG", "error,hookreel_local::program=info")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if meter {
        command.arg("--meter").arg(folder.path().join("meter.json"));
    }
    command
}

impl Usage {
    /// The resources that a process has used so far, as counted by the kernel; `self` is this
    /// process.
    pub(crate) fn of(process: &str) -> std::io::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |index: usize| -> f64 {
            fields.get(index).and_then(|text| text.parse().ok()).unwrap_or(0.0)
        };
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let kilobytes = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        Ok(Self {
            processor: Duration::from_secs_f64((ticks(11) + ticks(12)) / TICKS),
            resident: kilobytes("VmRSS:") * 1024,
            peak: kilobytes("VmHWM:") * 1024,
        })
    }
}

/// A port that was free just now. A restart uses the same one.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn beside() -> Result<PathBuf, BenchError> {
    let program = std::env::current_exe()?.with_file_name("hookreel-local");
    if program.exists() { Ok(program) } else { Err(BenchError::NoProgram(program)) }
}

/// Waits for the log line with the URLs, and discards the later ones.
async fn urls(child: &mut Child) -> Option<Urls> {
    let output = child.stdout.take()?;
    let errors = child.stderr.take()?;
    tokio::spawn(async move {
        let mut lines = BufReader::new(errors).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            eprintln!("{line}");
        }
    });
    let mut lines = BufReader::new(output).lines();
    let urls = loop {
        let line: Value = serde_json::from_str(&lines.next_line().await.ok()??).ok()?;
        let text = |name: &str| {
            line[name].as_str().or_else(|| line["fields"][name].as_str()).map(str::to_owned)
        };
        if let (Some(api), Some(aws)) = (text("api"), text("aws")) {
            break Urls { api, aws };
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some(urls)
}
