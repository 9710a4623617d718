//! What every function is run by: configuration, clock, and the glue between Lambda and
//! handlers. It knows no use case.

pub mod authorizer;
pub mod aws;
pub mod clock;
pub mod context;
pub mod environment;
pub mod fields;
pub mod http;
pub mod problem;
pub mod queue;
pub mod random;
pub mod stream;
mod telemetry;

pub use clock::Clock;
pub use context::{Context, Invocable};
pub use environment::{Environment, StartError};
pub use problem::Problem;
