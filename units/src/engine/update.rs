//! Changing the set of groups while it runs.
//!
//! An update stops everything that goes or changes, in reverse start order and all at once, and only when the last of
//! it is down takes the old groups out and the new ones in. Whatever else had to go down for that is started again
//! afterwards. One such change is made at a time; the next waits in a queue.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ledger::Done;
use super::process::{Phase, Process};
use super::start::Pull;
use super::stop::Direction;
use super::turn::Turn;
use super::{Answer, Cause, Key, State, Ticket};
use crate::config::{Diagnostic, Difference, Severity};
use crate::fault::{Fault, Refusal};
use crate::order::Graph;
use crate::unit::Group;

/// A question that changes the set of groups.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Structural {
    Update { ticket: Ticket, wanted: Vec<Arc<Group>>, only: Vec<String> },
    Add { ticket: Ticket, group: Arc<Group> },
    Remove { ticket: Ticket, name: String },
}

/// An update that waits for processes to be down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UpdateJob {
    ticket: Ticket,
    /// Groups to take out for good.
    removed: Vec<Arc<str>>,
    /// Groups to take out and put back in as they are now.
    changed: Vec<Arc<Group>>,
    /// Groups to put in.
    added: Vec<Arc<Group>>,
    /// Every process of the groups to take out.
    leaving: BTreeSet<Key>,
    /// Processes that go down only because of these.
    bystanders: Vec<Key>,
    /// What is not down yet.
    awaited: BTreeSet<Key>,
}

impl Structural {
    const fn ticket(&self) -> Ticket {
        match self {
            Self::Update { ticket, .. }
            | Self::Add { ticket, .. }
            | Self::Remove { ticket, .. } => *ticket,
        }
    }
}

