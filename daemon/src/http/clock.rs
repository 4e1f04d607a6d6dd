//! Times as Supervisor shows them, on its page and in its descriptions.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use visor_units::time::{Stamp, uptime};

use crate::clock;

/// The moment that is shown as now, and where on earth.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Now.
    pub(super) now: Stamp,
    /// The zone of the times of day.
    pub(super) zone: TimeZone,
}

impl Clock {
    /// The machine's.
    pub(super) fn now() -> Self {
        Self { now: clock::now().wall, zone: TimeZone::system() }
    }

    /// As ctime(3) writes it: `Sun Nov 22 06:23:42 2026`.
    pub(super) fn ctime(&self) -> String {
        self.format(self.now, "%a %b %e %H:%M:%S %Y")
    }

    /// How long ago that was, as Supervisor writes it: `0:00:03`, `1 day, 2:03:04`.
    pub(super) fn uptime(&self, since: Stamp) -> String {
        uptime(self.now.secs().saturating_sub(since.secs()))
    }

    /// A time of day in Supervisor's form, `Nov 23 01:02 AM`.
    pub(super) fn date(&self, stamp: Stamp) -> String {
        self.format(stamp, "%b %d %I:%M %p")
    }

    fn format(&self, stamp: Stamp, form: &str) -> String {
        let time = i64::try_from(stamp.0).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
        let local = time.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone());
        local.strftime(form).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_supervisors() {
        let clock = Clock { now: Stamp(0), zone: TimeZone::UTC };
        assert_eq!(clock.date(Stamp(0)), "Jan 01 12:00 AM");
        assert_eq!(clock.date(Stamp(1_795_328_100_000_000)), "Nov 22 06:15 AM");
    }
}
