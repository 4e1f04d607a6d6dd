//! Why something asked for was not done. One list, for every face: Supervisor's XML-RPC codes, the bus error names
//! and the command line's exit codes are all derived from it.

use serde::{Deserialize, Serialize};

/// A refusal or a failure, by kind. The text that goes with it is in [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fault {
    /// Arguments that mean nothing.
    BadArguments,
    /// The daemon is going down and takes no more orders.
    ShuttingDown,
    /// No process, group or unit of that name.
    NoSuchUnit,
    /// No signal of that name or number.
    BadSignal,
    /// A file that is not there (a log, a program).
    NoFile,
    /// A program file that cannot be executed.
    NotExecutable,
    /// It was tried and failed.
    Failed,
    /// The process ended before it was up.
    AbnormalTermination,
    /// The process could not be launched.
    SpawnError,
    /// It runs already.
    AlreadyStarted,
    /// It does not run.
    NotRunning,
    /// The group is there already.
    AlreadyAdded,
    /// The group still runs.
    StillRunning,
    /// The configuration has errors; nothing was changed.
    ConfigInvalid,
    /// The dependency order has a cycle.
    OrderIsCyclic,
    /// Something it requires failed.
    DependencyFailed,
    /// The caller has no right to this.
    NotAuthorized,
    /// The caller asks too much at once.
    RateLimited,
}

/// A fault and what to tell the person about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind, on which programs decide.
    pub fault: Fault,
    /// The text, for people: lowercase, no full stop.
    pub text: String,
}

impl Refusal {
    /// A refusal with its text.
    pub fn new(fault: Fault, text: impl Into<String>) -> Self {
        Self { fault, text: text.into() }
    }
}

impl Fault {
    /// Every fault there is.
    pub const ALL: [Self; 18] = [
        Self::BadArguments,
        Self::ShuttingDown,
        Self::NoSuchUnit,
        Self::BadSignal,
        Self::NoFile,
        Self::NotExecutable,
        Self::Failed,
        Self::AbnormalTermination,
        Self::SpawnError,
        Self::AlreadyStarted,
        Self::NotRunning,
        Self::AlreadyAdded,
        Self::StillRunning,
        Self::ConfigInvalid,
        Self::OrderIsCyclic,
        Self::DependencyFailed,
        Self::NotAuthorized,
        Self::RateLimited,
    ];

    /// The code in Supervisor's XML-RPC interface (`supervisor.xmlrpc.Faults`); what has none there reports as
    /// `FAILED` (30).
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::BadArguments => 3,
            Self::ShuttingDown => 6,
            Self::NoSuchUnit => 10,
            Self::BadSignal => 11,
            Self::NoFile => 20,
            Self::NotExecutable => 21,
            Self::AbnormalTermination => 40,
            Self::SpawnError => 50,
            Self::AlreadyStarted => 60,
            Self::NotRunning => 70,
            Self::AlreadyAdded => 90,
            Self::StillRunning => 91,
            Self::ConfigInvalid => 92,
            Self::Failed
            | Self::OrderIsCyclic
            | Self::DependencyFailed
            | Self::NotAuthorized
            | Self::RateLimited => 30,
        }
    }

    /// What supervisorctl prints for it (`web: ERROR (already started)`), and what other faults would in its manner.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::BadArguments => "bad arguments",
            Self::ShuttingDown => "supervisor shutting down",
            Self::NoSuchUnit => "no such process",
            Self::BadSignal => "bad signal name",
            Self::NoFile => "no such file",
            Self::NotExecutable => "file is not executable",
            Self::Failed => "failed",
            Self::AbnormalTermination => "abnormal termination",
            Self::SpawnError => "spawn error",
            Self::AlreadyStarted => "already started",
            Self::NotRunning => "not running",
            Self::AlreadyAdded => "process group already active",
            Self::StillRunning => "process group still running",
            Self::ConfigInvalid => "configuration has errors",
            Self::OrderIsCyclic => "dependency order has a cycle",
            Self::DependencyFailed => "dependency failed",
            Self::NotAuthorized => "not authorized",
            Self::RateLimited => "too many requests",
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::new(fault, fault.text())
    }
}
