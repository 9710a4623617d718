//! AWS's runtime interface emulator with one function's program in it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long the emulator may take to listen, and a function to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks whether it listens.
const LOOK: Duration = Duration::from_millis(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// A file, a socket or a process.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The emulator does not answer.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// It does not listen, or the function takes too long.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Timeout,
    /// There is no snapshot to compare with.
    #[error("cannot read {0}; the tests make it: INSTA_UPDATE=always cargo test -p tests events")]
    NoSnapshot(std::path::PathBuf),
}

/// The emulator at work. Both it and the program end with this.
pub struct Emulator {
    #[expect(dead_code, reason = "it is killed when this is dropped")]
    child: Child,
    address: SocketAddr,
}

impl Emulator {
    /// Starts `program` in `emulator` with nothing but `environment` around it. An address
    /// must be given to it, since by itself it listens on all of the machine's.
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
        timeout(PATIENCE, listening(address)).await.map_err(|_| InvokeError::Timeout)?;
        Ok(Self { child, address })
    }

    /// Hands `event` to the program; its answer.
    pub async fn invoke(&self, event: &Value) -> Result<Value, InvokeError> {
        let url = format!("http://{}/2015-03-31/functions/function/invocations", self.address);
        let client = reqwest::Client::builder().no_proxy().build()?;
        let answer = async { client.post(url).body(event.to_string()).send().await?.json().await };
        Ok(timeout(PATIENCE, answer).await.map_err(|_| InvokeError::Timeout)??)
    }
}

async fn listening(address: SocketAddr) {
    while TcpStream::connect(address).await.is_err() {
        sleep(LOOK).await;
    }
}

/// Two addresses of this machine that were free a moment ago, and differ.
fn free_addresses() -> std::io::Result<[SocketAddr; 2]> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok([first.local_addr()?, second.local_addr()?])
}
