//! What the command line says to the shell: one list of exit codes.

use std::process::ExitCode;

use visor_units::fault::Fault;

/// The exit codes of every verb. The numbers are those of LSB init scripts, which supervisorctl follows too. With
/// several names the highest of their codes is the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, or already so: starting what runs and stopping what does not are no failures.
    #[default]
    Success = 0,
    /// Refused or failed; the text says why.
    Failed = 1,
    /// The command line is wrong. `start` also says so of a group that does not exist, as supervisorctl does.
    Usage = 2,
    /// `status`: something shown is STOPPED, EXITED, FATAL or UNKNOWN.
    NotRunning = 3,
    /// The daemon cannot be reached or does not let the caller act; `status`: a name is unknown.
    Unreachable = 4,
    /// `start`, `restart`: it did not come up. `signal`, `send`, `pid`: there is no process.
    NoProcess = 7,
}

impl Exit {
    /// Every code.
    pub(crate) const ALL: [Self; 6] = [
        Self::Success,
        Self::Failed,
        Self::Usage,
        Self::NotRunning,
        Self::Unreachable,
        Self::NoProcess,
    ];

    /// The number.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, for `--help` and the manual.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done, or already so",
            Self::Failed => "refused or failed",
            Self::Usage => "wrong command line; start: unknown group",
            Self::NotRunning => "status: something shown is STOPPED, EXITED, FATAL or UNKNOWN",
            Self::Unreachable => {
                "visord cannot be reached or denies permission; status: unknown name"
            }
            Self::NoProcess => {
                "start, restart: did not come up; signal, send, pid: there is no process"
            }
        }
    }
}

impl From<Fault> for Exit {
    /// The code where a verb has no view of its own.
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotAuthorized => Self::Unreachable,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The section `--help` ends with.
pub(crate) fn help() -> String {
    let lines: Vec<String> =
        Exit::ALL.iter().map(|exit| format!("  {}  {}", exit.code(), exit.meaning())).collect();
    format!("Exit status:\n{}\nWith several names, the highest of their codes.", lines.join("\n"))
}
