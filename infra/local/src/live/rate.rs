//! How many connections are begun in a second.

use domain::Timestamp;

/// API Gateway's quota of an account.
const CONNECTIONS_PER_SECOND: u32 = 500;

/// The connections begun in the present second.
#[derive(Debug, Default)]
pub(super) struct Rate {
    second: i64,
    begun: u32,
}

impl Rate {
    /// Whether a further connection may begin at `now`; counts it.
    pub fn admits(&mut self, now: Timestamp) -> bool {
        let second = now.as_millis().div_euclid(1000);
        if second != self.second {
            *self = Self { second, begun: 0 };
        }
        self.begun += 1;
        self.begun <= CONNECTIONS_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_connections_and_the_next_as_many() {
        let mut rate = Rate::default();
        let mut admitted = |millis| rate.admits(Timestamp::from_millis(millis));
        assert!((0..500).all(|i| admitted(5_000 + i)));
        assert!(!admitted(5_999));
        assert!((0..500).all(|_| admitted(6_000)));
        assert!(!admitted(6_000));
    }
}
