//! What an event says: its type and its text, to the byte as Supervisor has it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::topic::Topic;
use crate::config::repr_bytes;
use crate::engine::{Change, State};
use crate::name::ProcessName;

/// Something that listeners may be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// Its type.
    pub topic: Topic,
    /// What follows the header.
    pub payload: Arc<str>,
}

/// One of the two streams of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The word in events, log texts and file names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl Announcement {
    fn new(topic: Topic, payload: impl Into<Arc<str>>) -> Self {
        Self { topic, payload: payload.into() }
    }

    /// `PROCESS_STATE_…`.
    #[must_use]
    pub fn of_change(change: &Change) -> Self {
        let Change { name, from, to, pid, tries, expected, .. } = change;
        let mut payload =
            format!("processname:{} groupname:{} from_state:{from}", name.process, name.group);
        let extra = match to {
            State::Starting | State::Backoff => format!(" tries:{tries}"),
            State::Running | State::Stopping | State::Stopped => format!(" pid:{pid}"),
            State::Exited => format!(" expected:{} pid:{pid}", u8::from(*expected)),
            State::Fatal | State::Unknown => String::new(),
        };
        payload.push_str(&extra);
        Self::new(Topic::entered(*to), payload)
    }

    /// `PROCESS_LOG_…`: a program wrote something.
    #[must_use]
    pub fn of_log(name: &ProcessName, pid: u32, stream: Stream, data: &[u8]) -> Self {
        let topic = match stream {
            Stream::Stdout => Topic::ProcessLogStdout,
            Stream::Stderr => Topic::ProcessLogStderr,
        };
        let head = format!(
            "processname:{} groupname:{} pid:{pid} channel:{}\n",
            name.process,
            name.group,
            stream.name()
        );
        Self::new(topic, head + &decoded(data))
    }

    /// `PROCESS_COMMUNICATION_…`: a program wrote something between the capture marks.
    #[must_use]
    pub fn of_capture(name: &ProcessName, pid: u32, stream: Stream, data: &[u8]) -> Self {
        let topic = match stream {
            Stream::Stdout => Topic::ProcessCommunicationStdout,
            Stream::Stderr => Topic::ProcessCommunicationStderr,
        };
        let head = format!("processname:{} groupname:{} pid:{pid}\n", name.process, name.group);
        Self::new(topic, head + &decoded(data))
    }

    /// `REMOTE_COMMUNICATION`.
    #[must_use]
    pub fn of_remote(kind: &str, data: &str) -> Self {
        Self::new(Topic::RemoteCommunication, format!("type:{kind}\n{data}"))
    }

    /// `PROCESS_GROUP_ADDED`.
    #[must_use]
    pub fn group_added(name: &str) -> Self {
        Self::new(Topic::ProcessGroupAdded, format!("groupname:{name}\n"))
    }

    /// `PROCESS_GROUP_REMOVED`.
    #[must_use]
    pub fn group_removed(name: &str) -> Self {
        Self::new(Topic::ProcessGroupRemoved, format!("groupname:{name}\n"))
    }

    /// `SUPERVISOR_STATE_CHANGE_RUNNING`: the daemon is up.
    #[must_use]
    pub fn running() -> Self {
        Self::new(Topic::SupervisorStateChangeRunning, "")
    }

    /// `SUPERVISOR_STATE_CHANGE_STOPPING`: everything is going to be stopped.
    #[must_use]
    pub fn stopping() -> Self {
        Self::new(Topic::SupervisorStateChangeStopping, "")
    }

    /// `TICK_…`: a period began at `when`, in seconds since 1970.
    pub(super) fn tick(topic: Topic, when: u64) -> Self {
        Self::new(topic, format!("when:{when}"))
    }

    /// What a listener is sent. The length counts characters, not bytes: listeners read text.
    #[must_use]
    pub fn envelope(
        &self,
        identifier: &str,
        pool: &str,
        Serials { serial, pool_serial }: Serials,
    ) -> String {
        let Self { topic, payload } = self;
        let length = payload.chars().count();
        format!(
            "ver:3.0 server:{identifier} serial:{serial} pool:{pool} poolserial:{pool_serial} \
             eventname:{topic} len:{length}\n{payload}"
        )
    }
}

/// The numbers of an event: among all, and among those of a pool. Both stay the same when it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serials {
    /// Counts the events that any pool took, from 0.
    pub serial: u64,
    /// Counts those that this pool took, from 0.
    pub pool_serial: u64,
}

/// Output as text.
#[must_use]
pub fn decoded(data: &[u8]) -> String {
    match std::str::from_utf8(data) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("Undecodable: {}", repr_bytes(data)),
    }
}
