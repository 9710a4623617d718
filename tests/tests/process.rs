//! The program `hookreel-local` as a process of its own.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tests::templates;

/// How many of its last lines are shown when a test fails.
const LINES_SHOWN: usize = 30;

/// How the program is started, each time alike.
#[derive(Debug)]
pub struct Program {
    /// The ports of its API and of its AWS services.
    pub ports: [u16; 2],
    /// Holds its data and its log.
    pub folder: PathBuf,
    /// Its environment; it sees nothing of the test's own.
    pub environment: Vec<(String, String)>,
}

/// The program at work. Dropping it kills it with SIGKILL, also when the test has failed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Where its API will be.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// Starts it.
    pub fn start(&self) -> Process {
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
    pub fn assert_running(&mut self) {
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
