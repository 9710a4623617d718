//! The official Python client, which finds no difference from the original.

use std::path::PathBuf;

use tokio::process::Command;

use super::stage;
use crate::Faults;
use crate::tests::API_KEY;

#[tokio::test]
async fn the_official_client_works() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let (verifiers, target) = (root.join("tests/verifiers"), root.join("target/verifiers"));
    let installed = Command::new(verifiers.join("setup.sh")).arg(&target).status().await.unwrap();
    assert!(installed.success(), "tests/verifiers/setup.sh must install the official libraries");
    let stage = stage(Faults::default()).await;
    let mut python = Command::new(target.join("python/bin/python"));
    python.arg(verifiers.join("replicate_client.py")).args([stage.studio.url(), API_KEY]);
    assert!(python.status().await.unwrap().success(), "its output says at what it stopped");
}
