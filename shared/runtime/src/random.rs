//! Random bytes from the operating system.

use std::time::Duration;

/// `N` unpredictable bytes.
///
/// # Panics
/// If the operating system provides none: ids and secrets would be predictable.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system provides no random bytes: {error}");
    }
    bytes
}

/// A number from 0 to 1, uniformly distributed.
pub fn fraction() -> f64 {
    f64::from(u32::from_be_bytes(bytes())) / f64::from(u32::MAX)
}

/// A random duration between the two: jitter, so that retries do not coincide.
pub fn between(least: Duration, most: Duration) -> Duration {
    least + most.saturating_sub(least).mul_f64(fraction())
}

/// `N` unpredictable bytes, in hex.
pub fn hex<const N: usize>() -> String {
    hex::encode(bytes::<N>())
}