impl Turn<'_> {
    /// Makes a change to the set of groups, now or when the one in progress is through.
    pub(super) fn restructure(&mut self, change: Structural) {
        let record = &mut self.engine.record;
        if record.update.is_some() {
            record.queue.push_back(change);
            return;
        }
        match change {
            Structural::Update { ticket, wanted, only } => {
                self.begin_update(ticket, &wanted, &only);
            }
            Structural::Add { ticket, group } => self.add_one(ticket, group),
            Structural::Remove { ticket, name } => self.remove_one(ticket, &name),
        }
    }

    fn add_one(&mut self, ticket: Ticket, group: Arc<Group>) {
        if self.engine.member(&group.name).is_some() {
            return self.refuse(ticket, Fault::AlreadyAdded);
        }
        let mut groups = self.engine.groups();
        groups.push(group.clone());
        if let Some(refusal) = cyclic(&groups) {
            return self.refuse(ticket, refusal);
        }
        let name = group.name.clone();
        let keys = self.add_group(group);
        self.relink();
        self.start_new(keys, &Cause::Autostart);
        self.note(ticket, name, Ok("added process group".to_owned()));
        self.conclude(ticket);
    }

    fn remove_one(&mut self, ticket: Ticket, name: &str) {
        let Some(member) = self.engine.member(name) else {
            return self.refuse(ticket, Refusal::new(Fault::NoSuchUnit, "no such process group"));
        };
        if !member.keys.iter().all(|key| self.is_down(*key)) {
            return self.refuse(ticket, Fault::StillRunning);
        }
        self.remove_group(name);
        self.relink();
        self.reconsider_waiting();
        self.note(ticket, name, Ok("removed process group".to_owned()));
        self.conclude(ticket);
    }

    fn begin_update(&mut self, ticket: Ticket, wanted: &[Arc<Group>], only: &[String]) {
        let mut difference = Difference::between(&self.engine.groups(), wanted);
        if !only.is_empty() {
            self.note_unknown(ticket, wanted, only);
            let chosen = |name: &Arc<str>| only.iter().any(|other| **other == **name);
            for list in [&mut difference.added, &mut difference.changed, &mut difference.removed] {
                list.retain(chosen);
            }
        }
        if let Some(refusal) = cyclic(&self.groups_after(&difference, wanted)) {
            return self.refuse(ticket, refusal);
        }
        let job = self.plan_update(ticket, difference, wanted);
        let leaving = job.leaving.iter().copied().collect::<Vec<Key>>();
        self.engine.record.update = Some(job);
        let stopped = self.stop(leaving.into_iter(), &Cause::Update, Direction::Reverse);
        let unfinished: BTreeSet<Key> =
            stopped.iter().copied().filter(|key| !self.is_stopped(*key)).collect();
        if let Some(job) = &mut self.engine.record.update {
            job.bystanders = stopped.into_iter().filter(|key| !job.leaving.contains(key)).collect();
            job.awaited = unfinished;
        }
    }

    /// Names that were asked for and are in neither set, each with its outcome.
    fn note_unknown(&mut self, ticket: Ticket, wanted: &[Arc<Group>], only: &[String]) {
        for name in only {
            let known = wanted.iter().any(|group| *group.name == **name)
                || self.engine.member(name).is_some();
            if !known {
                let refusal = Refusal::new(Fault::NoSuchUnit, "no such group");
                self.note(ticket, name, Err(refusal));
            }
        }
    }

    fn groups_after(&self, difference: &Difference, wanted: &[Arc<Group>]) -> Vec<Arc<Group>> {
        let goes = |name: &Arc<str>| {
            difference.removed.contains(name) || difference.changed.contains(name)
        };
        let comes =
            |name: &Arc<str>| difference.added.contains(name) || difference.changed.contains(name);
        let kept = self.engine.groups().into_iter().filter(|group| !goes(&group.name));
        kept.chain(wanted.iter().filter(|group| comes(&group.name)).cloned()).collect()
    }

    fn plan_update(
        &self,
        ticket: Ticket,
        difference: Difference,
        wanted: &[Arc<Group>],
    ) -> UpdateJob {
        let find = |names: &[Arc<str>]| -> Vec<Arc<Group>> {
            let groups = names.iter().filter_map(|name| wanted.iter().find(|g| g.name == *name));
            groups.cloned().collect()
        };
        let going = difference.removed.iter().chain(&difference.changed);
        let members = going.filter_map(|name| self.engine.member(name));
        UpdateJob {
            ticket,
            leaving: members.flat_map(|member| member.keys.iter().copied()).collect(),
            changed: find(&difference.changed),
            added: find(&difference.added),
            removed: difference.removed,
            bystanders: Vec::new(),
            awaited: BTreeSet::new(),
        }
    }

    /// Whether the group of this process is being taken out.
    pub(super) fn is_leaving(&self, key: Key) -> bool {
        self.engine.record.update.as_ref().is_some_and(|job| job.leaving.contains(&key))
    }

    /// A process is down: one thing less for an update to wait for.
    pub(super) fn advance_update(&mut self, key: Key) {
        if let Some(job) = &mut self.engine.record.update {
            job.awaited.remove(&key);
        }
    }

    /// Carries out the update that has nothing left to wait for, or else begins what was asked after it; whether there
    /// was anything to do. A process leaves only when everyone has heard of its end, so no fact may be open here.
    pub(super) fn continue_updates(&mut self) -> bool {
        let record = &mut self.engine.record;
        if let Some(job) = record.update.take_if(|job| job.awaited.is_empty()) {
            self.exchange(job);
            return true;
        }
        if record.update.is_some() {
            return false;
        }
        let next = record.queue.pop_front();
        let found = next.is_some();
        next.into_iter().for_each(|change| self.restructure(change));
        found
    }

    /// Takes the old groups out, and puts the new ones in and starts them.
    fn exchange(&mut self, job: UpdateJob) {
        let ticket = job.ticket;
        for name in &job.removed {
            if self.take_out(ticket, name) {
                self.note(ticket, name, Ok("removed process group".to_owned()));
            }
        }
        let mut new = Vec::new();
        for group in job.changed {
            let name = group.name.clone();
            if self.take_out(ticket, &name) {
                new.extend(self.add_group(group));
                self.note(ticket, name, Ok("updated process group".to_owned()));
            }
        }
        for group in job.added {
            let name = group.name.clone();
            new.extend(self.add_group(group));
            self.note(ticket, name, Ok("added process group".to_owned()));
        }
        self.relink();
        self.start_new(new, &Cause::Update);
        self.start(job.bystanders.into_iter().map(|key| (key, Cause::Update)), Pull::Everything);
        self.reconsider_waiting();
        self.conclude(ticket);
    }

    /// Takes one group out, unless one of its processes could not be stopped.
    fn take_out(&mut self, ticket: Ticket, name: &str) -> bool {
        let keys = self.engine.member(name).map_or(&[][..], |member| &member.keys);
        if !keys.iter().all(|key| self.is_down(*key)) {
            let refusal = Refusal::new(Fault::Failed, "has problems; not removing");
            self.note(ticket, name, Err(refusal));
            return false;
        }
        let stopped: Done = Ok("stopped".to_owned());
        self.note(ticket, name, stopped);
        self.remove_group(name);
        true
    }

    fn start_new(&mut self, keys: Vec<Key>, cause: &Cause) {
        let starting: Vec<(Key, Cause)> = keys
            .into_iter()
            .filter(|key| self.has_autostart(*key))
            .map(|key| (key, cause.clone()))
            .collect();
        self.start(starting.into_iter(), Pull::Everything);
    }

    /// Looks again at everything that waits: what it waited for may be gone, or there under another key and to be
    /// started.
    fn reconsider_waiting(&mut self) {
        let order = self.engine.index.order.iter().copied();
        let waiting: Vec<Key> = order.filter(|key| self.is_waiting(*key)).collect();
        let needed: Vec<(Key, Cause)> =
            waiting.iter().flat_map(|key| self.needed_by(*key, Pull::Required)).collect();
        self.start(needed.into_iter(), Pull::Required);
        for key in waiting {
            self.resume(key, Cause::Update);
        }
    }

    fn is_waiting(&self, key: Key) -> bool {
        self.process(key).is_some_and(|process| matches!(process.phase(), Phase::Waiting { .. }))
    }

    fn is_stopped(&self, key: Key) -> bool {
        self.process(key).is_none_or(|process| process.state().is_stopped())
    }

    /// Whether it is stopped for certain.
    fn is_down(&self, key: Key) -> bool {
        self.process(key)
            .map(Process::state)
            .is_none_or(|state| state.is_stopped() && state != State::Unknown)
    }

    /// The daemon goes down: what was still to be changed is not.
    pub(super) fn abandon_update(&mut self) {
        if let Some(job) = self.engine.record.update.take() {
            let groups = job.changed.iter().chain(&job.added).map(|group| &group.name);
            for name in job.removed.iter().chain(groups) {
                self.note(job.ticket, name, Err(Fault::ShuttingDown.into()));
            }
            self.conclude(job.ticket);
        }
        for change in std::mem::take(&mut self.engine.record.queue) {
            self.answer(change.ticket(), Answer::Refused(Fault::ShuttingDown.into()));
        }
    }
}

/// The refusal of a set of groups that cannot be ordered.
fn cyclic(groups: &[Arc<Group>]) -> Option<Refusal> {
    let (graph, diagnostics) = Graph::resolve(groups);
    let is_cycle = |found: &&Diagnostic| {
        graph.is_cyclic() && found.severity == Severity::Error && !found.related.is_empty()
    };
    let cycle = diagnostics.iter().find(is_cycle)?;
    Some(Refusal::new(Fault::OrderIsCyclic, cycle.message.clone()))
}
