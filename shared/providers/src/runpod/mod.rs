//! RunPod serverless with the text-to-speech worker of seed 000.

pub mod answer;
mod output;
pub mod request;
pub mod sender;
pub mod webhook;
