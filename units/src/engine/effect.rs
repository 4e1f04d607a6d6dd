//! What must be done.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::{Answer, Cause, Key, State, Ticket};
use crate::exit::ExitStatus;
use crate::name::ProcessName;
use crate::signal::Signal;
use crate::time::Moment;
use crate::unit::{Group, LogLevel, Program};

/// The whole of what the engine can do to the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Launch this process; `Event::Spawned` or `Event::SpawnFailed` must follow.
    Spawn {
        /// Which.
        key: Key,
        /// With what settings.
        program: Arc<Program>,
    },
    /// Send a signal. A process that is already gone is no failure: its exit is on the way.
    Kill {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
        /// What to send.
        signal: Signal,
        /// Whether to its whole process group.
        group: bool,
    },
    /// A state changed: tell every face.
    Publish(Change),
    /// Something that is shown of a process changed while its state did not: its process id, its sub-state, why, or what
    /// it waits for.
    Refresh {
        /// Which.
        key: Key,
    },
    /// A line for the daemon's log, in Supervisor's words.
    Log {
        /// How urgent.
        level: LogLevel,
        /// The process it is about.
        about: Option<Key>,
        /// The text.
        text: String,
    },
    /// The answer to a question.
    Reply {
        /// Names the question.
        ticket: Ticket,
        /// What came of it.
        answer: Answer,
    },
    /// A group is there now, with these keys for its programs, in order.
    GroupAdded {
        /// Its settings.
        group: Arc<Group>,
        /// The keys of `group.programs`.
        keys: Vec<Key>,
    },
    /// A group is gone, and its keys with it.
    GroupRemoved {
        /// Its settings.
        group: Arc<Group>,
        /// The keys it had.
        keys: Vec<Key>,
    },
    /// Every autostart program has been launched and has settled (RUNNING, EXITED, FATAL or waiting for a retry that is
    /// not its first, or after a run), once per boot.
    Settled,
    /// Everything is stopped: end, or begin again.
    Finished(Ending),
}

/// Why everything was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// To end.
    Shutdown,
    /// To end with this exit code, because of `exit_when`.
    Exit(u8),
    /// To begin again with a fresh configuration.
    Restart,
}

/// A change of state: the one fact behind the bus signal, the listener event, the journal line and the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which process.
    pub key: Key,
    /// Its name.
    pub name: ProcessName,
    /// The state it left.
    pub from: State,
    /// The state it is in.
    pub to: State,
    /// When.
    pub at: Moment,
    /// Its process id, or the one it had; 0 if none.
    pub pid: u32,
    /// Failed starts in a row so far (`tries` of STARTING and BACKOFF events).
    pub tries: u32,
    /// How it ended, where it did.
    pub exit: Option<ExitStatus>,
    /// Whether that end was expected.
    pub expected: bool,
    /// Why.
    pub cause: Cause,
}
