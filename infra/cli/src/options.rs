//! The command line.

use clap::{Args, Parser, Subcommand};
use domain::{JobId, OwnerId, Scope};

use crate::webhooks::Registration;

/// Operates a deployment of Hookreel.
#[derive(Debug, Parser)]
#[command(name = "hookreel", version)]
pub struct Options {
    /// The region; that of the AWS configuration by default.
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
    /// Moves the messages of a dead-letter queue back to their source queues.
    Redrive {
        /// The URL of the dead-letter queue.
        queue: String,
    },
    /// Registers our webhooks and their secrets with the scene services.
    RegisterWebhooks(Box<Registration>),
    /// Polls a job's provider now.
    Check {
        /// The URL of the queue of polls: the physical id of the resource `CheckQueue`.
        #[arg(long, env = "RECONCILE_QUEUE_URL")]
        queue: String,
        /// The id of the job.
        job_id: JobId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Creates a key and prints it, once.
    Create {
        /// The owner of the key; jobs and webhook secrets belong to an owner.
        #[arg(long, value_parser = owner)]
        owner: OwnerId,
        /// A scope of the key; all scopes by default.
        #[arg(long = "scope")]
        scopes: Vec<Scope>,
        #[command(flatten)]
        table: Table,
    },
    /// Revokes a key. An instance that has cached it accepts it for five minutes more.
    Revoke {
        /// The key's SHA-256, which was printed at its creation.
        sha256: String,
        #[command(flatten)]
        table: Table,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Table {
    /// The name of the table (output `TableName`).
    #[arg(id = "table", long = "table", env = "TABLE_NAME")]
    pub(crate) name: String,
}

/// An owner's name is a part of the table's keys, of which `#` separates the parts.
fn owner(name: &str) -> Result<OwnerId, &'static str> {
    if name.is_empty() || name.contains('#') || name.chars().any(char::is_control) {
        return Err("must be a name without # and control characters");
    }
    Ok(OwnerId::new(name))
}
