//! One process: what it is doing, and what is remembered of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cause, Key, Links, RunResult, State, SubState};
use crate::exit::ExitStatus;
use crate::invocation::InvocationId;
use crate::name::ProcessName;
use crate::order::Strength;
use crate::time::{Moment, Stamp, Time};
use crate::unit::{Autorestart, Program};

/// What a process is doing, with what is only true while it does it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Never started.
    Dead,
    /// To be launched when none of these is in the way any more.
    Waiting { on: BTreeSet<Key> },
    /// `Effect::Spawn` is out.
    Launching,
    /// Launched; up when `up_at` comes.
    Settling { pid: u32, up_at: Time },
    /// Up.
    Running { pid: u32 },
    /// To be tried again at `retry_at`.
    Backoff { retry_at: Time },
    /// Asked to end.
    Stopping(Stopping),
    /// Ended by order.
    Stopped,
    /// Ended by itself.
    Exited { expected: bool },
    /// Given up.
    Failed,
    /// Given up because of what it requires.
    DependencyFailed,
    /// It could not be signalled, and lives on; `stopping` if it is to end.
    Unknown { pid: u32, stopping: bool },
}

/// A stop under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stopping {
    pub(super) pid: u32,
    /// When `SIGKILL` is sent, again and again.
    pub(super) kill_at: Time,
    /// Whether `SIGKILL` was sent.
    pub(super) killed: bool,
    /// When the log next says that somebody waits for this.
    pub(super) report_at: Option<Time>,
}

/// A stop that was ordered and has not begun: the process is being launched, or what needs it is still up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Halt {
    pub(super) cause: Cause,
    /// What must be down first.
    pub(super) after: BTreeSet<Key>,
}

/// A process as the engine knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Process {
    pub(super) program: Arc<Program>,
    /// Whether it is told of events, and has no purpose of its own.
    pub(super) is_listener: bool,
    /// Where it stands among the others; made anew from the groups whenever these change.
    #[serde(skip)]
    pub(super) place: Place,
    phase: Phase,
    /// Set only while there is or will be a process to stop.
    pub(super) halt: Option<Halt>,
    /// Why it is to be started as soon as it is stopped; set only while a stop is ordered or under way.
    pub(super) then_start: Option<Cause>,
    pub(super) started: Moment,
    pub(super) invocation: InvocationId,
    pub(super) stopped: Stamp,
    pub(super) exit: Option<ExitStatus>,
    pub(super) spawn_error: String,
    /// Why the process that is there now does not run its program; the explanation of its end.
    pub(super) setup_error: Option<String>,
    pub(super) tries: u32,
    /// Failed starts and runs in a row that came to no good; what the pause before the next start grows with.
    pub(super) setbacks: u32,
    pub(super) restarts: u32,
    pub(super) result: RunResult,
    pub(super) changed: Moment,
    pub(super) cause: Option<Cause>,
}

/// The place of a process in the dependency graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Position in start order.
    pub(super) rank: usize,
    pub(super) dependencies: Vec<(Key, Strength)>,
    pub(super) dependents: Vec<(Key, Strength)>,
    /// A name it requires that is not there.
    pub(super) missing: Option<String>,
    /// The same by name, for those who look.
    pub(super) links: Arc<Links>,
}

/// What somebody who waits for a process can expect of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Wait no more: it is up, or has done what it was for.
    Up,
    /// It may yet come up.
    Coming,
    /// It is down and stays down.
    Down,
}

impl Phase {
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Dead | Self::Stopped => State::Stopped,
            Self::Waiting { .. } | Self::Launching | Self::Settling { .. } => State::Starting,
            Self::Running { .. } => State::Running,
            Self::Backoff { .. } => State::Backoff,
            Self::Stopping(_) => State::Stopping,
            Self::Exited { .. } => State::Exited,
            Self::Failed | Self::DependencyFailed => State::Fatal,
            Self::Unknown { .. } => State::Unknown,
        }
    }

    pub(super) const fn sub_state(&self) -> SubState {
        match self {
            Self::Dead => SubState::Dead,
            Self::Waiting { .. } => SubState::WaitingDependency,
            Self::Launching => SubState::Launching,
            Self::Settling { .. } => SubState::Settling,
            Self::Running { .. } => SubState::Running,
            Self::Backoff { .. } => SubState::WaitingBackoff,
            Self::Stopping(Stopping { killed: false, .. }) => SubState::StopSignalled,
            Self::Stopping(Stopping { killed: true, .. }) => SubState::StopKilled,
            Self::Stopped => SubState::Stopped,
            Self::Exited { expected: true } => SubState::ExitedExpected,
            Self::Exited { expected: false } => SubState::ExitedUnexpected,
            Self::Failed => SubState::Failed,
            Self::DependencyFailed => SubState::DependencyFailed,
            Self::Unknown { .. } => SubState::Unknown,
        }
    }

    pub(super) const fn pid(&self) -> Option<u32> {
        match *self {
            Self::Settling { pid, .. }
            | Self::Running { pid }
            | Self::Stopping(Stopping { pid, .. })
            | Self::Unknown { pid, .. } => Some(pid),
            _ => None,
        }
    }

    /// When time alone changes something. A retry is not due while the daemon goes down.
    pub(super) fn deadline(&self, going_down: bool) -> Option<Time> {
        match self {
            Self::Settling { up_at, .. } => Some(*up_at),
            Self::Backoff { retry_at } if !going_down => Some(*retry_at),
            Self::Stopping(stop) => Some(stop.report_at.unwrap_or(stop.kill_at).min(stop.kill_at)),
            _ => None,
        }
    }

    /// What it waits for before it is launched.
    pub(super) fn obstacles(&self) -> Option<&BTreeSet<Key>> {
        if let Self::Waiting { on } = self { Some(on) } else { None }
    }

    /// Whether there is or will be a process that has not been asked to end.
    pub(super) const fn is_live(&self) -> bool {
        matches!(self, Self::Launching | Self::Settling { .. } | Self::Running { .. })
    }
}

