//! Child processes that make media, and how they fail.

use std::ffi::OsStr;
use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// Most of a program's complaint that is passed on, in characters.
const COMPLAINT: usize = 300;

/// A program on this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    name: &'static str,
    /// Debian's package of it.
    package: &'static str,
}

/// Speaks.
pub(crate) const ESPEAK: Program = Program { name: "espeak-ng", package: "espeak-ng" };
/// Makes and changes sound and video.
pub(crate) const FFMPEG: Program = Program { name: "ffmpeg", package: "ffmpeg" };
/// Says what a media file holds.
pub(crate) const FFPROBE: Program = Program { name: "ffprobe", package: "ffmpeg" };

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is not on this machine.
    #[error("{name} is not installed; on Debian or Ubuntu: apt-get install {package}")]
    Missing {
        /// Its name.
        name: &'static str,
        /// The package that holds it.
        package: &'static str,
    },
    /// It ended badly.
    #[error("{name} failed ({status}): {complaint}")]
    Failed {
        /// Its name.
        name: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error.
        complaint: String,
    },
    /// A pipe to it could not be used.
    #[error("a program could not be used: {0}")]
    Io(#[from] io::Error),
}

/// Runs `program` with `arguments` and `input` on its standard input, to its end, and gives back
/// what it wrote. Dropping the future kills it.
pub(crate) async fn run<A: AsRef<OsStr>>(
    program: Program,
    arguments: &[A],
    input: &[u8],
) -> Result<Vec<u8>, ProgramError> {
    let mut output = Vec::new();
    watch(program, arguments, input, |bytes| output.extend_from_slice(bytes)).await?;
    Ok(output)
}

/// The same, and shows `look` what the program writes while it works.
pub(crate) async fn watch<A: AsRef<OsStr>>(
    program: Program,
    arguments: &[A],
    input: &[u8],
    look: impl FnMut(&[u8]),
) -> Result<(), ProgramError> {
    let mut child = Command::new(program.name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| program.start_error(error))?;
    let complaint = converse(&mut child, input, look).await?;
    let status = child.wait().await?;
    if status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&complaint);
    let complaint = complaint.trim().chars().take(COMPLAINT).collect();
    Err(ProgramError::Failed { name: program.name, status, complaint })
}

/// Writes and reads all three pipes until the program has closed its own; gives back what it
/// wrote to standard error.
async fn converse(
    child: &mut Child,
    input: &[u8],
    mut look: impl FnMut(&[u8]),
) -> io::Result<Vec<u8>> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that ends without reading everything says why on standard error.
            let _ = stdin.write_all(input).await;
        }
        io::Result::Ok(())
    };
    let listen = async {
        let mut chunk = vec![0; 8192];
        if let Some(mut stdout) = stdout {
            while let count @ 1.. = stdout.read(&mut chunk).await? {
                look(&chunk[..count]);
            }
        }
        io::Result::Ok(())
    };
    let complain = async {
        let mut complaint = Vec::new();
        if let Some(mut stderr) = stderr {
            stderr.read_to_end(&mut complaint).await?;
        }
        io::Result::Ok(complaint)
    };
    let ((), (), complaint) = tokio::try_join!(feed, listen, complain)?;
    Ok(complaint)
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
