//! How soon a program is started again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far apart two starts are at least, if the program says nothing of its own: as with systemd's `RestartSec=`. What ends
/// as soon as it is up (`startsecs=0`) would be started a thousand times a second. Supervisor's loop, which comes around
/// twice a second or so, has no such rule; a worker that is to end after a short piece of work waits no longer than there.
const SHORTEST_ROUND: Duration = Duration::from_millis(100);

/// What visord adds to Supervisor's rules of starting again; the default adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pacing {
    /// `restart_delay`: the pause before it is started again. `None` is Supervisor's rule: a second more after each
    /// failed start in a row, and after a run what is left of 100 ms since its start.
    pub delay: Option<Duration>,
    /// `restart_max_delay`: what the pause grows to while nothing gets better. Without it `delay` stays the same and
    /// Supervisor's rule has no limit.
    pub max_delay: Option<Duration>,
    /// `early_exit`.
    pub early_exit: EarlyExit,
}

/// `early_exit`: what an expected exit code before `startsecs` are over is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EarlyExit {
    /// A failed start, as in Supervisor.
    #[default]
    Failure,
    /// The end of a run.
    Ok,
}

impl EarlyExit {
    /// The word in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Ok => "ok",
        }
    }
}

impl Pacing {
    /// The pause before the next try when this was the `failures`th failed start in a row, and the `setbacks`th time in a
    /// row that it came to no good.
    #[must_use]
    pub fn after_failed_start(&self, failures: u32, setbacks: u32) -> Duration {
        match self.delay {
            Some(delay) => self.grown(delay, setbacks),
            None => self.limited(Duration::from_secs(failures.into())),
        }
    }

    /// The pause after a run that lasted so long, the `setbacks`th in a row that came to no good.
    #[must_use]
    pub fn after_run(&self, setbacks: u32, lasted: Duration) -> Duration {
        match self.delay {
            Some(delay) => self.grown(delay, setbacks),
            None => SHORTEST_ROUND.saturating_sub(lasted),
        }
    }

    /// How long a run must last for the pause to begin small again.
    #[must_use]
    pub fn good_run(&self) -> Duration {
        self.max_delay.or(self.delay).unwrap_or_default()
    }

    /// Twice as long each time, if there is something to grow to.
    fn grown(&self, delay: Duration, setbacks: u32) -> Duration {
        let doublings = setbacks.saturating_sub(1);
        let factor = if self.max_delay.is_none() { 1 } else { 1_u32 << doublings.min(31) };
        self.limited(delay.saturating_mul(factor))
    }

    fn limited(&self, pause: Duration) -> Duration {
        self.max_delay.map_or(pause, |most| pause.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pacing(delay: Option<u64>, max_delay: Option<u64>) -> Pacing {
        let [delay, max_delay] = [delay, max_delay].map(|secs| secs.map(Duration::from_secs));
        Pacing { delay, max_delay, ..Pacing::default() }
    }

    #[test]
    fn pauses_grow_as_they_are_told_to() {
        for (delay, most, failed_starts, runs) in [
            (None, None, [1, 2, 3, 4, 5], [0; 5]),
            (None, Some(3), [1, 2, 3, 3, 3], [0; 5]),
            (Some(5), None, [5; 5], [5; 5]),
            (Some(5), Some(30), [5, 10, 20, 30, 30], [5, 10, 20, 30, 30]),
            (Some(5), Some(5), [5; 5], [5; 5]),
        ] {
            let pacing = pacing(delay, most);
            let seconds = |pause: Duration| pause.as_secs();
            let found = [1, 2, 3, 4, 5].map(|n| seconds(pacing.after_failed_start(n, n)));
            assert_eq!(found, failed_starts, "failed starts with {delay:?} to {most:?}");
            let found = [1, 2, 3, 4, 5].map(|n| seconds(pacing.after_run(n, SHORTEST_ROUND)));
            assert_eq!(found, runs, "runs with {delay:?} to {most:?}");
        }
        let longest = pacing(Some(u64::MAX), Some(u64::MAX));
        assert_eq!(longest.after_run(u32::MAX, SHORTEST_ROUND), Duration::from_secs(u64::MAX));
        assert_eq!(pacing(Some(5), Some(30)).after_run(0, SHORTEST_ROUND), Duration::from_secs(5));
    }

    #[test]
    fn what_ends_at_once_is_started_ten_times_a_second_unless_it_says_otherwise() {
        let millis = Duration::from_millis;
        for (delay, lasted, pause) in
            [(None, 0, 100), (None, 40, 60), (None, 100, 0), (None, 5000, 0), (Some(5), 40, 5000)]
        {
            let found = pacing(delay, None).after_run(1, millis(lasted));
            assert_eq!(found, millis(pause), "{delay:?} after {lasted} ms");
        }
    }
}
