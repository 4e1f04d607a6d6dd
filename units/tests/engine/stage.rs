//! A stage to play stories on: programs as a configuration would describe them, a clock that jumps, and a launcher that
//! does what it is told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use visor_units::engine::{
    Answer, Command, Effect, Engine, Event, Key, Outcome, Requester, Row, State, Ticket,
};
use visor_units::exit::ExitStatus;
use visor_units::invocation::InvocationId;
use visor_units::name::{ProcessName, Selector};
use visor_units::signal::Signal;
use visor_units::time::{Moment, Stamp, Time};
use visor_units::unit::{Autorestart, EarlyExit, Group, GroupKind, Ordering, Origin, Program};

/// When every story begins, on the wall clock.
const EPOCH: u64 = 1_700_000_000_000_000;

/// A program under construction.
#[derive(Clone, Debug)]
pub(crate) struct Script(pub(crate) Program);

/// The name that the launcher of the stage gives to the run of that process.
pub(crate) fn run(pid: u32) -> InvocationId {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&pid.to_be_bytes());
    InvocationId(id)
}

/// A program with Supervisor's defaults.
pub(crate) fn program(name: &str) -> Script {
    let named = ProcessName::new(name, name);
    let origin = origin(&format!("program:{name}"), 1);
    Script(Program { origin, ..Program::new(named, &format!("/bin/{name}")) })
}

/// A program that runs once: `startsecs=0`, `autorestart=false`.
pub(crate) fn one_shot(name: &str) -> Script {
    program(name).startsecs(0).autorestart(Autorestart::Never)
}

pub(crate) fn origin(section: &str, line: u32) -> Origin {
    Origin { file: "visord.conf".into(), line, section: section.into() }
}

macro_rules! settings {
    ($($name:ident: $kind:ty),* $(,)?) => {
        impl Script {
            $(pub(crate) fn $name(mut self, value: $kind) -> Self {
                self.0.$name = value;
                self
            })*
        }
    };
}

settings! {
    priority: i64,
    autostart: bool,
    autorestart: Autorestart,
    startsecs: i64,
    startretries: i64,
    stopsignal: Signal,
    stopwaitsecs: i64,
    stopasgroup: bool,
    killasgroup: bool,
    exitcodes: Vec<u8>,
}

macro_rules! orderings {
    ($($name:ident),*) => {
        impl Script {
            $(pub(crate) fn $name(mut self, other: &str) -> Self {
                let origin = self.place_of_next();
                self.0.ordering.$name.push((other.to_owned(), origin));
                self
            })*
        }
    };
}

orderings!(requires, wants, after, before);

impl Script {
    /// `restart_delay`.
    pub(crate) fn restart_delay(mut self, delay: Duration) -> Self {
        self.0.pacing.delay = Some(delay);
        self
    }

    /// `restart_max_delay`.
    pub(crate) fn restart_max_delay(mut self, delay: Duration) -> Self {
        self.0.pacing.max_delay = Some(delay);
        self
    }

    /// `early_exit=ok`.
    pub(crate) fn may_end_early(mut self) -> Self {
        self.0.pacing.early_exit = EarlyExit::Ok;
        self
    }

    /// Options stand one below the other.
    fn place_of_next(&self) -> Origin {
        let lines: usize = self.0.ordering.names().iter().map(Vec::len).sum();
        Origin { line: self.0.origin.line + 1 + lines as u32, ..self.0.origin.clone() }
    }

    /// Where its section begins.
    pub(crate) fn at_line(mut self, line: u32) -> Self {
        self.0.origin.line = line;
        self
    }

    /// A group of its own, as a `[program:x]` is.
    pub(crate) fn alone(self) -> Arc<Group> {
        let program = self.0;
        Arc::new(Group {
            name: program.name.group.clone(),
            origin: program.origin.clone(),
            priority: program.priority,
            kind: GroupKind::Program,
            programs: vec![Arc::new(program)],
            ordering: Ordering::default(),
        })
    }
}

/// A `[group:x]` of these programs.
pub(crate) fn group(
    name: &str,
    priority: i64,
    members: impl IntoIterator<Item = Script>,
) -> Arc<Group> {
    let members = members.into_iter().map(|Script(program)| {
        let process = program.name.process.clone();
        Arc::new(Program { name: ProcessName::new(name, process), ..program })
    });
    Arc::new(Group {
        name: name.into(),
        origin: origin(&format!("group:{name}"), 1),
        priority,
        kind: GroupKind::Group,
        programs: members.collect(),
        ordering: Ordering::default(),
    })
}

