//! The clients against servers on this machine that answer, stall or close the connection.

mod client;
mod download;
mod provider;
mod server;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::{Client, Guard, Lookup};

/// Long enough that no test waits for it to end.
const LONG_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);
/// Short enough to be waited for, and long enough for a busy machine to answer within it.
const SHORT_TIMEOUT: std::time::Duration = std::time::Duration::from_millis(400);

fn local_guard() -> Guard {
    Guard { allow_loopback: true, ..Guard::default() }
}

fn local_client() -> Client {
    Client::new(local_guard()).unwrap()
}

/// A resolver with given answers for every name. It counts its look-ups.
struct FakeLookup {
    /// The answers to the first look-up, the second, …; the last one repeats.
    answers: Vec<Vec<IpAddr>>,
    lookups: AtomicUsize,
}

impl FakeLookup {
    fn new(addresses: &[&str]) -> Arc<Self> {
        Self::in_turn(&[addresses])
    }

    fn in_turn(answers: &[&[&str]]) -> Arc<Self> {
        let answer = |addresses: &&[&str]| {
            addresses.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>()
        };
        let answers = answers.iter().map(answer).collect();
        Arc::new(Self { answers, lookups: AtomicUsize::new(0) })
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

impl Lookup for FakeLookup {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let before = self.lookups.fetch_add(1, Ordering::SeqCst);
        let addresses = self.answers[before.min(self.answers.len() - 1)].clone();
        async move { Ok(addresses) }.boxed()
    }
}
