//! The two clocks. Nothing else in the daemon reads them for a decision.

use nix::time::{ClockId, clock_gettime};
use visor_units::time::{Moment, Stamp, Time};

/// This instant, as both clocks show it.
pub(crate) fn now() -> Moment {
    Moment {
        time: Time(read(ClockId::CLOCK_MONOTONIC)),
        wall: Stamp(read(ClockId::CLOCK_REALTIME)),
    }
}

/// The instant on tokio's clock at which the monotonic clock shows `time`; it may be past.
pub(crate) fn instant(time: Time) -> tokio::time::Instant {
    tokio::time::Instant::now() + time.since(now().time)
}

/// Reads a clock in µs; a clock that cannot be read (it always can on Linux) stands at 0.
fn read(clock: ClockId) -> u64 {
    clock_gettime(clock).ok().map_or(0, |at| {
        let seconds = u64::try_from(at.tv_sec()).unwrap_or(0);
        seconds * 1_000_000 + u64::try_from(at.tv_nsec()).unwrap_or(0) / 1_000
    })
}
