//! Processes that do anything, and an engine that is watched at every step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use visor_units::engine::{
    Cause, Command, Counts, Effect, Engine, Event, Key, Mood, Requester, State, SubState, Ticket,
    Whom,
};
use visor_units::exit::ExitStatus;
use visor_units::invocation::InvocationId;
use visor_units::name::{ProcessName, Selector};
use visor_units::signal::Signal;
use visor_units::time::{Moment, Stamp, Time};
use visor_units::unit::{Autorestart, ExitWhen, Group, Program};

/// Something that happens. Numbers choose among what is there at the time.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Boot,
    Launches(usize),
    FailsToLaunch(usize),
    Exits(usize, u8),
    CannotBeSignalled(usize),
    Passes(u64),
    Wakes,
    Starts(Selector, bool),
    Stops(Selector, bool),
    Restarts(Selector, bool),
    Signals(Selector),
    Updates { without: usize, slower: usize, only: Vec<String> },
    Adds(usize),
    Removes(usize),
    Withdraws(usize),
    IsSaved,
    Ends { restart: bool },
    ExitsWhen(ExitWhen),
    Strays(u32, u32),
}

/// How many programs a scene has.
pub(crate) const PROGRAMS: usize = 6;

/// The first two are a group, the rest are on their own.
pub(crate) fn full_name(n: usize) -> String {
    if n < 2 { format!("g:p{n}") } else { format!("p{n}") }
}

/// Plays a scene to its end: every law holds at every step, and every question has been answered.
pub(crate) fn plays_out(groups: Vec<Arc<Group>>, acts: impl IntoIterator<Item = Act>) {
    let mut world = World::after(groups, acts);
    world.comes_to_rest();
    assert_eq!(world.open, BTreeSet::new(), "questions without an answer");
    assert!(world.engine.mood() == Mood::Running || world.finished);
}

/// The engine among processes that do anything, watched at every step.
pub(crate) struct World {
    pub(crate) engine: Engine,
    /// Read back from what was saved, and told the same ever since.
    twin: Engine,
    all_groups: Vec<Arc<Group>>,
    now: u64,
    next_pid: u32,
    next_ticket: u64,
    launching: Vec<Key>,
    alive: BTreeMap<u32, Key>,
    /// When each process last ended by itself or could not be launched.
    fell: BTreeMap<Key, u64>,
    /// The pid of the process whose end is being told: a signal to it may be on its way.
    ended: u32,
    pub(crate) open: BTreeSet<Ticket>,
    /// As told so far, which within a step is not what the engine knows already.
    states: BTreeMap<Key, State>,
    members: BTreeMap<ProcessName, (Key, Arc<Program>)>,
    pub(crate) finished: bool,
    is_going_down: bool,
    pub(crate) edges: BTreeSet<(State, State)>,
}

impl World {
    fn new(groups: Vec<Arc<Group>>) -> Self {
        let mut effects = Vec::new();
        let engine = Engine::new(groups.clone(), Moment::default(), &mut effects);
        let mut world = Self {
            twin: engine.clone(),
            engine,
            all_groups: groups,
            now: 0,
            next_pid: 100,
            next_ticket: 0,
            launching: Vec::new(),
            alive: BTreeMap::new(),
            fell: BTreeMap::new(),
            ended: 0,
            open: BTreeSet::new(),
            states: BTreeMap::new(),
            members: BTreeMap::new(),
            finished: false,
            is_going_down: false,
            edges: BTreeSet::new(),
        };
        world.watch(&effects);
        world
    }

    /// What is so after all this has happened.
    pub(crate) fn after(groups: Vec<Arc<Group>>, acts: impl IntoIterator<Item = Act>) -> Self {
        let mut world = Self::new(groups);
        for act in acts {
            world.plays(act);
        }
        world
    }

