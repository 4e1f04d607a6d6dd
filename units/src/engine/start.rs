//! Starting: what a start pulls in, what it waits for, and the launch.
//!
//! There is one way to start a process, whoever wants it: [`Turn::start`]. It pulls in what is `required` (and, when
//! somebody asks, what is `wanted`), launches what has nothing in its way, and leaves the rest STARTING
//! (`waiting-dependency`) until every dependency that is itself on its way is up.
//!
//! A dependency is up when it is RUNNING, or when it has EXITED as expected. A program with `startsecs=0` and
//! `autorestart=false` is a one-shot: RUNNING says nothing about it, so only its expected end counts, and it is not
//! run again because somebody needs it. A dependency that goes down later, and is not stopped by order, leaves those
//! that require it running (systemd's `Requires=` without `BindsTo=`); they wait for it when they are next launched.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::machine::Boot;
use super::process::{Outlook, Phase, Process};
use super::turn::{Fact, Turn};
use super::{Cause, Effect, Key, RunResult, State};
use crate::invocation::InvocationId;
use crate::name::ProcessName;
use crate::order::Strength;
use crate::unit::LogLevel;

/// How much a start pulls in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pull {
    /// What is required and what is wanted: somebody asks.
    Everything,
    /// What is required: it starts again by itself, and what was stopped since is to stay so.
    Required,
}

