//! The scenes of a video: where they begin, how they rate, and which become clips.

use serde::Serialize;

use super::analysis::Frame;

/// A frame with a greater change begins a scene.
const CHANGE: f64 = 0.3;
/// Shortest scene, in seconds: a shorter one belongs to the one before.
const SHORTEST: f64 = 0.5;
/// Longest clip, in seconds, from the scene's beginning.
const LONGEST: f64 = 60.0;
/// The motion that rates half of the most, in shades.
const USUAL_MOTION: f64 = 4.0;
/// How much motion counts in the score; contrast is the rest.
const MOTION_WEIGHT: f64 = 0.6;

/// One scene.
#[allow(clippy::struct_field_names, reason = "the plan's readers see that name")]
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Scene {
    /// Its place among the scenes, from 0.
    pub scene_index: usize,
    pub start_seconds: f64,
    pub end_seconds: f64,
    /// From 0 to 1.
    pub motion: f64,
    /// From 0 to 1.
    pub contrast: f64,
    /// From 0 to 1.
    pub virality_score: f64,
}

impl Scene {
    /// The length of its clip in seconds.
    pub fn seconds(&self) -> f64 {
        (self.end_seconds - self.start_seconds).min(LONGEST)
    }

    /// What is in it, as far as it was measured.
    pub fn summary(&self) -> String {
        let degree = |value: f64| match value {
            0.0..0.25 => "little",
            0.25..0.6 => "some",
            _ => "much",
        };
        format!(
            "Scene {} from {:.1} s to {:.1} s: {} motion, {} contrast",
            self.scene_index + 1,
            self.start_seconds,
            self.start_seconds + self.seconds(),
            degree(self.motion),
            degree(self.contrast)
        )
    }

    /// Of those frames, which are not none.
    fn of(scene_index: usize, frames: &[Frame], end_seconds: f64) -> Self {
        // The first frame differs by the change of scene, not by motion.
        let motion = mean(frames.iter().skip(1).map(|frame| frame.motion));
        let motion = motion / (motion + USUAL_MOTION);
        let contrast = (mean(frames.iter().map(|frame| frame.contrast)) / 255.0).clamp(0.0, 1.0);
        let score = MOTION_WEIGHT.mul_add(motion, (1.0 - MOTION_WEIGHT) * contrast);
        Self {
            scene_index,
            start_seconds: frames[0].seconds,
            end_seconds,
            motion: hundredths(motion),
            contrast: hundredths(contrast),
            virality_score: hundredths(score),
        }
    }
}

/// Splits the frames of a video of `seconds` into its scenes.
pub(super) fn split(frames: &[Frame], seconds: f64) -> Vec<Scene> {
    let mut begins = vec![0];
    for (place, frame) in frames.iter().enumerate() {
        let since = frames[begins[begins.len() - 1]].seconds;
        if frame.change > CHANGE
            && frame.seconds - since >= SHORTEST
            && seconds - frame.seconds >= SHORTEST
        {
            begins.push(place);
        }
    }
    let ends = begins.iter().skip(1).copied().chain([frames.len()]);
    let pairs = begins.iter().copied().zip(ends).filter(|(begin, end)| begin < end);
    let scene = |(index, (begin, end)): (usize, (usize, usize))| {
        let end_seconds = frames.get(end).map_or(seconds, |next| next.seconds);
        Scene::of(index, &frames[begin..end], end_seconds)
    };
    pairs.enumerate().map(scene).collect()
}

/// The `most` best rated of `scenes`, the best first; of equals the earlier.
pub(super) fn choose(scenes: &[Scene], most: u32) -> Vec<Scene> {
    let mut chosen = scenes.to_vec();
    chosen.sort_by(|one, other| other.virality_score.total_cmp(&one.virality_score));
    chosen.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    chosen
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten frames a second; a scene begins at each of `changes`.
    fn frames(count: u32, changes: &[u32]) -> Vec<Frame> {
        let frame = |number: u32| Frame {
            seconds: f64::from(number) / 10.0,
            change: if changes.contains(&number) { 0.9 } else { 0.1 },
            motion: if changes.contains(&number) { 100.0 } else { f64::from(number / 10) },
            contrast: 51.0,
        };
        (0..count).map(frame).collect()
    }

    #[test]
    fn a_scene_begins_at_each_change_that_leaves_it_long_enough() {
        let scenes = split(&frames(40, &[10, 13, 25, 37]), 4.0);
        let spans: Vec<_> =
            scenes.iter().map(|scene| (scene.start_seconds, scene.end_seconds)).collect();
        assert_eq!(spans, [(0.0, 1.0), (1.0, 2.5), (2.5, 4.0)]);
        assert_eq!(split(&frames(10, &[]), 1.0).len(), 1);
        assert_eq!(split(&[], 1.0), []);
    }

    #[test]
    fn the_best_rated_scenes_come_first() {
        let scenes = split(&frames(40, &[10, 20, 30]), 4.0);
        // Motion 0, 1, 2, 3 of each scene, without its first frame; contrast a fifth.
        let scores: Vec<_> = scenes.iter().map(|scene| scene.virality_score).collect();
        assert_eq!(scores, [0.08, 0.2, 0.28, 0.34]);
        let chosen: Vec<_> = choose(&scenes, 2).iter().map(|scene| scene.scene_index).collect();
        assert_eq!(chosen, [3, 2]);
        assert_eq!(choose(&scenes, 9).len(), 4);
        let summary = choose(&scenes, 1)[0].summary();
        assert_eq!(summary, "Scene 4 from 3.0 s to 4.0 s: some motion, little contrast");
    }

    #[test]
    fn a_clip_is_at_most_a_minute() {
        let [scene] = split(&frames(10, &[]), 600.0)[..] else { panic!("one scene") };
        assert!((scene.seconds() - 60.0).abs() < f64::EPSILON);
    }
}
