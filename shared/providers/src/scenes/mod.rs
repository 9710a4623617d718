//! The three services that make a project's film (seed 001): they make a scene's video, take
//! a video's last frame, and stitch videos. All three speak alike.

pub mod answer;
pub mod request;
pub mod service;
pub mod webhook;

pub use service::Service;
