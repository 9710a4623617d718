//! What an embedded cloud can be told before it starts.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use domain::Secret;
use runtime::Clock;

use crate::template::Document;

/// The settings of an embedded cloud.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What it runs.
    pub template: Document,
    /// Holds all its state; made if it is not there.
    pub data_dir: PathBuf,
    /// The port of the HTTP API on 127.0.0.1; 0 takes any that is free.
    pub api_port: u16,
    /// Where the AWS services listen. The API always does on 127.0.0.1.
    pub aws_address: IpAddr,
    /// The port of the AWS services there; 0 takes any that is free.
    pub aws_port: u16,
    /// What every part of it asks for the time.
    pub clock: Clock,
    /// Values for the functions' environment variables of these names, and for the template's
    /// parameters; names that neither has are passed over.
    pub environment: BTreeMap<String, String>,
    /// An API key to accept; without one, the first start makes one.
    pub api_key: Option<Secret>,
}

impl Settings {
    /// Settings for `template` with its state in `data_dir`: any free ports of 127.0.0.1, the
    /// machine's clock, nothing chosen.
    pub fn new(template: Document, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            template,
            data_dir: data_dir.into(),
            api_port: 0,
            aws_address: Ipv4Addr::LOCALHOST.into(),
            aws_port: 0,
            clock: Clock::system(),
            environment: BTreeMap::new(),
            api_key: None,
        }
    }
}
