//! The command line.

use clap::{Args, Parser, Subcommand};
use domain::{JobId, Scope};

use crate::webhooks::Registration;

/// Operates a deployment of Hookreel.
#[derive(Debug, Parser)]
#[command(name = "hookreel", version)]
pub struct Options {
    /// The region; the one of the AWS configuration, if not given.
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// API keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Sends the messages of a dead-letter queue back to where they came from.
    Redrive {
        /// The URL of the dead-letter queue.
        queue: String,
    },
    /// Tells the scene services where their webhooks go, and how to sign them.
    RegisterWebhooks(Box<Registration>),
    /// Has `reconcile` look at a job at once.
    Check {
        /// The URL of the queue of checks, which is the physical id of the resource `CheckQueue`.
        #[arg(long, env = "RECONCILE_QUEUE_URL")]
        queue: String,
        /// The job.
        job_id: JobId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Makes a key and shows it, once.
    Create {
        /// Whose key it will be; jobs and webhook secrets belong to an owner.
        #[arg(long)]
        owner: String,
        /// What it may do; everything, if not given.
        #[arg(long = "scope")]
        scopes: Vec<Scope>,
        #[command(flatten)]
        table: Table,
    },
    /// Takes a key away. An instance that has seen it lets it in for five minutes more.
    Revoke {
        /// The key's SHA-256, which was shown when it was made.
        sha256: String,
        #[command(flatten)]
        table: Table,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Table {
    /// The table (output `TableName`).
    #[arg(id = "table", long = "table", env = "TABLE_NAME")]
    pub(crate) name: String,
}
