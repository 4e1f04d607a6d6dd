//! What is heard, and what must be done.

use std::sync::Arc;

use super::payload::{Announcement, Stream};
use crate::engine::{Change, Key};
use crate::name::ProcessName;
use crate::unit::{Group, LogLevel};

/// The whole of what the announcer can be told.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Nothing but the passing of time.
    Tick,
    /// Something for whoever wants to know.
    Announcement(Announcement),
    /// The state of a process changed.
    Changed(Change),
    /// A group is there now, with these keys for its programs. If it is a pool of listeners, it hears of itself.
    GroupAdded(Arc<Group>, Vec<Key>),
    /// A group is gone. If it was a pool of listeners, it does not hear of that.
    GroupRemoved(Arc<Group>),
    /// A listener was launched.
    Began {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
    },
    /// A listener said something on its standard output.
    Said {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
        /// What.
        bytes: Vec<u8>,
    },
    /// A program wrote something that is to be announced.
    Output(Box<Output>),
    /// A process ended, and what it wrote last is still on its way here: `Finished` must follow. What happened after its
    /// end is told after it.
    Ended {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
    },
    /// Everything that a process ever wrote has been told.
    Finished {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
    },
    /// What a listener was sent could not be written.
    Unsent {
        /// Which.
        key: Key,
    },
}

/// Something that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Who.
    pub name: ProcessName,
    /// Its process id.
    pub pid: u32,
    /// Where.
    pub stream: Stream,
    /// Whether it stood between the capture marks, and is all of what did.
    pub is_capture: bool,
    /// What.
    pub data: Vec<u8>,
}

/// The whole of what the announcer can do to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this to the standard input of a listener; if nobody reads there, `Heard::Unsent` must follow.
    Write {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
        /// What.
        bytes: Vec<u8>,
    },
    /// Print this on the daemon's standard output.
    Print(Vec<u8>),
    /// A line for the daemon's log, in Supervisor's words.
    Log {
        /// How urgent.
        level: LogLevel,
        /// The text.
        text: String,
    },
}
