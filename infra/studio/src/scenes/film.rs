//! The plan of a film, as filters of ffmpeg.

use std::fmt::Write;

use super::probe::Probe;
use super::timeline::{Join, Timeline, whole};
use super::transition::Transition;

/// A planned film.
pub(super) struct Film {
    transition: Transition,
    /// The first scene, which sets the size and the frame rate.
    pub first: Probe,
    /// The length of each scene, in frames of the film.
    lengths: Vec<u32>,
    pub timeline: Timeline,
}

impl Film {
    /// Plans a film of `scenes`; `None` if one is not longer than the transition.
    pub fn plan(transition: Transition, scenes: &[&Probe]) -> Option<Self> {
        let first = *scenes.first()?;
        let rate = first.rate.per_second();
        let lengths: Vec<_> =
            scenes.iter().map(|scene| whole(scene.seconds() * rate).max(1)).collect();
        let timeline = Timeline::new(&lengths, transition.seconds * rate)?;
        Some(Self { transition, first: first.clone(), lengths, timeline })
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        f64::from(self.timeline.frames) / self.first.rate.per_second()
    }

    /// The filters: every scene is converted to the film's format, and joined to those before it.
    pub fn graph(&self) -> String {
        let mut graph = String::new();
        for (scene, length) in self.lengths.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(graph, "[{scene}:v]{}[s{scene}];", self.convert(*length));
        }
        let mut before = "s0".to_owned();
        for (index, join) in self.timeline.joins.iter().enumerate() {
            let scene = index + 1;
            let join = self.join(self.transition.kind, *join);
            let _ = write!(graph, "[{before}][s{scene}]{join}[f{scene}];");
            before = format!("f{scene}");
        }
        graph + &format!("[{before}]null[film]")
    }

    /// Converts a scene to exactly `length` frames in the film's size and rate.
    fn convert(&self, length: u32) -> String {
        let Probe { width, height, .. } = self.first;
        format!(
            "fps={},scale={width}:{height},setsar=1,format=yuv420p,\
             tpad=stop_mode=clone:stop_duration=1,trim=end_frame={length},setpts=PTS-STARTPTS,{}",
            self.rate(),
            self.time_base()
        )
    }

    fn join(&self, kind: &str, join: Join) -> String {
        let seconds = |frames: u32| f64::from(frames) / self.first.rate.per_second();
        if join.overlap == 0 {
            return format!("concat=n=2:v=1:a=0,fps={},{}", self.rate(), self.time_base());
        }
        let (duration, offset) = (seconds(join.overlap), seconds(join.start));
        format!("xfade=transition={kind}:duration={duration:.6}:offset={offset:.6}")
    }

    fn rate(&self) -> String {
        format!("{}/{}", self.first.rate.numerator, self.first.rate.denominator)
    }

    fn time_base(&self) -> String {
        format!("settb={}/{}", self.first.rate.denominator, self.first.rate.numerator)
    }
}