    fn plays(&mut self, act: Act) {
        match act {
            Act::Boot => self.tell(Event::Boot),
            Act::Launches(n) => self.launches(n),
            Act::FailsToLaunch(n) => {
                if let Some(key) = take(&mut self.launching, n) {
                    self.fell.insert(key, self.now);
                    self.tell(Event::SpawnFailed { key, error: "no such file".into() });
                }
            }
            Act::Exits(n, code) => {
                if let Some((pid, key)) = nth(&self.alive, n) {
                    self.exits(pid, key, code);
                }
            }
            Act::CannotBeSignalled(n) => {
                if let Some((pid, key)) = nth(&self.alive, n) {
                    self.tell(Event::KillFailed { key, pid, error: "EPERM".into() });
                }
            }
            Act::Passes(millis) => self.passes(millis * 1_000),
            Act::Wakes => self.wakes(),
            Act::Starts(selector, wait) => self.ask(Command::Start { names: vec![selector], wait }),
            Act::Stops(selector, wait) => self.ask(Command::Stop { names: vec![selector], wait }),
            Act::Restarts(selector, wait) => {
                self.ask(Command::Restart { names: vec![selector], wait });
            }
            Act::Signals(selector) => {
                let (names, signal, whom) = (vec![selector], Signal(1), Whom::Main);
                self.ask(Command::Signal { names, signal, whom });
            }
            Act::Updates { without, slower, only } => {
                let wanted = self.edited(without, slower);
                self.ask(Command::Update { wanted, only });
            }
            Act::Adds(n) => {
                let group = self.all_groups[n % self.all_groups.len()].clone();
                self.ask(Command::AddGroup(group));
            }
            Act::Removes(n) => {
                let name = self.all_groups[n % self.all_groups.len()].name.to_string();
                self.ask(Command::RemoveGroup(name));
            }
            Act::Withdraws(n) => {
                let open = self.open.iter().nth(n % self.open.len().max(1)).copied();
                if let Some(ticket) = open {
                    self.open.remove(&ticket);
                    self.tell(Event::Withdrawn { ticket });
                }
            }
            Act::IsSaved => {
                let text = serde_json::to_string(&self.engine).expect("serialises");
                self.twin = serde_json::from_str(&text).expect("is read back");
                assert_eq!(self.twin.snapshot(), self.engine.snapshot());
            }
            Act::Ends { restart: true } => self.ask(Command::RestartDaemon),
            Act::Ends { restart: false } => self.ask(Command::Shutdown),
            Act::ExitsWhen(condition) => {
                self.twin.set_exit_when(Some(condition.clone()));
                self.engine.set_exit_when(Some(condition));
            }
            Act::Strays(key, pid) => self.strays(Key(key), pid),
        }
    }

    fn launches(&mut self, n: usize) {
        if let Some(key) = take(&mut self.launching, n) {
            self.next_pid += 1;
            self.alive.insert(self.next_pid, key);
            self.tell(Event::Spawned {
                key,
                pid: self.next_pid,
                invocation: InvocationId::default(),
            });
        }
    }

    fn exits(&mut self, pid: u32, key: Key, code: u8) {
        self.alive.remove(&pid);
        self.fell.insert(key, self.now);
        self.ended = pid;
        self.tell(Event::Exited { key, pid, status: ExitStatus::Exited(code) });
    }

    /// An event about something that is not so.
    fn strays(&mut self, key: Key, pid: u32) {
        if !self.alive.contains_key(&pid) {
            self.tell(Event::Exited { key, pid, status: ExitStatus::Exited(0) });
        }
        if !self.launching.contains(&key) {
            self.tell(Event::Spawned { key, pid, invocation: InvocationId::default() });
            self.tell(Event::SpawnFailed { key, error: "stray".into() });
        }
    }

    /// The configuration with one group left out and one program changed.
    fn edited(&self, without: usize, slower: usize) -> Vec<Arc<Group>> {
        let mut groups = self.all_groups.clone();
        let at = slower % groups.len();
        let mut edited = Group::clone(&groups[at]);
        let mut program = Program::clone(&edited.programs[0]);
        program.startsecs = 2;
        edited.programs[0] = Arc::new(program);
        groups[at] = Arc::new(edited);
        if without % 8 < groups.len() {
            groups.remove(without % 8);
        }
        groups
    }

