//! The settings of an embedded cloud.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use domain::Secret;
use runtime::Clock;

use crate::aws::Durability;
use crate::template::Document;

/// The settings of an embedded cloud.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The template to run.
    pub template: Document,
    /// The data folder; created if it does not exist.
    pub data_dir: PathBuf,
    /// The port of the HTTP API on 127.0.0.1; 0 chooses a free one.
    pub api_port: u16,
    /// The address of the AWS services. The API always listens on 127.0.0.1.
    pub aws_address: IpAddr,
    /// The port of the AWS services; 0 chooses a free one.
    pub aws_port: u16,
    /// The clock of every part.
    pub clock: Clock,
    /// Values for environment variables of functions and for parameters of the template, by name;
    /// other names are ignored.
    pub environment: BTreeMap<String, String>,
    /// An API key to accept; without one, the first start generates one.
    pub api_key: Option<Secret>,
    /// What the state outlives.
    pub durability: Durability,
}

impl Settings {
    /// Settings for `template` with its state in `data_dir`: free ports of 127.0.0.1, the machine's
    /// clock, no overrides, durable.
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
            durability: Durability::PowerCut,
        }
    }
}
