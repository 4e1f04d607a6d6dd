//! `TICK_…`: events at every full 5 seconds, minute and hour of the wall clock, while somebody wants them.

use std::time::Duration;

use super::payload::Announcement;
use super::topic::Topic;
use crate::time::{Moment, Time};

/// The periods, in seconds.
const PERIODS: [(Topic, u64); 3] =
    [(Topic::Tick5, 5), (Topic::Tick60, 60), (Topic::Tick3600, 3600)];

const MICROS: u64 = 1_000_000;

/// Which periods are wanted, and when the next of them begins.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    /// The period that is running, as its beginning in seconds since 1970; `None` where nobody wants it.
    running: [Option<u64>; 3],
    due: Option<Time>,
}

impl Ticks {
    /// When to look at the clock again. Where nobody wants ticks, nothing wakes for them.
    pub(super) const fn deadline(&self) -> Option<Time> {
        self.due
    }

    /// Says anew which are wanted.
    pub(super) fn want(&mut self, now: Moment, wanted: impl Fn(Topic) -> bool) {
        for (running, (topic, period)) in self.running.iter_mut().zip(PERIODS) {
            *running = wanted(topic).then(|| running.unwrap_or_else(|| beginning(now, period)));
        }
        self.arm(now);
    }

    /// What is due. A clock that was set, either way, begins another period, as in Supervisor.
    pub(super) fn expire(&mut self, now: Moment) -> Vec<Announcement> {
        if self.due.is_none_or(|due| due > now.time) {
            return Vec::new();
        }
        let mut due = Vec::new();
        for (running, (topic, period)) in self.running.iter_mut().zip(PERIODS) {
            let Some(before) = running else { continue };
            let begun = beginning(now, period);
            if *before != begun {
                *before = begun;
                due.push(Announcement::tick(topic, begun));
            }
        }
        self.arm(now);
        due
    }

    fn arm(&mut self, now: Moment) {
        let wanted = self.running.iter().zip(PERIODS).filter(|(running, _)| running.is_some());
        let next = wanted.map(|(_, (_, period))| (beginning(now, period) + period) * MICROS).min();
        self.due = next.map(|wall| now.time.after(Duration::from_micros(wall - now.wall.0)));
    }
}

/// When the period began that runs now.
const fn beginning(now: Moment, period: u64) -> u64 {
    let seconds = now.wall.secs();
    seconds - seconds % period
}
