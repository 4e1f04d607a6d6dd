//! When something is due, by process.

use std::collections::{BTreeMap, BTreeSet};

use super::Key;
use crate::time::Time;

/// At most one time for each process, and the earliest at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Timers {
    due: BTreeSet<(Time, Key)>,
    armed: BTreeMap<Key, Time>,
}

impl Timers {
    /// Makes `time` the time of this process; `None` is no time.
    pub(super) fn set(&mut self, key: Key, time: Option<Time>) {
        let before = match time {
            Some(time) => self.armed.insert(key, time),
            None => self.armed.remove(&key),
        };
        if let Some(before) = before {
            self.due.remove(&(before, key));
        }
        if let Some(time) = time {
            self.due.insert((time, key));
        }
    }

    /// The earliest time of all.
    pub(super) fn first(&self) -> Option<Time> {
        self.due.first().map(|&(time, _)| time)
    }

    /// Takes out one process that is due at `now`, earliest first.
    pub(super) fn pop_due(&mut self, now: Time) -> Option<Key> {
        let &(time, key) = self.due.first()?;
        if time > now {
            return None;
        }
        self.set(key, None);
        Some(key)
    }
}