/// A `[program:x]` with `numprocs`.
pub(crate) fn numbered(script: Script, numprocs: u32) -> Arc<Group> {
    let name = script.0.name.process.clone();
    let members = (0..numprocs).map(|number| {
        let mut member = script.clone();
        member.0.name.process = format!("{name}_{number:02}").into();
        member
    });
    group(&name, script.0.priority, members)
}

/// The engine, with a world around it that is as quick and as willing as can be.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) now: Moment,
    next_pid: u32,
    next_ticket: u64,
    /// Processes whose launch fails.
    pub(crate) broken: BTreeSet<String>,
    /// Whether launches are left to the story.
    pub(crate) slow_launcher: bool,
    answers: BTreeMap<Ticket, Answer>,
}

/// What came of one event.
#[derive(Debug, Default)]
pub(crate) struct Scene(pub(crate) Vec<Effect>);

impl Stage {
    pub(crate) fn of(groups: impl IntoIterator<Item = Arc<Group>>) -> Self {
        let now = Moment { time: Time(0), wall: Stamp(EPOCH) };
        let engine = Engine::new(groups.into_iter().collect(), now, &mut Vec::new());
        Self {
            engine,
            now,
            next_pid: 100,
            next_ticket: 1,
            broken: BTreeSet::new(),
            slow_launcher: false,
            answers: BTreeMap::new(),
        }
    }

    /// A stage with these programs, each a group of its own.
    pub(crate) fn with(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::of(scripts.into_iter().map(Script::alone))
    }

    /// As it is a moment after the daemon came up, with everything RUNNING that can be.
    pub(crate) fn running(scripts: impl IntoIterator<Item = Script>) -> Self {
        let mut stage = Self::with(scripts);
        stage.boot();
        stage.passes(60);
        stage
    }

    pub(crate) fn boot(&mut self) -> Scene {
        self.tell(Event::Boot)
    }

    /// Tells the engine of one event and does what it says.
    pub(crate) fn tell(&mut self, event: Event) -> Scene {
        let mut scene = Scene::default();
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let mut effects = Vec::new();
            self.engine.step(self.now, event, &mut effects);
            for effect in &effects {
                events.extend(self.perform(effect));
            }
            scene.0.append(&mut effects);
        }
        scene
    }

    fn perform(&mut self, effect: &Effect) -> Option<Event> {
        match effect {
            Effect::Spawn { key, program } if !self.slow_launcher => {
                Some(if self.broken.contains(&*program.name.process) {
                    let error = format!("can't find command '{}'", program.command);
                    Event::SpawnFailed { key: *key, error }
                } else {
                    self.next_pid += 1;
                    Event::Spawned { key: *key, pid: self.next_pid, invocation: run(self.next_pid) }
                })
            }
            Effect::Reply { ticket, answer } => {
                let again = self.answers.insert(*ticket, answer.clone());
                assert_eq!(again, None, "{ticket:?} was answered twice");
                None
            }
            _ => None,
        }
    }

    /// Lets whole seconds pass, waking the engine when it asked for it.
    pub(crate) fn passes(&mut self, seconds: u64) -> Scene {
        self.passes_micros(seconds * 1_000_000)
    }

    /// Lets milliseconds pass.
    pub(crate) fn passes_millis(&mut self, millis: u64) -> Scene {
        self.passes_micros(millis * 1_000)
    }

    fn passes_micros(&mut self, micros: u64) -> Scene {
        let end = self.now.time.0 + micros;
        let mut scene = Scene::default();
        while let Some(due) = self.engine.deadline().filter(|due| due.0 <= end) {
            self.set_clock(due.0.max(self.now.time.0));
            scene.0.append(&mut self.tell(Event::Tick).0);
        }
        self.set_clock(end);
        scene
    }

    fn set_clock(&mut self, time: u64) {
        self.now = Moment { time: Time(time), wall: Stamp(EPOCH + time) };
    }

    /// How long the engine wants to be left alone.
    pub(crate) fn sleeps_for(&self) -> Option<Duration> {
        self.engine.deadline().map(|due| due.since(self.now.time))
    }

    pub(crate) fn key(&self, name: &str) -> Key {
        let (group, process) = name.split_once(':').unwrap_or((name, name));
        self.engine.find(&ProcessName::new(group, process)).expect(name)
    }

    pub(crate) fn row(&self, name: &str) -> Row {
        self.engine.row(self.key(name)).expect(name)
    }

    pub(crate) fn state(&self, name: &str) -> State {
        self.row(name).state
    }

    pub(crate) fn states<const N: usize>(&self, names: [&str; N]) -> [State; N] {
        names.map(|name| self.state(name))
    }

    /// It calls `exit`.
    pub(crate) fn exits(&mut self, name: &str, code: u8) -> Scene {
        self.ends(name, ExitStatus::Exited(code))
    }

    /// The signal that was sent to it works.
    pub(crate) fn dies(&mut self, name: &str) -> Scene {
        self.ends(name, ExitStatus::Killed { signal: Signal::TERM, core: false })
    }

    pub(crate) fn ends(&mut self, name: &str, status: ExitStatus) -> Scene {
        let Row { key, pid, .. } = self.row(name);
        assert_ne!(pid, 0, "{name} has no process that could end");
        self.tell(Event::Exited { key, pid, status })
    }

    /// A signal to it could not be sent.
    pub(crate) fn cannot_be_signalled(&mut self, name: &str) -> Scene {
        let Row { key, pid, .. } = self.row(name);
        self.tell(Event::KillFailed { key, pid, error: "EPERM".into() })
    }

    /// The launcher says that it is done with a process.
    pub(crate) fn is_launched(&mut self, name: &str) -> Scene {
        self.next_pid += 1;
        self.tell(Event::Spawned {
            key: self.key(name),
            pid: self.next_pid,
            invocation: run(self.next_pid),
        })
    }

    pub(crate) fn ask(&mut self, command: Command) -> (Ticket, Scene) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let requester = Requester { uid: Some(0), pid: None, via: "story".into() };
        let scene = self.tell(Event::Asked { ticket, requester, command });
        (ticket, scene)
    }

    pub(crate) fn start(&mut self, names: &str) -> (Ticket, Scene) {
        self.ask(Command::Start { names: select(names), wait: true })
    }

    pub(crate) fn stop(&mut self, names: &str) -> (Ticket, Scene) {
        self.ask(Command::Stop { names: select(names), wait: true })
    }

    pub(crate) fn restart(&mut self, names: &str) -> (Ticket, Scene) {
        self.ask(Command::Restart { names: select(names), wait: true })
    }

    pub(crate) fn update(
        &mut self,
        wanted: impl IntoIterator<Item = Arc<Group>>,
    ) -> (Ticket, Scene) {
        let wanted = wanted.into_iter().collect();
        self.ask(Command::Update { wanted, only: Vec::new() })
    }

    /// The answer to a question, if there is one yet.
    pub(crate) fn answer(&self, ticket: Ticket) -> Option<&Answer> {
        self.answers.get(&ticket)
    }

    /// The outcomes of a question, as supervisorctl would print them; none if it is open.
    pub(crate) fn outcomes(&self, ticket: Ticket) -> Vec<String> {
        match self.answer(ticket) {
            None => Vec::new(),
            Some(Answer::Outcomes(outcomes)) => outcomes.iter().map(line).collect(),
            Some(other) => panic!("no outcomes but {other:?}"),
        }
    }
}

