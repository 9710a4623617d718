//! Progress as a person likes to see it: bars on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

const STYLE: &str = "  {prefix:<10} {bar:24.green/dim} {pos:>3} %  {spinner:.green} {wide_msg}";
const TICK: Duration = Duration::from_millis(80);

/// Where everything is shown.
#[derive(Debug)]
pub(crate) struct Display(Option<MultiProgress>);

/// The progress of one job.
#[derive(Debug)]
pub(crate) struct JobProgress {
    name: &'static str,
    bar: Option<ProgressBar>,
    said: Mutex<String>,
}

impl Display {
    /// Bars if standard error is a terminal.
    pub fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(MultiProgress::new))
    }

    /// Shows a line above the bars.
    pub fn line(&self, text: &str) {
        match &self.0 {
            // What cannot be shown is no reason to stop.
            Some(bars) => drop(bars.println(text)),
            None => println!("{text}"),
        }
    }

    /// Begins to show a job.
    pub fn job(&self, name: &'static str) -> JobProgress {
        let bar = self.0.as_ref().map(|bars| {
            let style = ProgressStyle::with_template(STYLE);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = bars.add(ProgressBar::new(100)).with_style(style).with_prefix(name);
            bar.enable_steady_tick(TICK);
            bar
        });
        JobProgress { name, bar, said: Mutex::default() }
    }
}

impl JobProgress {
    /// Shows that the job has come to `percent` and what is going on.
    pub fn at(&self, percent: u64, what: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(percent);
                bar.set_message(what.to_owned());
            }
            None => self.say(percent, what),
        }
    }

    /// Shows that the job is done.
    pub fn done(&self, what: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(100);
                bar.finish_with_message(what.to_owned());
            }
            None => self.say(100, what),
        }
    }

    /// Prints what is going on, unless that was said last.
    fn say(&self, percent: u64, what: &str) {
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *said != what {
            println!("  {:<10} {percent:>3} %  {what}", self.name);
            what.clone_into(&mut said);
        }
    }
}
