//! The appearance of a scene, which follows from its prompt alone: a rotating gradient of three
//! colours and a moving square.

use sha2::{Digest, Sha256};

/// The appearance of a scene.
#[derive(Debug)]
pub(crate) struct Appearance {
    hash: [u8; 32],
}

impl Appearance {
    /// The appearance for that prompt and those options.
    pub fn of(prompt: &str, options: &str) -> Self {
        let hash = Sha256::new().chain_update(prompt).chain_update([0]).chain_update(options);
        Self { hash: hash.finalize().into() }
    }

    /// ffmpeg's source of the gradient. It turns by 0.1 to 0.5 radians a second.
    pub fn gradient(&self, width: u32, height: u32, fps: u32) -> String {
        let [c0, c1, c2] = [0, 3, 6].map(|at| self.colour(at));
        let speed = (0.1 + 0.4 * self.unit(9)) / f64::from(fps);
        let [a, b, c, d] = [10, 11, 12, 13].map(|at| self.hash[at]);
        let place = u32::from_be_bytes([a, b, c, d]) >> 1;
        format!(
            "gradients=s={width}x{height}:r={fps}:nb_colors=3:c0={c0}:c1={c1}:c2={c2}:\
             speed={speed:.6}:seed={place}"
        )
    }

    /// ffmpeg's source of the square, a third of the picture's height.
    pub fn square(&self, width: u32, height: u32, fps: u32) -> String {
        let side = (width.min(height) / 3).max(2) & !1;
        format!("color=c={}:s={side}x{side}:r={fps}", self.colour(14))
    }

    /// ffmpeg's filter that overlays the square on the gradient: it swings across and down in 3 to
    /// 6 seconds each.
    pub fn wander(&self) -> String {
        let swing = |at| {
            let (period, phase) = (3.0 + 3.0 * self.unit(at), self.unit(at + 1));
            format!("(0.5+0.5*sin(2*PI*(t/{period:.4}+{phase:.4})))")
        };
        format!("overlay=x='(W-w)*{}':y='(H-h)*{}'", swing(17), swing(19))
    }

    /// A made-up quality score from 7.0 to 9.9.
    pub fn score(&self) -> f64 {
        ((7.0 + 2.9 * self.unit(21)) * 10.0).round() / 10.0
    }

    fn colour(&self, at: usize) -> String {
        format!("0x{}", hex::encode(&self.hash[at..at + 3]))
    }

    /// A number from 0 to 1.
    fn unit(&self, at: usize) -> f64 {
        f64::from(self.hash[at]) / 255.0
    }
}