/// Words as they are typed.
pub(crate) fn select(words: &str) -> Vec<Selector> {
    words.split_whitespace().map(Selector::parse).collect()
}

fn line(outcome: &Outcome) -> String {
    match &outcome.result {
        Ok(text) => format!("{}: {text}", outcome.name),
        Err(refusal) => format!("{}: ERROR ({})", outcome.name, refusal.text),
    }
}

impl Scene {
    /// `web STARTING -> RUNNING`, in the order they happened.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.pick(|effect| match effect {
            Effect::Publish(c) => Some(format!("{} {} -> {}", c.name, c.from, c.to)),
            _ => None,
        })
    }

    /// `web STARTING -> RUNNING: stayed up for startsecs`.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.pick(|effect| match effect {
            Effect::Publish(c) => Some(format!("{} {} -> {}: {}", c.name, c.from, c.to, c.cause)),
            _ => None,
        })
    }

    /// `Info spawned: 'web' with pid 101`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.pick(|effect| match effect {
            Effect::Log { level, text, .. } => Some(format!("{level:?} {text}")),
            _ => None,
        })
    }

    /// Names of what is launched.
    pub(crate) fn spawns(&self) -> Vec<String> {
        self.pick(|effect| match effect {
            Effect::Spawn { program, .. } => Some(program.name.to_string()),
            _ => None,
        })
    }

    /// `web SIGTERM`, or `web SIGKILL group`.
    pub(crate) fn kills(&self, stage: &Stage) -> Vec<String> {
        self.pick(|effect| match effect {
            Effect::Kill { key, signal, group, .. } => {
                let name = stage.engine.row(*key).map(|row| row.program.name.to_string());
                let whom = if *group { " group" } else { "" };
                Some(format!("{} {signal}{whom}", name.unwrap_or_default()))
            }
            _ => None,
        })
    }

    pub(crate) fn has(&self, wanted: &Effect) -> bool {
        self.0.contains(wanted)
    }

    fn pick(&self, show: impl Fn(&Effect) -> Option<String>) -> Vec<String> {
        self.0.iter().filter_map(show).collect()
    }
}
