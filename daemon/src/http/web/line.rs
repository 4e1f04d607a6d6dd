//! A process as one line of the table.

use visor_units::engine::{Row, State, SubState};

use super::action::Verb;
use super::words::{Part, details};
use crate::http::clock::Clock;

/// What the table shows of one process.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The engine's handle: names the line in the page.
    pub(super) key: u32,
    /// Group.
    pub(super) group: String,
    /// Name inside the group.
    pub(super) process: String,
    /// Name as displayed.
    pub(super) name: String,
    /// Its state in lower case.
    pub(super) state: String,
    /// Supervisor's class of that state.
    pub(super) class: &'static str,
    /// How it is.
    pub(super) tone: Tone,
    /// Process id; 0 if there is none.
    pub(super) pid: u32,
    /// When it was launched, if it runs, and how long ago that is.
    pub(super) up: Option<(u64, String)>,
    /// What else there is to know.
    pub(super) details: Vec<Part>,
    /// What its first two buttons do, where they can do something.
    pub(super) verbs: [Option<Verb>; 2],
    /// Whether it has a standard error of its own.
    pub(super) has_stderr: bool,
}

/// How a process is, at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// It runs.
    Good,
    /// It is on its way.
    Busy,
    /// It does not run, and need not.
    Idle,
    /// Somebody should look at it.
    Bad,
}

impl Tone {
    /// How a process in the state of this row is.
    pub(super) fn of(row: &Row) -> Self {
        match row.state {
            State::Running => Self::Good,
            State::Starting | State::Stopping => Self::Busy,
            State::Backoff | State::Fatal | State::Unknown => Self::Bad,
            State::Exited if row.sub_state == SubState::ExitedUnexpected => Self::Bad,
            State::Stopped | State::Exited => Self::Idle,
        }
    }

    /// The word in the page.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Idle => "idle",
            Self::Bad => "bad",
        }
    }
}

impl Line {
    /// The line of a process.
    pub(super) fn new(row: &Row, clock: &Clock) -> Self {
        let name = &row.program.name;
        let has_process = row.pid != 0 && row.started.wall.0 != 0;
        Self {
            key: row.key.0,
            group: name.group.as_ref().to_owned(),
            process: name.process.as_ref().to_owned(),
            name: name.to_string(),
            state: row.state.name().to_lowercase(),
            class: class(row.state),
            tone: Tone::of(row),
            pid: row.pid,
            up: has_process.then(|| (row.started.wall.0, clock.uptime(row.started.wall))),
            details: details(row, clock),
            verbs: verbs(row.state),
            has_stderr: !row.program.redirect_stderr,
        }
    }
}

const fn class(state: State) -> &'static str {
    match state {
        State::Running => "statusrunning",
        State::Fatal | State::Backoff => "statuserror",
        _ => "statusnominal",
    }
}

/// Supervisor's page can stop only what is RUNNING; a program that fails again and again can be stopped here.
const fn verbs(state: State) -> [Option<Verb>; 2] {
    match state {
        State::Running => [Some(Verb::Stop), Some(Verb::Restart)],
        State::Starting | State::Backoff => [Some(Verb::Stop), None],
        State::Stopped | State::Exited | State::Fatal => [Some(Verb::Start), None],
        State::Stopping | State::Unknown => [None, None],
    }
}
