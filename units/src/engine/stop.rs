//! Stopping: what must be down first, the signal, and what follows if it does not help.
//!
//! What requires a process is stopped with it, and before it. A process whose turn has not come keeps running under a
//! [`Halt`]; the halt is carried out when the last one before it is down. A process that is being launched is stopped
//! when its pid is known, so that none is ever lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::process::{Halt, Phase, Process, Stopping};
use super::turn::Turn;
use super::{Cause, Effect, Key, RunResult};
use crate::order::Strength;
use crate::signal::Signal;
use crate::unit::LogLevel;

/// At most this often the log says that somebody waits for a stop.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// In which order processes are signalled that do not depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// In start order, as Supervisor does when somebody asks.
    StartOrder,
    /// Last started, first stopped.
    Reverse,
}

impl Turn<'_> {
    /// Stops processes, and first what requires them. Whatever was to be started when it is down is not. All that is
    /// stopped by this.
    pub(super) fn stop(
        &mut self,
        targets: impl Iterator<Item = Key>,
        cause: &Cause,
        direction: Direction,
    ) -> Vec<Key> {
        let mut chosen: Vec<(Key, Cause)> = self.with_dependents(targets, cause);
        if direction == Direction::Reverse {
            chosen.reverse();
        }
        for (key, cause) in &chosen {
            if let Some(process) = self.process_mut(*key) {
                process.then_start = None;
                if process.phase().is_live() && process.halt.is_none() {
                    process.halt = Some(Halt { cause: cause.clone(), after: BTreeSet::new() });
                }
            }
        }
        for (key, cause) in &chosen {
            self.halt(*key, cause);
        }
        chosen.into_iter().map(|(key, _)| key).collect()
    }

    /// The targets and everything that must go down with them, in start order.
    fn with_dependents(
        &self,
        targets: impl Iterator<Item = Key>,
        cause: &Cause,
    ) -> Vec<(Key, Cause)> {
        let mut chosen: BTreeMap<usize, (Key, Cause)> = BTreeMap::new();
        let mut open = Vec::new();
        for key in targets {
            if let Some(process) = self.process(key) {
                chosen.insert(process.place.rank, (key, cause.clone()));
                open.push(process);
            }
        }
        while let Some(process) = open.pop() {
            for &(key, strength) in &process.place.dependents {
                let Some(dependent) = self.process(key) else { continue };
                if self.goes_down_with_it(strength, dependent)
                    && !chosen.contains_key(&dependent.place.rank)
                {
                    let cause = self.cause_of_dependents(process);
                    chosen.insert(dependent.place.rank, (key, cause));
                    open.push(dependent);
                }
            }
        }
        chosen.into_values().collect()
    }

    /// On the way down of the whole daemon everything that was started after a process ends before it.
    fn goes_down_with_it(&self, strength: Strength, dependent: &Process) -> bool {
        let bound = strength == Strength::Requires || self.is_going_down();
        bound && (dependent.state().is_running() || dependent.then_start.is_some())
    }

    fn cause_of_dependents(&self, dependency: &Process) -> Cause {
        if self.is_going_down() {
            Cause::Shutdown
        } else {
            Cause::DependencyStopped(dependency.name().clone())
        }
    }

    /// Stops one process now, or when what needs it is down.
    fn halt(&mut self, key: Key, cause: &Cause) {
        let Some(process) = self.process(key) else { return };
        let links = process.place.dependents.iter().map(|(key, _)| *key);
        let after: BTreeSet<Key> =
            links.filter(|key| self.process(*key).is_some_and(Process::is_going_down)).collect();
        let Some(process) = self.process_mut(key) else { return };
        match &mut process.halt {
            Some(halt) if !after.is_empty() => {
                halt.after = after;
                self.effects.push(Effect::Refresh { key });
            }
            _ => self.stop_now(key, cause.clone()),
        }
    }

    /// Stops one process, whatever needs it.
    pub(super) fn stop_now(&mut self, key: Key, cause: Cause) {
        let going_down = self.is_going_down();
        let Some(process) = self.process_mut(key) else { return };
        match *process.phase() {
            Phase::Settling { pid, .. } | Phase::Running { pid } => {
                self.ask_to_end(key, pid, cause);
            }
            Phase::Waiting { .. } => self.enter(key, Phase::Stopped, cause),
            Phase::Backoff { .. } if going_down => {
                process.tries = 0;
                self.enter(key, Phase::Failed, cause);
            }
            Phase::Backoff { .. } => {
                let name = process.short_name();
                let text = format!("Attempted to kill {name}, which is in BACKOFF state.");
                self.log(LogLevel::Debug, key, text);
                self.enter(key, Phase::Stopped, cause);
            }
            _ => {}
        }
    }

    fn ask_to_end(&mut self, key: Key, pid: u32, cause: Cause) {
        let now = self.now.time;
        let Some(process) = self.process(key) else { return };
        let program = process.program.clone();
        let stop = Stopping {
            pid,
            kill_at: now.after_secs(program.stopwaitsecs),
            killed: false,
            report_at: self.engine.record.ledger.awaits_stop(key).then_some(now),
        };
        self.log_kill(key, pid, program.stopsignal, program.stopasgroup);
        self.enter(key, Phase::Stopping(stop.clone()), cause);
        self.kill(key, pid, program.stopsignal, program.stopasgroup);
        self.report_stop(key, stop);
    }

    /// The time of a stop has come: to say that it is waited for, or to end it by force.
    pub(super) fn stop_is_due(&mut self, key: Key, stop: Stopping) {
        if stop.kill_at <= self.now.time {
            self.force_to_end(key, stop);
        } else {
            self.report_stop(key, stop);
        }
    }

    fn force_to_end(&mut self, key: Key, stop: Stopping) {
        let now = self.now.time;
        let Some(process) = self.process_mut(key) else { return };
        process.result = RunResult::Timeout;
        let program = process.program.clone();
        let pid = stop.pid;
        let text = format!("killing '{}' ({pid}) with SIGKILL", process.short_name());
        // Without a pause of its own, `stopwaitsecs=0` would repeat this without end.
        let kill_at = now.after_secs(program.stopwaitsecs.max(1));
        self.log(LogLevel::Warn, key, text);
        self.log_kill(key, pid, Signal::KILL, program.killasgroup);
        let stop = Stopping { kill_at, killed: true, ..stop };
        self.enter(key, Phase::Stopping(stop), Cause::StopTimeout);
        self.kill(key, pid, Signal::KILL, program.killasgroup);
    }

    /// Says that somebody waits for this stop, if it is time to and somebody does.
    fn report_stop(&mut self, key: Key, mut stop: Stopping) {
        let now = self.now.time;
        if stop.report_at.is_none_or(|at| at > now) {
            return;
        }
        let waited_for = self.engine.record.ledger.awaits_stop(key);
        stop.report_at = waited_for.then(|| now.after(REPORT_EVERY));
        let Some(process) = self.process_mut(key) else { return };
        let text = format!("waiting for {} to stop", process.short_name());
        process.replace(Phase::Stopping(stop));
        self.rearm(key);
        if waited_for {
            self.log(LogLevel::Info, key, text);
        }
    }

    fn log_kill(&mut self, key: Key, pid: u32, signal: Signal, group: bool) {
        let Some(process) = self.process(key) else { return };
        let whom = if group { "process group " } else { "" };
        let text =
            format!("killing {} (pid {pid}) {whom}with signal {signal}", process.short_name());
        self.log(LogLevel::Debug, key, text);
    }

    pub(super) fn kill(&mut self, key: Key, pid: u32, signal: Signal, group: bool) {
        self.effects.push(Effect::Kill { key, pid, signal, group });
    }

    /// Stops what only waited for this one to be down.
    pub(super) fn release_dependencies(&mut self, key: Key) {
        let links = self.process(key).map_or(&[][..], |process| &process.place.dependencies);
        let dependencies: Vec<Key> = links.iter().map(|(key, _)| *key).collect();
        for dependency in dependencies {
            let halt = self.process_mut(dependency).and_then(|process| process.halt.as_mut());
            if let Some(halt) = halt
                && halt.after.remove(&key)
                && halt.after.is_empty()
            {
                let cause = halt.cause.clone();
                self.stop_now(dependency, cause);
            }
        }
    }

    /// `Event::KillFailed`: nothing certain is known of the process from here on.
    pub(super) fn kill_failed(&mut self, key: Key, pid: u32, error: &str) {
        let Some(process) = self.process(key) else { return };
        let phase = process.phase();
        if phase.pid() != Some(pid) || matches!(phase, Phase::Unknown { .. }) {
            return;
        }
        let stopping = process.is_going_down();
        let doing = if matches!(phase, Phase::Stopping(_)) { "killing" } else { "sending sig" };
        let name = process.short_name();
        self.log(
            LogLevel::Critical,
            key,
            format!("unknown problem {doing} {name} ({pid}):{error}"),
        );
        self.enter(key, Phase::Unknown { pid, stopping }, Cause::KillFailed(error.to_owned()));
    }
}
