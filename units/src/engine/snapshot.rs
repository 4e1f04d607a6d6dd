//! What every face shows of a process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cause, Key, State, SubState};
use crate::exit::ExitStatus;
use crate::invocation::InvocationId;
use crate::name::ProcessName;
use crate::time::{Moment, Stamp};
use crate::unit::Program;

/// One process, as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its handle.
    pub key: Key,
    /// Its settings, with its name.
    pub program: Arc<Program>,
    /// Supervisor's state.
    pub state: State,
    /// What that name does not say.
    pub sub_state: SubState,
    /// Process id; 0 if there is none.
    pub pid: u32,
    /// When it was last launched; zero is never.
    pub started: Moment,
    /// Names its last run.
    pub invocation: InvocationId,
    /// When it last ended; zero is never.
    pub stopped: Stamp,
    /// How it last ended.
    pub exit: Option<ExitStatus>,
    /// Supervisor's `spawnerr`: why it could not be started, or ended wrongly; else empty.
    pub spawn_error: String,
    /// Failed starts in a row.
    pub tries: u32,
    /// When it will be tried again; zero if it will not.
    pub next_retry: Stamp,
    /// How often it was started again without being asked, since it was last asked.
    pub restarts: u32,
    /// What became of its last run.
    pub result: RunResult,
    /// When its state last changed.
    pub changed: Moment,
    /// Why its state last changed.
    pub cause: Option<Cause>,
    /// What it is waiting for, if it is.
    pub waiting_for: Vec<ProcessName>,
    /// Its place in the dependency order.
    pub links: Arc<Links>,
}

/// The dependencies of a process, resolved to processes; what a group says holds for each member. Of two processes only
/// the strongest key between them counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// What it cannot do without.
    pub requires: Vec<ProcessName>,
    /// What is started along with it.
    pub wants: Vec<ProcessName>,
    /// What it starts after, and whatever is in the two lists above as well.
    pub after: Vec<ProcessName>,
    /// What cannot do without it.
    pub required_by: Vec<ProcessName>,
}

/// What became of the last run, in systemd's words where it has one (systemd.exec(5), `$SERVICE_RESULT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunResult {
    /// Nothing is wrong.
    #[default]
    Success,
    /// An exit code that is not expected.
    ExitCode,
    /// A signal.
    Signal,
    /// A signal, with a core dump.
    CoreDump,
    /// It had to be killed.
    Timeout,
    /// It could not be launched.
    Resources,
    /// Given up after `startretries`.
    StartLimitHit,
    /// What it requires failed.
    Dependency,
}

impl RunResult {
    /// The word on the bus.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ExitCode => "exit-code",
            Self::Signal => "signal",
            Self::CoreDump => "core-dump",
            Self::Timeout => "timeout",
            Self::Resources => "resources",
            Self::StartLimitHit => "start-limit-hit",
            Self::Dependency => "dependency",
        }
    }
}

/// How many processes are in which state. Kept up to date by every transition, not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All.
    pub total: u32,
    /// RUNNING.
    pub running: u32,
    /// STARTING.
    pub starting: u32,
    /// BACKOFF.
    pub backoff: u32,
    /// STOPPING.
    pub stopping: u32,
    /// STOPPED.
    pub stopped: u32,
    /// EXITED.
    pub exited: u32,
    /// FATAL.
    pub fatal: u32,
    /// UNKNOWN.
    pub unknown: u32,
}
