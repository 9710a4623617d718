//! What a clipping job costs its owner, by the rule of the deployment.

use std::str::FromStr;

use crate::job::Output;
use crate::{InvalidField, named};

named! {
    /// What is counted.
    pub enum CreditUnit {
        /// Each clip.
        Clip = "per_clip",
        /// Each started minute of all clips together.
        MinuteOfClips = "per_started_minute_of_clips",
        /// Each started minute of the video that was cut; of the clips if its worker does not say how
        /// long it is.
        MinuteOfSource = "per_started_minute_of_source",
    }
    else "unit", "must be per_clip, per_started_minute_of_clips or per_started_minute_of_source"
}

/// How many credits a unit costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditRule {
    /// What is counted.
    pub unit: CreditUnit,
    /// Credits for each.
    pub rate: u32,
}

impl Default for CreditRule {
    /// A credit for each started minute of clips.
    fn default() -> Self {
        Self { unit: CreditUnit::MinuteOfClips, rate: 1 }
    }
}

impl FromStr for CreditRule {
    type Err = InvalidField;

    /// Reads `per_clip:2`.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let (unit, rate) = text.trim().split_once(':').unwrap_or((text.trim(), "1"));
        let rate = rate.parse();
        let rate = rate
            .map_err(|_| InvalidField::new("rate", "must be a whole number, as in per_clip:2"))?;
        Ok(Self { unit: unit.parse()?, rate })
    }
}

impl CreditRule {
    /// The credits for those of `outputs` that are clips, cut from a video of `source_seconds`. No clip
    /// costs nothing.
    pub fn credits(self, outputs: &[Output], source_seconds: Option<f64>) -> u64 {
        let clips = || outputs.iter().filter(|output| output.index.is_some());
        let of_clips = || {
            let lengths = clips().map(|clip| clip.duration_ms.unwrap_or_default());
            lengths.fold(0_u64, u64::saturating_add).div_ceil(60_000)
        };
        let count = clips().count() as u64;
        let units = match self.unit {
            _ if count == 0 => 0,
            CreditUnit::Clip => count,
            CreditUnit::MinuteOfClips => of_clips(),
            CreditUnit::MinuteOfSource => source_seconds.and_then(minutes).unwrap_or_else(of_clips),
        };
        units.saturating_mul(self.rate.into())
    }
}

/// The started minutes of that many seconds.
fn minutes(seconds: f64) -> Option<u64> {
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    Some(duration.as_millis()).and_then(|millis| u64::try_from(millis.div_ceil(60_000)).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clips(lengths: &[u64]) -> Vec<Output> {
        let clip = |(index, millis): (usize, &u64)| Output {
            index: u32::try_from(index).ok(),
            duration_ms: Some(*millis),
            ..Output::default()
        };
        let transcript = Output { name: "transcript".into(), ..Output::default() };
        lengths.iter().enumerate().map(clip).chain([transcript]).collect()
    }

    #[test]
    fn each_rule_counts_what_it_says() {
        for (rule, lengths, source, credits) in [
            ("per_clip:3", &[1_000, 90_000][..], None, 6),
            ("per_clip", &[], Some(600.0), 0),
            ("per_started_minute_of_clips:2", &[30_000, 30_000], None, 2),
            ("per_started_minute_of_clips:2", &[30_000, 30_001], None, 4),
            ("per_started_minute_of_clips:2", &[], None, 0),
            ("per_started_minute_of_source:5", &[30_000], Some(600.0), 50),
            ("per_started_minute_of_source:5", &[30_000], Some(600.5), 55),
            ("per_started_minute_of_source:5", &[61_000], None, 10),
            ("per_started_minute_of_source:5", &[61_000], Some(-1.0), 10),
            ("per_started_minute_of_source:5", &[], Some(600.0), 0),
            ("per_clip:0", &[1_000], None, 0),
        ] {
            let parsed: CreditRule = rule.parse().unwrap();
            assert_eq!(parsed.credits(&clips(lengths), source), credits, "{rule} {lengths:?}");
        }
    }

    #[test]
    fn other_rules_are_refused() {
        for rule in ["", "per_hour:1", "per_clip:", "per_clip:-1", "per_clip:1.5", ":1"] {
            assert!(rule.parse::<CreditRule>().is_err(), "{rule}");
        }
    }
}
