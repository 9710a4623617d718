//! The embedded cloud as a child process, which ends with this one.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use domain::Secret;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::api::Api;
use crate::{DemoError, Options};

const PROGRAM: &str = "hookreel-local";
/// Time between two polls of its health.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long it may take to end before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How many lines of its log an error shows.
const LAST_LINES: usize = 12;
/// The environment variables that it gets. Others, such as the key of a real provider, would change
/// the demo.
const ENVIRONMENT: [&str; 5] = ["PATH", "HOME", "LANG", "TMPDIR", "RUST_LOG"];

/// The embedded cloud, with its data in a temporary folder.
#[derive(Debug)]
pub(crate) struct Cloud {
    child: Child,
    port: u16,
    studio_port: u16,
    log: PathBuf,
    _data: TempDir,
}

impl Cloud {
    /// Starts it on free ports, with `key` as its API key.
    pub fn spawn(options: &Options, key: &Secret) -> Result<Self, DemoError> {
        let program = program(options)?;
        let data = TempDir::with_prefix("hookreel-demo-");
        let data = data.map_err(|error| resource_error("a temporary folder", error))?;
        let [port, aws_port, studio_port] =
            free_ports().map_err(|error| resource_error("a free port", error))?;
        let log = options.output_dir.join("hookreel-local.log");
        let outputs = File::create(&log).and_then(|file| Ok([file.try_clone()?, file]));
        let [stdout, stderr] =
            outputs.map_err(|error| resource_error(&log.display().to_string(), error))?;
        let child = tied_to_this_process(&program)
            .args(["--port", &port.to_string(), "--aws-port", &aws_port.to_string()])
            .args(["--studio-port", &studio_port.to_string()])
            .args(options.faults())
            .args([OsStr::new("--data-dir"), data.path().as_os_str()])
            .args([OsStr::new("--template"), options.template.as_os_str()])
            .env_clear()
            .envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(options.variables().iter().copied())
            .env("HOOKREEL_API_KEY", key.expose())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| DemoError::CloudStartFailed { program, source })?;
        Ok(Self { child, port, studio_port, log, _data: data })
    }

    /// The URL of its API.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The URL of its stand-in for the providers.
    pub fn studio_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.studio_port)
    }

    /// Resolves once its API answers.
    pub async fn ready(&mut self, api: &Api) -> Result<(), DemoError> {
        while !api.is_up().await {
            let ended = self.child.try_wait().map_err(|error| resource_error(PROGRAM, error))?;
            if let Some(status) = ended {
                let last_lines = last_lines(&self.log);
                return Err(DemoError::CloudEnded { status, last_lines, log: self.log.clone() });
            }
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Terminates it, and kills it if it does not end in time.
    pub async fn stop(mut self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        // Both fail only if the process has already ended.
        let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
        if timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// A command that the kernel terminates when this process dies, even by SIGKILL. Rust has no safe
/// call for that; `setpriv` of util-linux makes it, where it is installed.
fn tied_to_this_process(program: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join("setpriv").is_file()) {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command
}

/// The program to run: that of the options, or the one beside this program.
fn program(options: &Options) -> Result<PathBuf, DemoError> {
    let program = match &options.cloud {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .map_err(|error| resource_error("this program", error))?
            .with_file_name(PROGRAM),
    };
    if program.is_file() {
        return Ok(program);
    }
    Err(DemoError::CloudStartFailed { program, source: io::ErrorKind::NotFound.into() })
}

/// Different ports that were free just now.
fn free_ports() -> io::Result<[u16; 3]> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listeners = [listen()?, listen()?, listen()?];
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

fn resource_error(what: &str, source: io::Error) -> DemoError {
    DemoError::Resource { what: what.to_owned(), source }
}
