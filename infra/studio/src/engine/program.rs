//! Child processes that make sound, and how they fail.

use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Most of a program's complaint that is passed on, in characters.
const COMPLAINT: usize = 300;

/// Why no sound was made.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// A program is not on this machine.
    #[error("{program} is not installed; on Debian or Ubuntu: apt-get install {program}")]
    Missing {
        /// Its name, which is its package's too.
        program: &'static str,
    },
    /// A program ended badly.
    #[error("{program} failed ({status}): {complaint}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error.
        complaint: String,
    },
    /// The provider has no such voice.
    #[error("there is no voice {0:?} for this language")]
    UnknownVoice(String),
    /// A file or pipe could not be used.
    #[error("the sound could not be written: {0}")]
    Io(#[from] io::Error),
}

/// Runs `program` with `arguments` and `input` on its standard input, to its end. Dropping the
/// future kills it.
pub(super) async fn run(
    program: &'static str,
    arguments: &[&std::ffi::OsStr],
    input: &[u8],
) -> Result<Vec<u8>, SpeechError> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| start_error(program, error))?;
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that ends without reading everything says why on standard error.
            let _ = stdin.write_all(input).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.trim().chars().take(COMPLAINT).collect();
    Err(SpeechError::Failed { program, status: output.status, complaint })
}

fn start_error(program: &'static str, error: io::Error) -> SpeechError {
    match error.kind() {
        io::ErrorKind::NotFound => SpeechError::Missing { program },
        _ => SpeechError::Io(error),
    }
}
