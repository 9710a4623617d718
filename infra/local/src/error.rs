//! Why an embedded cloud does not start.

use std::io;
use std::net::IpAddr;

use crate::aws::AwsError;
use crate::data_folder::DataFolderError;
use crate::mappings::StreamError;
use crate::template::TemplateError;

/// Why an embedded cloud does not start. Each text says what to change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A key or secret can be guessed.
    #[error(
        "{name} has fewer than {least} bytes; choose a longer one, such as the output of `openssl rand -hex 32`"
    )]
    ShortSecret {
        /// The variable or option.
        name: &'static str,
        /// How many it must have.
        least: usize,
    },
    /// The template cannot be run.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// A port cannot be bound.
    #[error("port {port} of {address} cannot be used; choose another with {flag}")]
    Listen {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
        /// The option that chooses it.
        flag: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The AWS services cannot be opened or prepared.
    #[error("cannot prepare the embedded AWS")]
    Aws(#[from] AwsError),
    /// The template has a function that this program was not built with.
    #[error("the template's function {0} is not part of this program")]
    UnknownFunction(String),
    /// A function does not start.
    #[error("the function {name} cannot start")]
    Function {
        /// The function.
        name: String,
        /// Why not.
        source: runtime::StartError,
    },
    /// A stream mapping cannot start.
    #[error("the stream mapping of the function {name} cannot start")]
    Stream {
        /// The function.
        name: String,
        /// Why not.
        source: StreamError,
    },
    /// The API key cannot be stored.
    #[error("cannot store the API key")]
    ApiKey(#[from] store::StoreError),
    /// The template has no table.
    #[error("the template has no table")]
    NoTable,
}
