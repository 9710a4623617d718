//! How many webhooks a minute are accepted from one sender, over all instances together. A busy
//! instance leases permits ahead, and remembers that a window is full: most requests cost no write.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::rate_window::{Lease, RateWindow};
use store::{Store, StoreError};

/// After how many requests within this minute and the last one an address counts as busy.
const QUIET: u32 = 2;
/// Into how many blocks the permits of a busy minute are divided. With eight, and single permits
/// at first, a full minute costs at most 0.2 writes a request.
const BLOCKS: u32 = 8;
/// Most addresses remembered. Each takes some 150 bytes.
const ADDRESSES: usize = 2048;

/// Whether a request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Granted,
    /// Not before so long has passed.
    Refused(Duration),
}

/// The limit of one route.
#[derive(Debug)]
pub(crate) struct RateLimit {
    route: &'static str,
    limit: u32,
    addresses: Mutex<HashMap<String, Permits>>,
}

impl RateLimit {
    /// At most `limit` requests a minute to `route` from one address.
    pub(crate) fn new(route: &'static str, limit: u32) -> Self {
        Self { route, limit, addresses: Mutex::default() }
    }

    /// How many requests a minute it allows.
    pub(crate) const fn limit(&self) -> u32 {
        self.limit
    }

    /// Takes a permit for a request from `address`: from those leased, or else from the table. The
    /// first `free` requests of a minute need none.
    pub(crate) async fn admit(
        &self,
        store: &Store,
        address: &str,
        free: u32,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let (seen, requested) =
            match self.with(address, now, |permits| permits.take(self.limit, free, now)) {
                Held::Permit => return Ok(Admission::Granted),
                Held::Full(wait) => return Ok(Admission::Refused(wait)),
                Held::Nothing { seen, requested } => (seen, requested),
            };
        let lease =
            store.lease_permits((self.route, address), seen, requested, self.limit, now).await?;
        Ok(self.with(address, now, |permits| permits.add(lease, now)))
    }

    fn with<T>(&self, address: &str, now: Timestamp, act: impl FnOnce(&mut Permits) -> T) -> T {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES && !addresses.contains_key(address) {
            let minute = RateWindow::minute(now);
            addresses.retain(|_, permits| permits.minute >= minute);
            // Permits forgotten here are lost to their address, which errs on the safe side.
            if addresses.len() >= ADDRESSES {
                addresses.clear();
            }
        }
        act(addresses.entry(address.to_owned()).or_default())
    }
}

/// The permits that an instance has for an address.
#[derive(Debug, Default)]
struct Permits {
    /// The window as it was last read.
    seen: RateWindow,
    /// The minute that the permits and the present count are of.
    minute: i64,
    /// Permits had and not used yet. They are no good in another minute.
    held: u32,
    /// Requests in that minute, and in the one before.
    requests: [u32; 2],
    /// Until when the window is known to be full.
    full_until: Option<Timestamp>,
}

/// What is held for a request.
#[derive(Debug, PartialEq, Eq)]
enum Held {
    /// A permit, which is taken.
    Permit,
    /// The window is full for so long.
    Full(Duration),
    /// Nothing: so many permits are to be leased of the window that was last read.
    Nothing { seen: RateWindow, requested: u32 },
}

impl Permits {
    fn take(&mut self, limit: u32, free: u32, now: Timestamp) -> Held {
        self.enter(RateWindow::minute(now));
        if let Some(until) = self.full_until.filter(|until| now < *until) {
            return Held::Full(until.since(now));
        }
        self.full_until = None;
        let [present, before] = &mut self.requests;
        *present += 1;
        if *present <= free {
            return Held::Permit;
        }
        let is_busy = *present + *before > QUIET;
        if let Some(rest) = self.held.checked_sub(1) {
            self.held = rest;
            return Held::Permit;
        }
        let requested = if is_busy { limit.div_ceil(BLOCKS).max(1) } else { 1 };
        Held::Nothing { seen: self.seen, requested }
    }

    /// Adds what was leased, less the permit of the request that it was leased for.
    fn add(&mut self, lease: Lease, now: Timestamp) -> Admission {
        match lease {
            Lease::Granted { permits, window } => {
                self.held += permits.saturating_sub(1);
                self.seen = window;
                Admission::Granted
            }
            Lease::Full { until, window } => {
                (self.full_until, self.seen) = (Some(until), window);
                Admission::Refused(until.since(now))
            }
        }
    }

