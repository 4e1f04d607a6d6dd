//! Time as values. Decisions use [`Time`]; [`Stamp`] is only ever shown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A reading of the monotonic clock (`CLOCK_MONOTONIC`), in µs since its origin.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Time(pub u64);

/// A reading of the wall clock (`CLOCK_REALTIME`), in µs since 1970-01-01 UTC. Zero means "never".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64);

/// One instant, as both clocks show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// What decisions are made with.
    pub time: Time,
    /// What people are shown.
    pub wall: Stamp,
}

impl Time {
    /// The time `span` later, or the last representable one.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// The time `seconds` later; a negative count is no wait, as Supervisor treats `startsecs=-1`.
    #[must_use]
    pub const fn after_secs(self, seconds: i64) -> Self {
        let seconds = if seconds < 0 { 0 } else { seconds.unsigned_abs() };
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Stamp {
    /// Whole seconds since 1970, as Supervisor's RPC fields have them.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0 / 1_000_000
    }
}

const fn micros(span: Duration) -> u64 {
    let us = span.as_micros();
    if us > u64::MAX as u128 { u64::MAX } else { us as u64 }
}
