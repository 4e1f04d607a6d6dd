//! One step in progress: what it works on, and how a change leads to the next.
//!
//! A change of phase is made in one place, [`Turn::enter`], which derives anew whatever the phase may hold (timer, pid,
//! count, place among those that wait) and notes the fact. Facts are taken up one by one at the end of the step, so
//! that a chain of consequences, however long, is a loop and not a recursion.

use std::collections::VecDeque;

use super::machine::Engine;
use super::process::{Phase, Process};
use super::{Cause, Change, Effect, Event, Key, State};
use crate::time::Moment;
use crate::unit::LogLevel;

/// A step in progress.
pub(super) struct Turn<'a> {
    pub(super) engine: &'a mut Engine,
    pub(super) now: Moment,
    pub(super) effects: &'a mut Vec<Effect>,
    facts: VecDeque<Fact>,
}

/// A process entered a phase, and not everyone whom that concerns knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) key: Key,
    pub(super) state: State,
}

impl<'a> Turn<'a> {
    pub(super) fn new(engine: &'a mut Engine, now: Moment, effects: &'a mut Vec<Effect>) -> Self {
        Self { engine, now, effects, facts: VecDeque::new() }
    }

    /// Does what is due.
    pub(super) fn expire(&mut self) {
        while let Some(key) = self.engine.index.timers.pop_due(self.now.time) {
            match self.process(key).map(Process::phase) {
                Some(Phase::Settling { pid, .. }) => self.stayed_up(key, *pid),
                Some(Phase::Backoff { .. }) => self.retry(key),
                Some(Phase::Stopping(stop)) => {
                    let stop = stop.clone();
                    self.stop_is_due(key, stop);
                }
                _ => {}
            }
            self.settle();
        }
        self.report_shutdown();
    }

    /// Does what an event calls for.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Boot => self.boot(),
            Event::Tick => {}
            Event::Spawned { key, pid, invocation } => self.spawned(key, pid, invocation),
            Event::SpawnFailed { key, error } => self.spawn_failed(key, error),
            Event::SetupFailed { key, pid, error } => self.setup_failed(key, pid, error),
            Event::Exited { key, pid, status } => self.exited(key, pid, status),
            Event::KillFailed { key, pid, error } => self.kill_failed(key, pid, &error),
            Event::Asked { ticket, requester, command } => self.asked(ticket, requester, command),
            Event::Withdrawn { ticket } => self.engine.record.ledger.withdraw(ticket),
        }
    }

    /// Takes up every fact, and those that come of it, until there is none.
    pub(super) fn settle(&mut self) {
        loop {
            while let Some(fact) = self.facts.pop_front() {
                self.take_up(fact);
            }
            if !self.continue_updates() {
                return;
            }
        }
    }

    fn take_up(&mut self, fact: Fact) {
        self.settle_tickets(fact);
        self.settle_boot(fact);
        self.tell_waiting(fact.key);
        if fact.state.is_stopped() {
            self.release_dependencies(fact.key);
            self.start_if_noted(fact.key);
            self.advance_update(fact.key);
            self.advance_shutdown(fact.key);
            self.judge_exit(fact);
        }
    }

    pub(super) fn process(&self, key: Key) -> Option<&Process> {
        self.engine.record.processes.get(&key)
    }

    pub(super) fn process_mut(&mut self, key: Key) -> Option<&mut Process> {
        self.engine.record.processes.get_mut(&key)
    }

    pub(super) const fn is_going_down(&self) -> bool {
        self.engine.record.closing.is_some()
    }

    /// Puts a process in a phase, says so, and notes the fact.
    pub(super) fn enter(&mut self, key: Key, phase: Phase, cause: Cause) {
        let now = self.now;
        let Some(process) = self.process_mut(key) else { return };
        let to = phase.state();
        let before = process.replace(phase);
        let from = before.state();
        debug_assert!(from == to || from.may_become(to), "no such transition: {from} to {to}");
        process.cause = Some(cause.clone());
        if from != to {
            process.changed = now;
            let change = change(key, process, &before, now, cause);
            self.effects.push(Effect::Publish(change));
        } else {
            self.effects.push(Effect::Refresh { key });
        }
        self.derive(key, &before);
        self.facts.push_back(Fact { key, state: to });
    }

    /// Derives from the phase what a process may hold outside itself.
    fn derive(&mut self, key: Key, before: &Phase) {
        let going_down = self.is_going_down();
        let Engine { record, index } = &mut *self.engine;
        let Some(process) = record.processes.get(&key) else { return };
        let phase = process.phase();
        index.timers.set(key, phase.deadline(going_down));
        index.counts.add(before.state(), -1);
        index.counts.add(phase.state(), 1);
        if let Some(pid) = before.pid().filter(|pid| index.pids.get(pid) == Some(&key)) {
            index.pids.remove(&pid);
        }
        index.pids.extend(phase.pid().map(|pid| (pid, key)));
        for dependency in before.obstacles().into_iter().flatten() {
            if let Some(waiting) = index.waiting.get_mut(dependency) {
                waiting.remove(&key);
            }
        }
        for dependency in phase.obstacles().into_iter().flatten() {
            index.waiting.entry(*dependency).or_default().insert(key);
        }
    }

    /// Arms the timer of a process anew without a change of phase.
    pub(super) fn rearm(&mut self, key: Key) {
        let going_down = self.is_going_down();
        let deadline = self.process(key).and_then(|process| process.phase().deadline(going_down));
        self.engine.index.timers.set(key, deadline);
    }

    /// Writes a line about a process to the log.
    pub(super) fn log(&mut self, level: LogLevel, about: Key, text: String) {
        self.effects.push(Effect::Log { level, about: Some(about), text });
    }
}

fn change(key: Key, process: &Process, before: &Phase, at: Moment, cause: Cause) -> Change {
    let to = process.state();
    let ended = before.pid().is_some() && process.phase().pid().is_none();
    let exit = process.exit.filter(|_| ended);
    let codes = &process.program.exitcodes;
    Change {
        key,
        name: process.name().clone(),
        from: before.state(),
        to,
        at,
        pid: process.phase().pid().or(before.pid()).unwrap_or_default(),
        tries: process.tries,
        exit,
        expected: to != State::Backoff && exit.is_some_and(|status| status.is_expected(codes)),
        cause,
    }
}
