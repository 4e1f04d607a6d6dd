//! What can be asked, and what is answered.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fault::Refusal;
use crate::name::Selector;
use crate::signal::Signal;
use crate::unit::Group;

/// Names one question until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ticket(pub u64);

/// An order. Every face (bus, XML-RPC, page, signals) makes the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Start what is not running, and what it requires first.
    Start {
        /// Which processes.
        names: Vec<Selector>,
        /// Whether to answer only when each is RUNNING or has failed.
        wait: bool,
    },
    /// Stop what is running, and what requires it first.
    Stop {
        /// Which processes.
        names: Vec<Selector>,
        /// Whether to answer only when each is stopped.
        wait: bool,
    },
    /// Stop what runs, and what requires it first; each is started again as soon as it is down and what it requires is
    /// up. What is stopped is just started. With `wait` there are two outcomes for each that ran: `stopped`, `started`.
    Restart {
        /// Which processes.
        names: Vec<Selector>,
        /// Whether to answer only when each is RUNNING or has failed.
        wait: bool,
    },
    /// Send a signal; states do not change by it.
    Signal {
        /// Which processes.
        names: Vec<Selector>,
        /// What to send.
        signal: Signal,
        /// To whom.
        whom: Whom,
    },
    /// Make the running set of groups equal to `wanted`: stop and remove what went, replace what changed, add and
    /// autostart what is new.
    Update {
        /// The groups of the new configuration, in order.
        wanted: Vec<Arc<Group>>,
        /// Only these groups; empty is all.
        only: Vec<String>,
    },
    /// Add one group and autostart it.
    AddGroup(Arc<Group>),
    /// Remove one group, all of which must be stopped.
    RemoveGroup(String),
    /// Stop everything in order, then end.
    Shutdown,
    /// Stop everything in order, then begin again.
    RestartDaemon,
}

/// Whom a signal reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whom {
    /// The process itself.
    #[default]
    Main,
    /// Its process group.
    Group,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It was not even begun.
    Refused(Refusal),
    /// It was begun, or done, and has nothing to say for each process.
    Done,
    /// What came of it for each process (or group, for `Update`), in the order it was done.
    Outcomes(Vec<Outcome>),
}

/// What came of a command for one process or group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The process as displayed, the group, or the name as typed if there is none such.
    pub name: String,
    /// What was done (`started`, `stopped`, `signalled`, `added process group` …), or why not.
    pub result: Result<String, Refusal>,
}
