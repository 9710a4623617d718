//! Runs a function's program in AWS's runtime interface emulator.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long the emulator may take to listen, and a function to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two connection attempts.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// A file, a socket or a process failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The emulator gave no answer.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// The emulator does not listen, or the function does not answer, in time.
    #[error("no answer within {} s", TIMEOUT.as_secs())]
    Timeout,
    /// The snapshot to compare with is missing.
    #[error("cannot read {0}; create it: INSTA_UPDATE=always cargo test -p tests events")]
    NoSnapshot(std::path::PathBuf),
}

/// A running emulator. Dropping it kills the emulator and the program.
pub struct Emulator {
    #[expect(dead_code, reason = "it is killed when this is dropped")]
    child: Child,
    address: SocketAddr,
}

impl Emulator {
    /// Starts `program` in `emulator` with `environment` only. The emulator gets a loopback
    /// address, because by default it listens on all interfaces.
    pub async fn start(
        emulator: &Path,
        program: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, InvokeError> {
        let [address, runtime_api] = free_addresses()?;
        let child = Command::new(emulator)
            .args(["--runtime-interface-emulator-address", &address.to_string()])
            .args(["--runtime-api-address", &runtime_api.to_string()])
            .arg(program)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        timeout(TIMEOUT, listening(address)).await.map_err(|_| InvokeError::Timeout)?;
        Ok(Self { child, address })
    }

    /// Invokes the program with `event`; returns its answer.
    pub async fn invoke(&self, event: &Value) -> Result<Value, InvokeError> {
        let url = format!("http://{}/2015-03-31/functions/function/invocations", self.address);
        let client = reqwest::Client::builder().no_proxy().build()?;
        let answer = async { client.post(url).body(event.to_string()).send().await?.json().await };
        Ok(timeout(TIMEOUT, answer).await.map_err(|_| InvokeError::Timeout)??)
    }
}

async fn listening(address: SocketAddr) {
    while TcpStream::connect(address).await.is_err() {
        sleep(POLL_INTERVAL).await;
    }
}

/// Two different loopback addresses that were free just now.
fn free_addresses() -> std::io::Result<[SocketAddr; 2]> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok([first.local_addr()?, second.local_addr()?])
}
