//! Stopping everything, to end or to begin again.
//!
//! Groups are stopped in reverse order, the next one when the one before is down; what depends on a member of the
//! group whose turn it is goes down with it, and before it. Nothing is launched any more.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine::Boot;
use super::process::{Phase, Process};
use super::stop::Direction;
use super::turn::Turn;
use super::{Cause, Effect, Ending, Key, Mood};
use crate::time::Time;
use crate::unit::LogLevel;

/// At most this often the log says what is still waited for.
const REPORT_EVERY: Duration = Duration::from_secs(3);

/// A shutdown in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Closing {
    ending: Ending,
    /// Groups whose turn has not come, in start order, as the keys of their processes.
    remaining: Vec<Vec<Key>>,
    /// What is not down of the group whose turn it is.
    current: BTreeSet<Key>,
    /// When to say what is waited for; never again when all is done.
    report_at: Option<Time>,
}

impl Closing {
    pub(super) const fn mood(&self) -> Mood {
        match self.ending {
            Ending::Shutdown | Ending::Exit(_) => Mood::Shutdown,
            Ending::Restart => Mood::Restarting,
        }
    }

    pub(super) const fn deadline(&self) -> Option<Time> {
        self.report_at
    }
}

impl Turn<'_> {
    /// Begins to stop everything, or, if that is under way, changes what for.
    pub(super) fn close(&mut self, ending: Ending) {
        if let Some(closing) = &mut self.engine.record.closing {
            closing.ending = ending;
            return;
        }
        let groups = self.engine.record.groups.iter();
        self.engine.record.closing = Some(Closing {
            ending,
            remaining: groups.map(|member| member.keys.clone()).collect(),
            current: BTreeSet::new(),
            report_at: Some(self.now.time),
        });
        self.engine.record.boot = Boot::Over;
        self.abandon_update();
        self.cancel_starts();
        self.stop_next_group();
        self.report_shutdown();
    }

    /// Takes back what has not led to a process: waits for a dependency, a retry, a stop to be over.
    fn cancel_starts(&mut self) {
        let order = self.engine.index.order.clone();
        for key in order {
            let Some(process) = self.process_mut(key) else { continue };
            process.then_start = None;
            if matches!(process.phase(), Phase::Waiting { .. }) {
                self.stop_now(key, Cause::Shutdown);
            }
            self.rearm(key);
        }
    }

    /// Stops the last group that is not down; ends if there is none.
    fn stop_next_group(&mut self) {
        while let Some(closing) = &mut self.engine.record.closing {
            let Some(keys) = closing.remaining.pop() else { return self.finish() };
            let live: BTreeSet<Key> =
                keys.into_iter().filter(|key| !self.is_at_rest(*key)).collect();
            if live.is_empty() {
                continue;
            }
            let targets = live.clone();
            if let Some(closing) = &mut self.engine.record.closing {
                closing.current = live;
            }
            self.stop(targets.into_iter(), &Cause::Shutdown, Direction::Reverse);
            return;
        }
    }

    fn is_at_rest(&self, key: Key) -> bool {
        self.process(key).is_none_or(|process| process.state().is_stopped())
    }

    /// A process is down: perhaps it was the last of its group.
    pub(super) fn advance_shutdown(&mut self, key: Key) {
        if let Some(closing) = &mut self.engine.record.closing
            && closing.current.remove(&key)
            && closing.current.is_empty()
        {
            self.stop_next_group();
        }
    }

    fn finish(&mut self) {
        if let Some(closing) = &mut self.engine.record.closing
            && closing.report_at.take().is_some()
        {
            let ending = closing.ending;
            self.effects.push(Effect::Finished(ending));
        }
    }

    /// Says what is still waited for, if it is time to.
    pub(super) fn report_shutdown(&mut self) {
        let now = self.now.time;
        let Some(closing) = &mut self.engine.record.closing else { return };
        if closing.report_at.is_none_or(|at| at > now) {
            return;
        }
        closing.report_at = Some(now.after(REPORT_EVERY));
        let processes = self.engine.index.order.iter().filter_map(|key| self.process(*key));
        let waited_for: Vec<Arc<str>> = processes
            .filter(|process| !process.state().is_stopped())
            .map(Process::short_name)
            .collect();
        if !waited_for.is_empty() {
            let text = format!("waiting for {} to die", waited_for.join(", "));
            self.effects.push(Effect::Log { level: LogLevel::Info, about: None, text });
        }
    }
}
