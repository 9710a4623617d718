//! The video that is cut into clips: made by ffmpeg, and served on this machine as a client's own server
//! would.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::DemoError;

/// Its title, in the file's metadata.
pub(crate) const TITLE: &str = "Six scenes";
/// Its scenes, as sources of ffmpeg, and the seconds of each: 20 s in all.
const SCENES: [(&str, u32); 6] = [
    ("testsrc2=s=640x360:r=24", 4),
    ("mandelbrot=s=640x360:r=24", 3),
    ("smptebars=s=640x360:r=24", 3),
    (
        "life=s=160x90:r=24:mold=10:ratio=0.1:seed=7:life_color=0x00ff00:death_color=0xc83232,\
         scale=640:360:flags=neighbor",
        4,
    ),
    ("gradients=s=640x360:r=24:c0=0x102040:c1=0xf0a020:seed=5", 3),
    ("rgbtestsrc=s=640x360:r=24", 3),
];
/// How many changes of scene there are to find.
pub(crate) const CHANGES: usize = SCENES.len() - 1;

/// The video.
#[derive(Debug)]
pub(crate) struct SourceVideo {
    pub file: PathBuf,
    pub url: String,
}

impl SourceVideo {
    /// Makes it in `folder`, and serves it until the demo ends.
    pub async fn serve(folder: &Path) -> Result<Self, DemoError> {
        let file = folder.join("six-scenes.mp4");
        make(&file).await?;
        let resource = |source| DemoError::Resource { what: file.display().to_string(), source };
        let content = Bytes::from(tokio::fs::read(&file).await.map_err(resource)?);
        let answer = move || async move { ([(CONTENT_TYPE, "video/mp4")], content) };
        let router = Router::new().route("/six-scenes.mp4", get(answer));
        let listening = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            listener.local_addr().map(|address| (listener, address))
        };
        let (listener, address) = listening.await.map_err(|source| DemoError::Resource {
            what: "a port for the source video".into(),
            source,
        })?;
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { url: format!("http://{address}/six-scenes.mp4"), file })
    }
}

async fn make(file: &Path) -> Result<(), DemoError> {
    let seconds: u32 = SCENES.iter().map(|(_, seconds)| seconds).sum();
    let sound = format!("sine=frequency=330:beep_factor=4:duration={seconds}");
    let run = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &sound])
        .args(["-filter_complex", &graph(), "-map", "[film]", "-map", "0:a"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"])
        .args(["-metadata", &format!("title={TITLE}"), "-movflags", "+faststart"])
        .arg(file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output =
        run.await.map_err(|source| DemoError::Resource { what: "ffmpeg".into(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(DemoError::Setup(format!("ffmpeg made no source video: {reason}")))
}

/// The filters that make each scene and join them.
fn graph() -> String {
    let scene = |(index, (source, seconds)): (usize, &(&str, u32))| {
        format!(
            "{source},trim=duration={seconds},setpts=PTS-STARTPTS,format=yuv420p,setsar=1[s{index}];"
        )
    };
    let scenes: Vec<_> = SCENES.iter().enumerate().map(scene).collect();
    let labels: Vec<_> = (0..SCENES.len()).map(|index| format!("[s{index}]")).collect();
    let (scenes, labels) = (scenes.concat(), labels.concat());
    format!("{scenes}{labels}concat=n={}[film]", SCENES.len())
}