    fn enter(&mut self, minute: i64) {
        if minute == self.minute {
            return;
        }
        let before = if minute == self.minute + 1 { self.requests[0] } else { 0 };
        (self.minute, self.held, self.requests) = (minute, 0, [0, before]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Instances that share a table, which is played by one window.
    struct Table {
        window: RateWindow,
        limit: u32,
        writes: u32,
        instances: Vec<Permits>,
    }

    impl Table {
        fn new(limit: u32, instances: usize) -> Self {
            let instances = std::iter::repeat_with(Permits::default).take(instances).collect();
            Self { window: RateWindow::default(), limit, writes: 0, instances }
        }

        fn request(&mut self, instance: usize, now: Timestamp) -> Admission {
            let permits = &mut self.instances[instance];
            let (seen, requested) = match permits.take(self.limit, 0, now) {
                Held::Permit => return Admission::Granted,
                Held::Full(wait) => return Admission::Refused(wait),
                Held::Nothing { seen, requested } => (seen, requested),
            };
            let requested = match seen.lease(requested, self.limit, now) {
                Lease::Granted { permits, .. } => permits,
                full @ Lease::Full { .. } => return permits.add(full, now),
            };
            self.writes += 1;
            if let full @ Lease::Full { .. } = self.window.lease(requested, self.limit, now) {
                return permits.add(full, now);
            }
            let window = self.window.at(now);
            self.window = RateWindow { taken: window.taken + requested, ..window };
            permits.add(self.window.granted(requested, self.limit, now), now)
        }
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    #[test]
    fn a_busy_minute_costs_few_writes_and_a_full_one_none() {
        for limit in [50, 100] {
            let mut table = Table::new(limit, 1);
            for request in 0..limit {
                let admission = table.request(0, at(i64::from(request) * 100));
                assert_eq!(admission, Admission::Granted, "request {request} of {limit}");
            }
            assert!(table.writes * 5 <= limit, "{} writes for {limit} requests", table.writes);
            let writes = table.writes;
            for millisecond in 20_000..20_100 {
                let admission = table.request(0, at(millisecond));
                let Admission::Refused(wait) = admission else { panic!("one too many") };
                assert!(wait > Duration::from_secs(30), "{wait:?}");
            }
            // The one that finds it full may ask; nobody after it does.
            assert!(table.writes <= writes + 1);
        }
    }

    #[test]
    fn a_quiet_address_keeps_no_permits_from_other_instances() {
        let mut table = Table::new(50, 25);
        for request in 0..50 {
            assert_eq!(table.request(request % 25, at(1000)), Admission::Granted);
        }
        assert!(matches!(table.request(0, at(1000)), Admission::Refused(_)));
    }

    #[test]
    fn the_first_few_of_a_minute_may_be_free() {
        let mut permits = Permits::default();
        for minute in 1..3 {
            for _ in 0..10 {
                assert_eq!(permits.take(100, 10, at(minute * 60_000)), Held::Permit);
            }
            let next = permits.take(100, 10, at(minute * 60_000));
            assert!(matches!(next, Held::Nothing { .. }), "{next:?}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let limit = RateLimit::new("route", 100);
        for address in 0..3 * ADDRESSES {
            limit.with(&address.to_string(), at(0), |permits| permits.take(100, 0, at(0)));
        }
        assert!(limit.addresses.lock().unwrap().len() <= ADDRESSES);
    }

    proptest! {
        /// Against a plain count: whatever comes when and where, no clock minute has more than
        /// the limit, and a sender that waits as long as it is answered is served if no other comes.
        #[test]
        fn never_more_than_the_limit(
            requests in prop::collection::vec((0_i64..4000, 0_usize..3), 1..400),
            limit in 1_u32..60,
        ) {
            let (mut table, mut now) = (Table::new(limit, 3), 0);
            let mut served = HashMap::<i64, u32>::new();
            let mut last_wait = None;
            for (pause, instance) in requests {
                now += pause;
                match table.request(instance, at(now)) {
                    Admission::Granted => {
                        let minute = served.entry(now / 60_000).or_default();
                        *minute += 1;
                        prop_assert!(*minute <= limit);
                        last_wait = None;
                    }
                    Admission::Refused(wait) => last_wait = Some((instance, at(now) + wait)),
                }
            }
            if let Some((instance, time)) = last_wait {
                prop_assert_eq!(table.request(instance, time), Admission::Granted);
            }
        }
    }
}