impl Turn<'_> {
    /// `Event::Boot`: starts everything that has `autostart`.
    pub(super) fn boot(&mut self) {
        if self.engine.record.boot != Boot::Before || self.is_going_down() {
            return;
        }
        let keys = self.engine.index.order.iter().copied();
        let starting: Vec<Key> =
            keys.filter(|key| self.has_autostart(*key) && self.can_start(*key)).collect();
        self.engine.record.boot = Boot::Settling(starting.iter().copied().collect());
        self.start(starting.into_iter().map(|key| (key, Cause::Autostart)), Pull::Everything);
        self.check_settled();
    }

    fn can_start(&self, key: Key) -> bool {
        !self.is_leaving(key) && self.process(key).is_some_and(Process::can_start)
    }

    pub(super) fn has_autostart(&self, key: Key) -> bool {
        self.process(key).is_some_and(|process| process.program.autostart)
    }

    /// Starts processes with what they need, dependencies first.
    pub(super) fn start(&mut self, targets: impl Iterator<Item = (Key, Cause)>, pull: Pull) {
        if self.is_going_down() {
            return;
        }
        for (key, cause) in self.with_needed(targets, pull) {
            self.begin(key, cause);
        }
    }

    /// The targets and everything they pull in, in start order. What is on its way down is noted to be started again.
    fn with_needed(
        &mut self,
        targets: impl Iterator<Item = (Key, Cause)>,
        pull: Pull,
    ) -> Vec<(Key, Cause)> {
        let mut chosen: BTreeMap<usize, (Key, Cause)> = BTreeMap::new();
        let mut open: VecDeque<(Key, Cause)> = targets.collect();
        while let Some((key, cause)) = open.pop_front() {
            if let Some(rank) = self.rank_to_start(key, &cause)
                && let Entry::Vacant(place) = chosen.entry(rank)
            {
                place.insert((key, cause));
                open.extend(self.needed_by(key, pull));
            }
        }
        chosen.into_values().collect()
    }

    /// The place in start order of a process that can be started now. One that is on its way down gets a note instead.
    fn rank_to_start(&mut self, key: Key, cause: &Cause) -> Option<usize> {
        if self.is_leaving(key) {
            return None;
        }
        let process = self.process_mut(key)?;
        if process.is_going_down() {
            process.then_start.get_or_insert_with(|| cause.clone());
            return None;
        }
        process.can_start().then_some(process.place.rank)
    }

    /// What must be started for `key` to start, and that this is why.
    pub(super) fn needed_by(&self, key: Key, pull: Pull) -> Vec<(Key, Cause)> {
        let Some(process) = self.process(key) else { return Vec::new() };
        let links = process.place.dependencies.iter();
        let pulled = links.filter(|(_, strength)| match strength {
            Strength::Requires => true,
            Strength::Wants => pull == Pull::Everything,
            Strength::After => false,
        });
        pulled
            .filter(|(key, _)| self.can_be_pulled_in(*key))
            .map(|(key, _)| (*key, Cause::NeededBy(process.name().clone())))
            .collect()
    }

    fn can_be_pulled_in(&self, key: Key) -> bool {
        self.process(key).is_some_and(|process| {
            process.is_going_down() || (process.state().is_stopped() && !process.is_done())
        })
    }

    /// Begins one start: launches it, or lets it wait, or fails it.
    fn begin(&mut self, key: Key, cause: Cause) {
        let Some(process) = self.process_mut(key) else { return };
        if matches!(cause, Cause::Autorestart | Cause::Retry) {
            process.restarts = process.restarts.saturating_add(1);
        } else {
            process.restarts = 0;
            process.setbacks = 0;
        }
        match self.obstacles(key) {
            Ok(on) if on.is_empty() => self.launch(key, cause),
            Ok(on) => self.enter(key, Phase::Waiting { on }, cause),
            Err(failed) => {
                self.enter(key, Phase::Waiting { on: BTreeSet::new() }, cause);
                self.dependency_failed(key, failed);
            }
        }
    }

    /// What must be up before `key` can be launched.
    ///
    /// # Errors
    /// The name of what it requires and cannot have.
    fn obstacles(&self, key: Key) -> Result<BTreeSet<Key>, ProcessName> {
        let Some(process) = self.process(key) else { return Ok(BTreeSet::new()) };
        if let Some(missing) = &process.place.missing {
            return Err(ProcessName::new(missing.as_str(), missing.as_str()));
        }
        let mut on = BTreeSet::new();
        for &(dependency, strength) in &process.place.dependencies {
            match self.outlook(dependency) {
                Outlook::Coming => {
                    on.insert(dependency);
                }
                Outlook::Down if strength == Strength::Requires => {
                    return Err(self.name_of(dependency));
                }
                Outlook::Up | Outlook::Down => {}
            }
        }
        Ok(on)
    }

    fn outlook(&self, key: Key) -> Outlook {
        if self.is_leaving(key) {
            return Outlook::Coming;
        }
        self.process(key).map_or(Outlook::Down, Process::outlook)
    }

    pub(super) fn name_of(&self, key: Key) -> ProcessName {
        self.process(key).map_or_else(|| ProcessName::new("", ""), |process| process.name().clone())
    }

    fn launch(&mut self, key: Key, cause: Cause) {
        let now = self.now;
        let Some(process) = self.process_mut(key) else { return };
        process.spawn_error.clear();
        process.setup_error = None;
        process.result = RunResult::Success;
        process.started = now;
        let program = process.program.clone();
        self.enter(key, Phase::Launching, cause);
        self.effects.push(Effect::Spawn { key, program });
    }

    /// `Event::Spawned`.
    pub(super) fn spawned(&mut self, key: Key, pid: u32, invocation: InvocationId) {
        let now = self.now;
        let Some(process) = self.process_mut(key) else { return };
        if *process.phase() != Phase::Launching {
            return;
        }
        process.started = now;
        process.invocation = invocation;
        let startsecs = process.program.startsecs;
        let cause = process.cause.clone().unwrap_or(Cause::Autostart);
        let text = format!("spawned: '{}' with pid {pid}", process.short_name());
        let halt = process.halt.clone();
        self.log(LogLevel::Info, key, text);
        self.enter(key, Phase::Settling { pid, up_at: now.time.after_secs(startsecs) }, cause);
        match halt {
            Some(halt) if halt.after.is_empty() => self.stop_now(key, halt.cause),
            _ if startsecs <= 0 => self.stayed_up(key, pid),
            _ => {}
        }
    }

    /// It is up: `startsecs` are over.
    pub(super) fn stayed_up(&mut self, key: Key, pid: u32) {
        let Some(process) = self.process_mut(key) else { return };
        process.tries = 0;
        let text = format!(
            "success: {} entered RUNNING state, process has stayed up for > than {} seconds (startsecs)",
            process.short_name(),
            process.program.startsecs
        );
        self.enter(key, Phase::Running { pid }, Cause::StayedUp);
        self.log(LogLevel::Info, key, text);
    }

    /// Tells those that wait for a process what they can expect of it now.
    pub(super) fn tell_waiting(&mut self, key: Key) {
        let outlook = self.outlook(key);
        if outlook == Outlook::Coming {
            return;
        }
        let Some(waiting) = self.engine.index.waiting.remove(&key) else { return };
        let name = self.name_of(key);
        for dependent in waiting {
            let Some(process) = self.process_mut(dependent) else { continue };
            let requires = process.needs(key) == Some(Strength::Requires);
            let free = process.unblock(key);
            if requires && outlook == Outlook::Down {
                self.dependency_failed(dependent, name.clone());
            } else if free {
                self.resume(dependent, Cause::DependencyReady(name.clone()));
            }
        }
    }

    /// Looks again at a process that waits: launches it, lets it go on waiting, or fails it.
    pub(super) fn resume(&mut self, key: Key, cause: Cause) {
        match self.obstacles(key) {
            Ok(on) if on.is_empty() => self.launch(key, cause),
            Ok(on) => self.enter(key, Phase::Waiting { on }, cause),
            Err(failed) => self.dependency_failed(key, failed),
        }
    }

    fn dependency_failed(&mut self, key: Key, failed: ProcessName) {
        let Some(process) = self.process_mut(key) else { return };
        process.spawn_error = format!("dependency {failed} failed");
        process.result = RunResult::Dependency;
        process.tries = 0;
        let text = format!(
            "gave up: {} entered FATAL state, dependency {failed} failed",
            process.short_name()
        );
        self.enter(key, Phase::DependencyFailed, Cause::DependencyFailed(failed));
        self.log(LogLevel::Info, key, text);
    }

    /// Starts a process that is down now and was to be started then.
    pub(super) fn start_if_noted(&mut self, key: Key) {
        let cause = self.process_mut(key).and_then(|process| process.then_start.take());
        self.start(cause.map(|cause| (key, cause)).into_iter(), Pull::Everything);
    }

    /// Crosses a process off the list of those that have not settled since the daemon came up, and says so, once, when
    /// nothing is left. What waits for a process that goes on retrying is not waited for; one with a pause of its own
    /// does so from its first failure, for the pause may be long.
    pub(super) fn settle_boot(&mut self, fact: Fact) {
        let goes_on =
            |process: &Process| process.tries > 1 || process.program.pacing.delay.is_some();
        let retries = fact.state == State::Backoff && self.process(fact.key).is_some_and(goes_on);
        let Boot::Settling(left) = &mut self.engine.record.boot else { return };
        match fact.state {
            State::Starting => return,
            State::Backoff if !retries => return,
            State::Backoff => {
                for key in waiting_for(fact.key, &self.engine.index.waiting) {
                    left.remove(&key);
                }
            }
            _ => {
                left.remove(&fact.key);
            }
        }
        self.check_settled();
    }

    fn check_settled(&mut self) {
        if self.engine.record.boot == Boot::Settling(BTreeSet::new()) {
            self.engine.record.boot = Boot::Over;
            self.effects.push(Effect::Settled);
        }
    }
}

/// A process and everything that waits for it, through however many others.
fn waiting_for(key: Key, waiting: &BTreeMap<Key, BTreeSet<Key>>) -> BTreeSet<Key> {
    let mut found = BTreeSet::from([key]);
    let mut open = vec![key];
    while let Some(dependents) = open.pop().map(|key| waiting.get(&key)) {
        let new = dependents.into_iter().flatten().filter(|dependent| found.insert(**dependent));
        open.extend(new);
    }
    found
}