impl Process {
    pub(super) fn new(program: Arc<Program>, is_listener: bool, now: Moment) -> Self {
        Self {
            program,
            is_listener,
            place: Place::default(),
            phase: Phase::Dead,
            halt: None,
            then_start: None,
            started: Moment::default(),
            invocation: InvocationId::default(),
            stopped: Stamp::default(),
            exit: None,
            spawn_error: String::new(),
            setup_error: None,
            tries: 0,
            setbacks: 0,
            restarts: 0,
            result: RunResult::default(),
            changed: now,
            cause: None,
        }
    }

    pub(super) const fn phase(&self) -> &Phase {
        &self.phase
    }

    pub(super) const fn state(&self) -> State {
        self.phase.state()
    }

    pub(super) fn name(&self) -> &ProcessName {
        &self.program.name
    }

    /// The name in log lines: Supervisor leaves the group out.
    pub(super) fn short_name(&self) -> Arc<str> {
        self.program.name.process.clone()
    }

    /// Puts it in another phase, and drops what the new one does not allow. The phase it was in.
    pub(super) fn replace(&mut self, phase: Phase) -> Phase {
        if !phase.is_live() {
            self.halt = None;
        }
        std::mem::replace(&mut self.phase, phase)
    }

    /// Takes one obstacle out of the way; whether it was the last one.
    pub(super) fn unblock(&mut self, dependency: Key) -> bool {
        match &mut self.phase {
            Phase::Waiting { on } => on.remove(&dependency) && on.is_empty(),
            _ => false,
        }
    }

    /// Whether a stop was ordered that has not ended.
    pub(super) const fn is_going_down(&self) -> bool {
        self.halt.is_some() || matches!(self.phase, Phase::Stopping(_))
    }

    /// Whether a launch can be the next thing that happens to it.
    pub(super) const fn can_start(&self) -> bool {
        let state = self.phase.state();
        (state.is_stopped() && !matches!(state, State::Unknown)) || matches!(state, State::Backoff)
    }

    /// Whether it runs once and is then done: `startsecs=0` and `autorestart=false`. To be up means nothing for such a
    /// program; what waits for it waits for its expected end.
    fn is_one_shot(&self) -> bool {
        self.program.startsecs <= 0 && self.program.autorestart == Autorestart::Never
    }

    /// Whether it has done what it was for, so that needing it is no reason to start it again.
    pub(super) fn is_done(&self) -> bool {
        self.phase == Phase::Exited { expected: true }
            && self.program.autorestart == Autorestart::Never
    }

    pub(super) fn outlook(&self) -> Outlook {
        match self.phase {
            _ if self.then_start.is_some() => Outlook::Coming,
            _ if self.is_going_down() => Outlook::Down,
            Phase::Running { .. } if !self.is_one_shot() => Outlook::Up,
            Phase::Exited { expected: true } => Outlook::Up,
            Phase::Exited { expected: false }
            | Phase::Dead
            | Phase::Stopped
            | Phase::Failed
            | Phase::DependencyFailed
            | Phase::Unknown { .. } => Outlook::Down,
            _ => Outlook::Coming,
        }
    }

    /// The strength with which it depends on another.
    pub(super) fn needs(&self, dependency: Key) -> Option<Strength> {
        let link = self.place.dependencies.iter().find(|(key, _)| *key == dependency);
        link.map(|(_, strength)| *strength)
    }

    /// When it will be tried again, on the wall clock; zero if it will not.
    pub(super) fn next_retry(&self) -> Stamp {
        match self.phase {
            Phase::Backoff { retry_at } => {
                let wait = retry_at.0.saturating_sub(self.changed.time.0);
                Stamp(self.changed.wall.0.saturating_add(wait))
            }
            _ => Stamp::default(),
        }
    }

    /// What is in its way, up or down.
    pub(super) fn waits_for(&self) -> impl Iterator<Item = Key> {
        let halt = self.halt.iter().flat_map(|halt| &halt.after);
        self.phase.obstacles().into_iter().flatten().chain(halt).copied()
    }
}

impl RunResult {
    /// What an end that nobody ordered comes to.
    pub(super) const fn of(status: ExitStatus, expected: bool) -> Self {
        match status {
            _ if expected => Self::Success,
            ExitStatus::Killed { core: true, .. } => Self::CoreDump,
            ExitStatus::Killed { core: false, .. } => Self::Signal,
            ExitStatus::Exited(_) | ExitStatus::Other(_) => Self::ExitCode,
        }
    }
}