    fn ask(&mut self, command: Command) {
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.open.insert(ticket);
        self.tell(Event::Asked { ticket, requester: Requester::default(), command });
    }

    fn passes(&mut self, micros: u64) {
        let end = self.now + micros;
        for _ in 0..10_000 {
            match self.engine.deadline() {
                Some(due) if due.0 <= end => self.now = self.now.max(due.0),
                _ => {
                    self.now = end;
                    return;
                }
            }
            self.tell(Event::Tick);
        }
        panic!("the engine asks to be woken again and again");
    }

    fn wakes(&mut self) {
        if let Some(due) = self.engine.deadline() {
            self.now = self.now.max(due.0);
            self.tell(Event::Tick);
        }
    }

    fn tell(&mut self, event: Event) {
        let now = Moment { time: Time(self.now), wall: Stamp(self.now) };
        let (mut effects, mut again) = (Vec::new(), Vec::new());
        self.twin.step(now, event.clone(), &mut again);
        self.engine.step(now, event, &mut effects);
        assert_eq!(effects, again, "the same events give the same effects");
        self.watch(&effects);
        self.check();
    }

    fn watch(&mut self, effects: &[Effect]) {
        let mut causes = BTreeMap::new();
        // What was begun before it decides to end is stopped afterwards.
        self.is_going_down =
            self.engine.mood() != Mood::Running && !effects.iter().any(decides_to_end);
        for effect in effects {
            match effect {
                Effect::GroupAdded { group, keys } => {
                    for (key, program) in keys.iter().zip(&group.programs) {
                        self.members.insert(program.name.clone(), (*key, program.clone()));
                    }
                    self.states.extend(keys.iter().map(|key| (*key, State::Stopped)));
                }
                Effect::GroupRemoved { group, keys } => {
                    for program in &group.programs {
                        self.members.remove(&program.name);
                    }
                    for key in keys {
                        let state = self.states.remove(key);
                        assert!(state.is_some_and(State::is_stopped), "removed while it was up");
                        assert!(!self.alive.values().any(|other| other == key), "a lost process");
                    }
                }
                Effect::Publish(change) => {
                    let before = self.states.insert(change.key, change.to);
                    assert_eq!(before, Some(change.from), "changes follow each other");
                    assert!(change.from.may_become(change.to), "{change:?}");
                    self.edges.insert((change.from, change.to));
                    causes.insert(change.key, change.cause.clone());
                    if change.cause == Cause::GaveUp {
                        let (_, program) = &self.members[&change.name];
                        assert_ne!(program.startretries, -1, "{} was given up", change.name);
                    }
                    if change.to == State::Stopping {
                        self.check_stop(&change.name);
                    }
                }
                Effect::Spawn { key, program } => {
                    self.check_launch(*key, program, causes.get(key));
                }
                Effect::Kill { key, pid, .. } => {
                    let known = self.alive.get(pid) == Some(key) || self.ended == *pid;
                    assert!(known, "a signal to a stranger");
                }
                Effect::Reply { ticket, .. } => {
                    assert!(self.open.remove(ticket), "{ticket:?} answered twice, or unasked");
                }
                Effect::Finished(_) => {
                    assert!(!self.finished, "it ends once");
                    self.finished = true;
                }
                Effect::Log { .. } => self.is_going_down |= decides_to_end(effect),
                Effect::Refresh { .. } | Effect::Settled => {}
            }
        }
    }

    fn check_launch(&mut self, key: Key, program: &Program, cause: Option<&Cause>) {
        assert!(!self.is_going_down, "nothing starts on the way down");
        assert!(!self.launching.contains(&key), "launched twice");
        assert!(!self.alive.values().any(|other| *other == key), "one process at a time");
        for (name, _) in &program.ordering.requires {
            let dependency = self.members.get(&process_name(name));
            let (key, dependency) = dependency.expect("nothing starts without what it requires");
            let one_shot =
                dependency.startsecs <= 0 && dependency.autorestart == Autorestart::Never;
            let state = self.states[key];
            assert!(
                state == State::Exited || (state == State::Running && !one_shot),
                "{} was started while {name} was {state}",
                program.name
            );
        }
        if matches!(cause, Some(Cause::Autorestart | Cause::Retry)) {
            let pause = Duration::from_micros(self.now - self.fell[&key]);
            let least = program.pacing.delay.unwrap_or_default();
            assert!(pause >= least, "{} was started after {pause:?}", program.name);
        }
        self.launching.push(key);
    }

