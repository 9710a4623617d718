//! The start of each scene of a film, in whole frames.

/// The join of two scenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Join {
    /// The film's frame at which the later scene starts.
    pub start: u32,
    /// How many frames show both scenes.
    pub overlap: u32,
}

/// The timeline of a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timeline {
    /// One fewer than there are scenes.
    pub joins: Vec<Join>,
    /// The length of the film.
    pub frames: u32,
}

impl Timeline {
    /// Places scenes of `lengths` frames, each starting `overlap` frames before the end of the one
    /// before. Each start is rounded by itself, so the film is never off by more than half a frame,
    /// however many scenes there are. `None` if a scene is not longer than an overlap.
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

/// The nearest whole number of frames, at least 0.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and rounding is intended"
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
    fn cuts_and_single_scenes_keep_every_frame() {
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
