//! Where each scene of a film begins, in whole frames.

/// How two scenes are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Join {
    /// The film's frame on which the later scene begins.
    pub start: u32,
    /// How many frames both are seen.
    pub overlap: u32,
}

/// The scenes of a film in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// One less than there are scenes.
    pub joins: Vec<Join>,
    /// How long the film is.
    pub frames: u32,
}

impl Timeline {
    /// Scenes of those `lengths` in frames, each begun `overlap` frames before the end of the one
    /// before. The beginning of each is rounded by itself, so however many there are, the film
    /// is never off by more than half a frame. `None` if a scene is not longer than an overlap.
    pub fn new(lengths: &[u32], overlap: f64) -> Option<Self> {
        let (mut start, mut end, mut joins) = (0.0, *lengths.first()?, Vec::new());
        for pair in lengths.windows(2) {
            start += f64::from(pair[0]) - overlap;
            let join = Join { start: whole(start), overlap: end.checked_sub(whole(start))? };
            if join.overlap >= pair[0].min(pair[1]) {
                return None;
            }
            end = join.start + pair[1];
            joins.push(join);
        }
        Some(Self { joins, frames: end })
    }
}

/// The nearest whole number of frames; 0 for less than that.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a cast saturates, and rounding is what is wanted"
)]
pub(crate) fn whole(frames: f64) -> u32 {
    frames.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_does_not_add_up() {
        let lengths = [120; 48];
        let timeline = Timeline::new(&lengths, 7.2).unwrap();
        let exact: f64 = 48.0 * 120.0 - 47.0 * 7.2;
        assert!((f64::from(timeline.frames) - exact).abs() <= 0.5);
        assert!(timeline.joins.iter().all(|join| [7, 8].contains(&join.overlap)));
    }

    #[test]
    fn cuts_and_single_scenes_lose_nothing() {
        assert_eq!(Timeline::new(&[5], 0.0).unwrap(), Timeline { joins: vec![], frames: 5 });
        let cut = Timeline::new(&[5, 7], 0.0).unwrap();
        assert_eq!(cut, Timeline { joins: vec![Join { start: 5, overlap: 0 }], frames: 12 });
    }

    #[test]
    fn a_scene_must_be_longer_than_the_transition() {
        assert_eq!(Timeline::new(&[10, 4, 10], 4.0), None);
        assert_eq!(Timeline::new(&[4, 10], 5.0), None);
        assert!(Timeline::new(&[10, 5, 10], 4.0).is_some());
    }
}
