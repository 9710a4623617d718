//! A server of source videos.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

use crate::program::{FFMPEG, run};

/// Made once for all tests.
static FILM: OnceCell<Vec<u8>> = OnceCell::const_new();
static SOUND: OnceCell<Vec<u8>> = OnceCell::const_new();

/// Starts the server; returns its URL. `/talk.mp4` has three scenes and sound; `/text` is no video;
/// `/sound.mp4` has no picture; `/endless` never answers; `/gone` is 404.
pub async fn start() -> String {
    let video = FILM.get_or_init(film).await.clone();
    let sound = SOUND.get_or_init(sound).await.clone();
    let router = Router::new()
        .route("/talk.mp4", get(|| async move { video }))
        .route("/sound.mp4", get(|| async move { sound }))
        .route("/text", get(|| async { "no video" }))
        .route("/endless", get(std::future::pending::<StatusCode>))
        .route("/gone", get(|| async { StatusCode::NOT_FOUND }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

/// Ten frames a second: 1 s of grey, 2 s of a moving picture, 1.5 s of white.
async fn film() -> Vec<u8> {
    let graph = "color=c=gray:s=96x54:r=10:d=1[a];testsrc2=s=96x54:r=10:d=2[b];\
                 color=c=white:s=96x54:r=10:d=1.5[c];[a][b][c]concat=n=3,format=yuv420p[v]";
    make(
        &[
            ["-filter_complex", graph, "-f", "lavfi", "-i", "sine=d=4.5"].as_slice(),
            &[
                "-map",
                "[v]",
                "-map",
                "0:a",
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-c:a",
                "aac",
            ],
            &["-metadata", "title=My Amazing Video"],
        ]
        .concat(),
    )
    .await
}

async fn sound() -> Vec<u8> {
    make(&["-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"]).await
}

/// An MP4 by those arguments of ffmpeg.
async fn make(arguments: &[&str]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let all = [&["-v", "error", "-y"], arguments, &["-f", "mp4", path]].concat();
    run(FFMPEG, &all, b"").await.unwrap();
    std::fs::read(file.path()).unwrap()
}
