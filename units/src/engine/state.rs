//! The states a process can be in, and the moods of the daemon.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Supervisor's process states, with its numbers (`supervisor.states.ProcessStates`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Not running, by order or because it was never started.
    Stopped = 0,
    /// Launched, not yet up for `startsecs`; or waiting to be launched.
    Starting = 10,
    /// Up.
    Running = 20,
    /// Ended too early; waits for its next try.
    Backoff = 30,
    /// Asked to end.
    Stopping = 40,
    /// Ended by itself.
    Exited = 100,
    /// Given up.
    Fatal = 200,
    /// Nothing certain is known.
    Unknown = 1000,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Backoff,
        Self::Stopping,
        Self::Exited,
        Self::Fatal,
        Self::Unknown,
    ];

    /// The number in Supervisor's interfaces.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The name in every interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Backoff => "BACKOFF",
            Self::Stopping => "STOPPING",
            Self::Exited => "EXITED",
            Self::Fatal => "FATAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Supervisor's `STOPPED_STATES`: there is no process and none is coming.
    #[must_use]
    pub const fn is_stopped(self) -> bool {
        matches!(self, Self::Stopped | Self::Exited | Self::Fatal | Self::Unknown)
    }

    /// Whether [`TRANSITIONS`] has the step from here to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        TRANSITIONS.contains(&(self, next))
    }

    /// Supervisor's `RUNNING_STATES`: there is a process, or one is coming.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Backoff)
    }
}

/// Every change of state there is, as data. A change that is not here does not happen.
///
/// Supervisor's own, and five that visord adds: STARTING to STOPPED and to FATAL, for a
/// process that was still waiting for what it requires; EXITED to BACKOFF, for one with a `restart_delay` or with a
/// run that was too short to be started again at once; and two ways out of UNKNOWN, which Supervisor does not survive.
pub const TRANSITIONS: [(State, State); 20] = [
    (State::Stopped, State::Starting),
    (State::Starting, State::Running),
    (State::Starting, State::Backoff),
    (State::Starting, State::Stopping),
    (State::Starting, State::Stopped),
    (State::Starting, State::Fatal),
    (State::Starting, State::Unknown),
    (State::Running, State::Exited),
    (State::Running, State::Stopping),
    (State::Running, State::Unknown),
    (State::Backoff, State::Starting),
    (State::Backoff, State::Stopped),
    (State::Backoff, State::Fatal),
    (State::Stopping, State::Stopped),
    (State::Stopping, State::Unknown),
    (State::Exited, State::Starting),
    (State::Exited, State::Backoff),
    (State::Fatal, State::Starting),
    (State::Unknown, State::Stopped),
    (State::Unknown, State::Exited),
];

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What Supervisor's eight names do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubState {
    /// Never started.
    Dead,
    /// To be started, waits until what it requires is running.
    WaitingDependency,
    /// Being launched: no pid yet.
    Launching,
    /// Up for less than `startsecs`.
    Settling,
    /// Running.
    Running,
    /// Waits for its next try.
    WaitingBackoff,
    /// `stopsignal` was sent.
    StopSignalled,
    /// `SIGKILL` was sent.
    StopKilled,
    /// Stopped by order.
    Stopped,
    /// Ended by itself, as expected.
    ExitedExpected,
    /// Ended by itself, not as expected.
    ExitedUnexpected,
    /// Given up.
    Failed,
    /// What it requires failed.
    DependencyFailed,
    /// Nothing certain is known.
    Unknown,
}

impl SubState {
    /// The word on the bus.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::WaitingDependency => "waiting-dependency",
            Self::Launching => "launching",
            Self::Settling => "settling",
            Self::Running => "running",
            Self::WaitingBackoff => "waiting-backoff",
            Self::StopSignalled => "stop-signalled",
            Self::StopKilled => "stop-killed",
            Self::Stopped => "stopped",
            Self::ExitedExpected => "exited-expected",
            Self::ExitedUnexpected => "exited-unexpected",
            Self::Failed => "failed",
            Self::DependencyFailed => "dependency-failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What the daemon as a whole is doing (`supervisor.states.SupervisorStates`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mood {
    /// Working.
    Running = 1,
    /// Stopping everything, to begin again.
    Restarting = 0,
    /// Stopping everything, to end.
    Shutdown = -1,
}

impl Mood {
    /// The name in every interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Restarting => "RESTARTING",
            Self::Shutdown => "SHUTDOWN",
        }
    }
}
