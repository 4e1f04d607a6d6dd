//! What happened, and what was asked.

use serde::{Deserialize, Serialize};

use super::{Command, Key, Requester, Ticket};
use crate::exit::ExitStatus;
use crate::invocation::InvocationId;

/// The whole of what the engine can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The daemon is up: start what has `autostart`.
    Boot,
    /// Nothing but the passing of time.
    Tick,
    /// A process asked for by `Effect::Spawn` was launched. It must be told before its `Exited`.
    Spawned {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
        /// Names the run.
        invocation: InvocationId,
    },
    /// A process asked for by `Effect::Spawn` could not be launched.
    SpawnFailed {
        /// Which.
        key: Key,
        /// Supervisor's text for it, with the path and errno (`can't find command '/x'`).
        error: String,
    },
    /// A process was launched, but not into its program, and ends for that reason. It must be told after its `Spawned`.
    SetupFailed {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
        /// Why (`couldn't chdir to /x: ENOENT`).
        error: String,
    },
    /// A process ended and was reaped.
    Exited {
        /// Which.
        key: Key,
        /// Its process id, to tell it from its successor.
        pid: u32,
        /// How it ended.
        status: ExitStatus,
    },
    /// A signal asked for by `Effect::Kill` could not be sent, for another reason than that the process is gone.
    KillFailed {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
        /// The system's reason (`EPERM`).
        error: String,
    },
    /// Somebody asks for something; `Effect::Reply` with the same ticket is the answer, exactly once.
    Asked {
        /// Names the question.
        ticket: Ticket,
        /// Who asks.
        requester: Requester,
        /// What for.
        command: Command,
    },
    /// The one who asked has gone: the answer is not wanted any more. What was begun goes on.
    Withdrawn {
        /// Names the question.
        ticket: Ticket,
    },
}
