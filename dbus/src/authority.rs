//! What a caller needs a right for. Who has it is judged by the daemon.

use visor_units::engine::Requester;
use visor_units::fault::Refusal;

/// A kind of right, one per row of calls that belong together. Reading of states and properties needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Start, stop, restart and signal processes.
    ManageUnits,
    /// Read the configuration again and apply it. Reading counts, because an error quotes the file.
    ManageConfig,
    /// Reload and end the daemon.
    ManageDaemon,
    /// Read what processes wrote.
    ReadLogs,
    /// Write to the standard input of processes.
    SendInput,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [
        Self::ManageUnits,
        Self::ManageConfig,
        Self::ManageDaemon,
        Self::ReadLogs,
        Self::SendInput,
    ];

    /// The last word of its polkit action id.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ManageUnits => "manage-units",
            Self::ManageConfig => "manage-config",
            Self::ManageDaemon => "manage-daemon",
            Self::ReadLogs => "read-logs",
            Self::SendInput => "send-input",
        }
    }
}

/// The judge. Futures stay on the thread they were made on.
pub trait Authority: Clone + 'static {
    /// Whether `who` may do this.
    ///
    /// # Errors
    /// `NotAuthorized`, with a text that says who may.
    fn judge(&self, who: &Requester, action: Action) -> impl Future<Output = Result<(), Refusal>>;
}
