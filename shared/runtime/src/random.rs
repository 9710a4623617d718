//! Random bytes from the operating system.

use std::time::Duration;

/// `N` bytes that nobody can guess.
///
/// # Panics
/// If the operating system has none to give; nothing here could go on safely without.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    bytes
}

/// A number in 0..1, evenly spread.
#[must_use]
pub fn fraction() -> f64 {
    f64::from(u32::from_be_bytes(bytes())) / f64::from(u32::MAX)
}

/// Some time between the two, so that what is put off together does not all come back together.
#[must_use]
pub fn between(least: Duration, most: Duration) -> Duration {
    least + most.saturating_sub(least).mul_f64(fraction())
}

/// `N` such bytes, in hex.
#[must_use]
pub fn hex<const N: usize>() -> String {
    hex::encode(bytes::<N>())
}
