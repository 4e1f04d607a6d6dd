//! What visord tells the service manager that started it (`sd_notify(3)`): readiness, a status line, reloads, the end, and
//! that its core loop is alive.

use std::time::Duration;

use sd_notify::NotifyState;
use visor_units::engine::Counts;
use visor_units::time::{Moment, Time};

/// How often the status line is renewed at most.
const STATUS_PAUSE: Duration = Duration::from_secs(1);

/// How much longer the stop may take each time that is asked for, and how often it is: programs have stop rules of their
/// own, whose times add up along a chain of dependencies.
const EXTENSION: Duration = Duration::from_secs(30);
const EXTENSION_PAUSE: Duration = Duration::from_secs(10);

/// The service manager, if there is one.
pub(crate) struct Notify {
    present: bool,
    watchdog: Option<Duration>,
    next_beat: Option<Time>,
    shown: Option<Counts>,
    next_status: Time,
    next_extension: Option<Time>,
}

impl Notify {
    /// Reads `NOTIFY_SOCKET` and `WATCHDOG_USEC` of the environment.
    pub(crate) fn from_environment(now: Moment) -> Self {
        let watchdog = sd_notify::watchdog_enabled();
        Self {
            present: std::env::var_os("NOTIFY_SOCKET").is_some(),
            watchdog,
            next_beat: watchdog.map(|_| now.time),
            shown: None,
            next_status: Time::default(),
            next_extension: None,
        }
    }

    /// Every autostart program has settled.
    pub(crate) fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// A reload has begun; `ready` ends it.
    pub(crate) fn reloading(&self, now: Moment) {
        tell(&[NotifyState::Reloading, NotifyState::MonotonicUsec(now.time.0.into())]);
    }

    /// The end has begun.
    pub(crate) fn stopping(&mut self, now: Moment) {
        tell(&[NotifyState::Stopping]);
        self.next_extension = self.present.then_some(now.time);
    }

    /// The moment at which `beat` has something to do.
    pub(crate) fn deadline(&self, counts: Counts) -> Option<Time> {
        let status = (self.present && self.shown != Some(counts)).then_some(self.next_status);
        [self.next_beat, status, self.next_extension].into_iter().flatten().min()
    }

    /// Called by the core loop each time round: sends what is due. A loop that hangs does not come here, and the watchdog
    /// bites.
    pub(crate) fn beat(&mut self, now: Moment, counts: Counts) {
        if let (Some(interval), Some(due)) = (self.watchdog, self.next_beat)
            && now.time >= due
        {
            tell(&[NotifyState::Watchdog]);
            self.next_beat = Some(now.time.after(interval / 2));
        }
        if self.next_extension.is_some_and(|due| now.time >= due) {
            let more = u32::try_from(EXTENSION.as_micros()).unwrap_or(u32::MAX);
            tell(&[NotifyState::ExtendTimeoutUsec(more)]);
            self.next_extension = Some(now.time.after(EXTENSION_PAUSE));
        }
        if self.present && self.shown != Some(counts) && now.time >= self.next_status {
            tell(&[NotifyState::Status(&status_line(counts))]);
            self.shown = Some(counts);
            self.next_status = now.time.after(STATUS_PAUSE);
        }
    }
}

/// The status line that `systemctl status` shows.
fn status_line(counts: Counts) -> String {
    let mut line = format!("{} of {} programs running", counts.running, counts.total);
    for (count, word) in [
        (counts.starting, "starting"),
        (counts.backoff, "waiting to retry"),
        (counts.stopping, "stopping"),
        (counts.fatal, "failed"),
        (counts.exited, "exited"),
        (counts.stopped, "stopped"),
        (counts.unknown, "unknown"),
    ] {
        if count > 0 {
            line.push_str(&format!(", {count} {word}"));
        }
    }
    line
}

/// Sends; without a service manager, or with one that is gone, nothing is lost by saying nothing.
fn tell(states: &[NotifyState<'_>]) {
    drop(sd_notify::notify(states));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_counts_what_is_not_running() {
        let counts = Counts { total: 5, running: 3, fatal: 2, ..Counts::default() };
        assert_eq!(status_line(counts), "3 of 5 programs running, 2 failed");
    }
}
