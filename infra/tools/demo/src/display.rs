//! Shows the progress: bars on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

const STYLE: &str = "  {prefix:<10} {bar:24.green/dim} {pos:>3} %  {spinner:.green} {wide_msg}";
const TICK: Duration = Duration::from_millis(80);

/// The output of the demo.
#[derive(Debug)]
pub(crate) struct Display(Option<MultiProgress>);

/// The progress of one job.
#[derive(Debug)]
pub(crate) struct JobProgress {
    name: &'static str,
    bar: Option<ProgressBar>,
    last_printed: Mutex<String>,
}

impl Display {
    /// Shows bars if standard error is a terminal.
    pub fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(MultiProgress::new))
    }

    /// Prints a line above the bars.
    pub fn line(&self, text: &str) {
        match &self.0 {
            // A failed print does not stop the demo.
            Some(bars) => drop(bars.println(text)),
            None => println!("{text}"),
        }
    }

    /// Adds a job.
    pub fn job(&self, name: &'static str) -> JobProgress {
        let bar = self.0.as_ref().map(|bars| {
            let style = ProgressStyle::with_template(STYLE);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = bars.add(ProgressBar::new(100)).with_style(style).with_prefix(name);
            bar.enable_steady_tick(TICK);
            bar
        });
        JobProgress { name, bar, last_printed: Mutex::default() }
    }
}

impl JobProgress {
    /// Shows the percentage and the current step.
    pub fn at(&self, percent: u64, what: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(percent);
                bar.set_message(what.to_owned());
            }
            None => self.print(percent, what),
        }
    }

    /// Shows that the job has completed.
    pub fn done(&self, what: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(100);
                bar.finish_with_message(what.to_owned());
            }
            None => self.print(100, what),
        }
    }

    /// Prints the current step, unless it was the last one printed.
    fn print(&self, percent: u64, what: &str) {
        let mut last_printed =
            self.last_printed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *last_printed != what {
            println!("  {:<10} {percent:>3} %  {what}", self.name);
            what.clone_into(&mut last_printed);
        }
    }
}