    /// What requires a process is down before it is stopped.
    fn check_stop(&self, stopped: &ProcessName) {
        for (key, program) in self.members.values() {
            let requires = &program.ordering.requires;
            let needs_it = requires.iter().any(|(name, _)| process_name(name) == *stopped);
            if needs_it && self.states[key] != State::Unknown {
                assert!(!self.alive.values().any(|other| other == key), "{} is up", program.name);
            }
        }
    }

    /// What can be read agrees with what was told.
    fn check(&self) {
        let rows = self.engine.snapshot();
        let mut counts = Counts { total: rows.len() as u32, ..Counts::default() };
        let mut due = self.engine.mood() != Mood::Running && !self.finished;
        for row in &rows {
            *count(&mut counts, row.state) += 1;
            assert_eq!(self.states.get(&row.key), Some(&row.state));
            let mut alive = self.alive.iter().filter(|(_, key)| **key == row.key);
            assert_eq!(alive.next().map(|(pid, _)| *pid).unwrap_or_default(), row.pid);
            assert_eq!(alive.next(), None, "one pid, one process");
            if row.pid != 0 {
                assert_eq!(self.engine.by_pid(row.pid), Some(row.key));
            }
            assert_eq!(self.launching.contains(&row.key), row.sub_state == SubState::Launching);
            assert_eq!(row.cause.is_none(), row.sub_state == SubState::Dead);
            due |= match row.sub_state {
                SubState::Settling | SubState::StopSignalled | SubState::StopKilled => true,
                SubState::WaitingBackoff => self.engine.mood() == Mood::Running,
                _ => false,
            };
        }
        assert_eq!(self.engine.counts(), counts);
        assert_eq!(
            self.engine.deadline().is_some(),
            due,
            "a timer exists iff the state may hold one"
        );
        if self.finished {
            assert!(rows.iter().all(|row| row.state.is_stopped()));
        }
    }

    /// Lets everything work out: launches succeed, stops and one-shots end, time passes.
    fn comes_to_rest(&mut self) {
        for _ in 0..40 {
            while !self.launching.is_empty() {
                self.launches(0);
            }
            for row in self.engine.snapshot() {
                let ends = match row.sub_state {
                    SubState::StopSignalled | SubState::StopKilled | SubState::Unknown => true,
                    SubState::Running => {
                        row.program.startsecs == 0 && row.program.autorestart == Autorestart::Never
                    }
                    _ => false,
                };
                if ends {
                    self.exits(row.pid, row.key, 0);
                }
            }
            self.passes(60_000_000);
        }
    }
}

/// Whether this is the moment of `exit_when`.
fn decides_to_end(effect: &Effect) -> bool {
    matches!(effect, Effect::Log { text, .. } if text.starts_with("exit_when="))
}

fn process_name(name: &str) -> ProcessName {
    let (group, process) = name.split_once(':').unwrap_or((name, name));
    ProcessName::new(group, process)
}

fn count(counts: &mut Counts, state: State) -> &mut u32 {
    match state {
        State::Stopped => &mut counts.stopped,
        State::Starting => &mut counts.starting,
        State::Running => &mut counts.running,
        State::Backoff => &mut counts.backoff,
        State::Stopping => &mut counts.stopping,
        State::Exited => &mut counts.exited,
        State::Fatal => &mut counts.fatal,
        State::Unknown => &mut counts.unknown,
    }
}

fn take(list: &mut Vec<Key>, n: usize) -> Option<Key> {
    if list.is_empty() { None } else { Some(list.remove(n % list.len())) }
}

fn nth(alive: &BTreeMap<u32, Key>, n: usize) -> Option<(u32, Key)> {
    alive.iter().nth(n % alive.len().max(1)).map(|(pid, key)| (*pid, *key))
}
