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

/// How long a process has been up, as Supervisor writes it: `0:00:03`, `1 day, 2:03:04`, `12 days, 0:00:00`.
#[must_use]
pub fn uptime(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    match days {
        0 => clock,
        1 => format!("1 day, {clock}"),
        _ => format!("{days} days, {clock}"),
    }
}

const fn micros(span: Duration) -> u64 {
    let us = span.as_micros();
    if us > u64::MAX as u128 { u64::MAX } else { us as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptimes_are_supervisors() {
        for (seconds, text) in [
            (0, "0:00:00"),
            (3, "0:00:03"),
            (86_399, "23:59:59"),
            (3661, "1:01:01"),
            (86_400 + 5, "1 day, 0:00:05"),
            (12 * 86_400 + 11 * 3600, "12 days, 11:00:00"),
        ] {
            assert_eq!(uptime(seconds), text);
        }
    }
}
