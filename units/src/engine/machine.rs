//! The engine as a value: what it remembers, what it finds things by, and the step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::group::Member;
use super::ledger::Ledger;
use super::process::Process;
use super::shutdown::Closing;
use super::timers::Timers;
use super::turn::Turn;
use super::update::{Structural, UpdateJob};
use super::{Counts, Effect, Event, Key, Mood, Row, State};
use crate::name::ProcessName;
use crate::time::{Moment, Time};
use crate::unit::{ExitWhen, Group};

/// The state machine of every process.
///
/// It serialises, and what is read back goes on as if nothing had been: timers, indexes and counts are made anew from
/// the phases.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) record: Record,
    pub(super) index: Index,
}

/// What the engine remembers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) next_key: u32,
    /// In start order of groups.
    pub(super) groups: Vec<Member>,
    pub(super) processes: BTreeMap<Key, Process>,
    pub(super) ledger: Ledger,
    pub(super) boot: Boot,
    pub(super) update: Option<UpdateJob>,
    /// Questions that change the set of groups, for when `update` is through.
    pub(super) queue: VecDeque<Structural>,
    pub(super) closing: Option<Closing>,
    pub(super) exit_when: Option<ExitWhen>,
}

/// How far the start of the daemon is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Boot {
    /// `Event::Boot` has not come.
    Before,
    /// These have not settled.
    Settling(BTreeSet<Key>),
    /// `Effect::Settled` is out, or will never be.
    Over,
}

/// What the engine finds things by. All of it follows from the [`Record`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    pub(super) names: BTreeMap<ProcessName, Key>,
    pub(super) pids: BTreeMap<u32, Key>,
    pub(super) timers: Timers,
    pub(super) counts: Counts,
    /// Who waits to be launched until the process is up.
    pub(super) waiting: BTreeMap<Key, BTreeSet<Key>>,
    /// Processes that are told of events.
    pub(super) listeners: BTreeSet<Key>,
    /// Every process in start order.
    pub(super) order: Vec<Key>,
}

impl Engine {
    /// Takes over these groups, which come from a configuration that was checked with [`crate::order::Graph::build`]; in
    /// spite of that a cycle is not fatal, its members are then not ordered among themselves. Nothing starts before
    /// `Event::Boot`.
    #[must_use]
    pub fn new(groups: Vec<Arc<Group>>, now: Moment, effects: &mut Vec<Effect>) -> Self {
        Self::with_keys_from(0, groups, now, effects)
    }

    /// Lets go of everything and takes over these groups as [`Engine::new`] does; for when all is stopped and is to
    /// begin again. No key is given twice, so what is heard late of a former process concerns nobody.
    pub fn begin_again(&mut self, groups: Vec<Arc<Group>>, now: Moment, effects: &mut Vec<Effect>) {
        let record = &mut self.record;
        for Member { group, keys } in record.groups.drain(..) {
            effects.push(Effect::GroupRemoved { group, keys });
        }
        let exit_when = record.exit_when.take();
        *self = Self::with_keys_from(record.next_key, groups, now, effects);
        self.record.exit_when = exit_when;
    }

    /// Takes over when to end by itself. What has ended before is not judged by it.
    pub fn set_exit_when(&mut self, condition: Option<ExitWhen>) {
        self.record.exit_when = condition;
    }

    fn with_keys_from(
        next_key: u32,
        groups: Vec<Arc<Group>>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) -> Self {
        let record = Record {
            next_key,
            groups: Vec::new(),
            processes: BTreeMap::new(),
            ledger: Ledger::default(),
            boot: Boot::Before,
            update: None,
            queue: VecDeque::new(),
            closing: None,
            exit_when: None,
        };
        let mut engine = Self { record, index: Index::default() };
        let mut turn = Turn::new(&mut engine, now, effects);
        for group in groups {
            turn.add_group(group);
        }
        turn.relink();
        engine
    }

    /// Applies one event at `now` and appends what must be done to `effects`.
    ///
    /// Everything due at `now` happens first. An event about a process that is not there, or not in a state in which
    /// the event can happen, is ignored.
    pub fn step(&mut self, now: Moment, event: Event, effects: &mut Vec<Effect>) {
        let mut turn = Turn::new(self, now, effects);
        turn.expire();
        turn.apply(event);
        turn.settle();
    }

    /// When `step` next has something to do on its own.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let report = self.record.closing.as_ref().and_then(Closing::deadline);
        [self.index.timers.first(), report].into_iter().flatten().min()
    }

    /// Every process, in start order.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Row> {
        self.index.order.iter().filter_map(|key| self.row(*key)).collect()
    }

    /// One process.
    #[must_use]
    pub fn row(&self, key: Key) -> Option<Row> {
        let process = self.record.processes.get(&key)?;
        let name = |key: Key| self.record.processes.get(&key).map(|other| other.name().clone());
        Some(Row {
            key,
            program: process.program.clone(),
            state: process.state(),
            sub_state: process.phase().sub_state(),
            pid: process.phase().pid().unwrap_or_default(),
            started: process.started,
            invocation: process.invocation,
            stopped: process.stopped,
            exit: process.exit,
            spawn_error: process.spawn_error.clone(),
            tries: process.tries,
            next_retry: process.next_retry(),
            restarts: process.restarts,
            result: process.result,
            changed: process.changed,
            cause: process.cause.clone(),
            waiting_for: process.waits_for().filter_map(name).collect(),
            links: process.place.links.clone(),
        })
    }

    /// The process of that name.
    #[must_use]
    pub fn find(&self, name: &ProcessName) -> Option<Key> {
        self.index.names.get(name).copied()
    }

    /// The process that has this process id now.
    #[must_use]
    pub fn by_pid(&self, pid: u32) -> Option<Key> {
        self.index.pids.get(&pid).copied()
    }

    /// How many processes are in which state.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.index.counts
    }

    /// What the daemon as a whole is doing.
    #[must_use]
    pub fn mood(&self) -> Mood {
        self.record.closing.as_ref().map_or(Mood::Running, Closing::mood)
    }

    /// Every group, in start order.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<Group>> {
        self.record.groups.iter().map(|member| member.group.clone()).collect()
    }
}

impl Counts {
    /// Counts one process more, or one less, in this state.
    pub(super) const fn add(&mut self, state: State, one: i8) {
        let place = match state {
            State::Stopped => &mut self.stopped,
            State::Starting => &mut self.starting,
            State::Running => &mut self.running,
            State::Backoff => &mut self.backoff,
            State::Stopping => &mut self.stopping,
            State::Exited => &mut self.exited,
            State::Fatal => &mut self.fatal,
            State::Unknown => &mut self.unknown,
        };
        *place = place.saturating_add_signed(one as i32);
        self.total = self.total.saturating_add_signed(one as i32);
    }
}

impl Serialize for Engine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.record.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Engine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Record::deserialize(deserializer)?;
        let mut engine = Self { record, index: Index::default() };
        engine.reindex();
        Ok(engine)
    }
}
