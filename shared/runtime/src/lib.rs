//! The adapters between Lambda and handlers, with settings, clock, AWS connections and logs.
//!
//! Invariants:
//! - Clients read a [`Problem`]; its cause goes to the log alone.
//! - A handler gets an owner only through [`http::Request::caller`], which checks the scope.
//! - A message that fails or panics fails alone, not its batch.
//! - Each function has its own [`Environment`]: nothing else reads the process's variables.
//!
//! It must not depend on a use case: of our crates it uses `domain` and `tls` alone.
//!
//! A further kind of trigger gets a module with a trait, `run` and `invocable`, like [`stream`];
//! a further error to clients gets a constructor in [`problem`].

pub mod authorizer;
pub mod aws;
mod canonical;
pub mod clock;
pub mod context;
pub mod environment;
pub mod fields;
pub mod http;
pub mod idempotency;
pub mod problem;
pub mod queue;
pub mod random;
pub mod stream;
pub mod telemetry;
pub mod web_socket;

pub use clock::Clock;
pub use context::{Context, Invocable};
pub use environment::{Environment, StartError};
pub use problem::{Problem, ProblemBody, ProblemCode};
