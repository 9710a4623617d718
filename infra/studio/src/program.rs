//! Runs the programs that make media, and reports their failures.

use std::ffi::OsStr;
use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// Most characters of a program's standard error in an error.
const MAX_STDERR: usize = 300;

/// A program on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    name: &'static str,
    /// Its Debian package.
    package: &'static str,
}

pub(crate) const ESPEAK: Program = Program { name: "espeak-ng", package: "espeak-ng" };
pub(crate) const FFMPEG: Program = Program { name: "ffmpeg", package: "ffmpeg" };
pub(crate) const FFPROBE: Program = Program { name: "ffprobe", package: "ffmpeg" };

/// Why a program failed.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is not installed.
    #[error("{name} is not installed; on Debian or Ubuntu: apt-get install {package}")]
    Missing {
        /// Its name.
        name: &'static str,
        /// Its Debian package.
        package: &'static str,
    },
    /// It ended with a failure status.
    #[error("{name} failed ({status}): {stderr_text}")]
    Failed {
        /// Its name.
        name: &'static str,
        /// Its status.
        status: ExitStatus,
        /// Its standard error.
        stderr_text: String,
    },
    /// A pipe to it failed.
    #[error("a pipe to a program failed: {0}")]
    Io(#[from] io::Error),
}

/// Runs `program` to its end with `arguments` and `input` on its standard input; returns its
/// standard output. Dropping the future kills it.
pub(crate) async fn run<A: AsRef<OsStr>>(
    program: Program,
    arguments: &[A],
    input: &[u8],
) -> Result<Vec<u8>, ProgramError> {
    let mut output = Vec::new();
    run_watched(program, arguments, input, |bytes| output.extend_from_slice(bytes)).await?;
    Ok(output)
}

/// Does the same, and passes the standard output to `on_output` as it comes.
pub(crate) async fn run_watched<A: AsRef<OsStr>>(
    program: Program,
    arguments: &[A],
    input: &[u8],
    on_output: impl FnMut(&[u8]),
) -> Result<(), ProgramError> {
    let mut child = Command::new(program.name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| program.start_error(error))?;
    let stderr_text = exchange(&mut child, input, on_output).await?;
    let status = child.wait().await?;
    if status.success() {
        return Ok(());
    }
    let stderr_text = String::from_utf8_lossy(&stderr_text);
    let stderr_text = stderr_text.trim().chars().take(MAX_STDERR).collect();
    Err(ProgramError::Failed { name: program.name, status, stderr_text })
}

/// Writes and reads all three pipes until the program closes its own; returns its standard error.
async fn exchange(
    child: &mut Child,
    input: &[u8],
    mut on_output: impl FnMut(&[u8]),
) -> io::Result<Vec<u8>> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write_input = async {
        if let Some(mut stdin) = stdin {
            // A program that ends early explains that on standard error.
            let _ = stdin.write_all(input).await;
        }
        io::Result::Ok(())
    };
    let read_output = async {
        let mut chunk = vec![0; 8192];
        if let Some(mut stdout) = stdout {
            while let count @ 1.. = stdout.read(&mut chunk).await? {
                on_output(&chunk[..count]);
            }
        }
        io::Result::Ok(())
    };
    let read_errors = async {
        let mut stderr_text = Vec::new();
        if let Some(mut stderr) = stderr {
            stderr.read_to_end(&mut stderr_text).await?;
        }
        io::Result::Ok(stderr_text)
    };
    let ((), (), stderr_text) = tokio::try_join!(write_input, read_output, read_errors)?;
    Ok(stderr_text)
}

impl Program {
    fn start_error(self, error: io::Error) -> ProgramError {
        match error.kind() {
            io::ErrorKind::NotFound => {
                ProgramError::Missing { name: self.name, package: self.package }
            }
            _ => ProgramError::Io(error),
        }
    }
}
