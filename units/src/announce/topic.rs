//! The types of events, and which of them are kinds of others.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::engine::State;

/// A type of event, as `events=` names it. Names and descent are Supervisor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "each is the type of that name")]
pub enum Topic {
    Event,
    ProcessState,
    ProcessStateStarting,
    ProcessStateRunning,
    ProcessStateBackoff,
    ProcessStateStopping,
    ProcessStateExited,
    ProcessStateStopped,
    ProcessStateFatal,
    ProcessStateUnknown,
    ProcessCommunication,
    ProcessCommunicationStdout,
    ProcessCommunicationStderr,
    ProcessLog,
    ProcessLogStdout,
    ProcessLogStderr,
    RemoteCommunication,
    SupervisorStateChange,
    SupervisorStateChangeRunning,
    SupervisorStateChangeStopping,
    Tick,
    #[serde(rename = "TICK_5")]
    Tick5,
    #[serde(rename = "TICK_60")]
    Tick60,
    #[serde(rename = "TICK_3600")]
    Tick3600,
    ProcessGroup,
    ProcessGroupAdded,
    ProcessGroupRemoved,
}

use Topic::{
    Event, ProcessCommunication, ProcessCommunicationStderr, ProcessCommunicationStdout,
    ProcessGroup, ProcessGroupAdded, ProcessGroupRemoved, ProcessLog, ProcessLogStderr,
    ProcessLogStdout, ProcessState, ProcessStateBackoff, ProcessStateExited, ProcessStateFatal,
    ProcessStateRunning, ProcessStateStarting, ProcessStateStopped, ProcessStateStopping,
    ProcessStateUnknown, RemoteCommunication, SupervisorStateChange, SupervisorStateChangeRunning,
    SupervisorStateChangeStopping, Tick, Tick5, Tick60, Tick3600,
};

impl Topic {
    /// Every type with its name and the type it is a kind of; `EVENT` is a kind of itself.
    // One type to a line: a table is read in columns.
    #[rustfmt::skip]
    pub const ALL: [(Self, &'static str, Self); 27] = [
        (Event,                         "EVENT",                            Event),
        (ProcessState,                  "PROCESS_STATE",                    Event),
        (ProcessStateStarting,          "PROCESS_STATE_STARTING",           ProcessState),
        (ProcessStateRunning,           "PROCESS_STATE_RUNNING",            ProcessState),
        (ProcessStateBackoff,           "PROCESS_STATE_BACKOFF",            ProcessState),
        (ProcessStateStopping,          "PROCESS_STATE_STOPPING",           ProcessState),
        (ProcessStateExited,            "PROCESS_STATE_EXITED",             ProcessState),
        (ProcessStateStopped,           "PROCESS_STATE_STOPPED",            ProcessState),
        (ProcessStateFatal,             "PROCESS_STATE_FATAL",              ProcessState),
        (ProcessStateUnknown,           "PROCESS_STATE_UNKNOWN",            ProcessState),
        (ProcessCommunication,          "PROCESS_COMMUNICATION",            Event),
        (ProcessCommunicationStdout,    "PROCESS_COMMUNICATION_STDOUT",     ProcessCommunication),
        (ProcessCommunicationStderr,    "PROCESS_COMMUNICATION_STDERR",     ProcessCommunication),
        (ProcessLog,                    "PROCESS_LOG",                      Event),
        (ProcessLogStdout,              "PROCESS_LOG_STDOUT",               ProcessLog),
        (ProcessLogStderr,              "PROCESS_LOG_STDERR",               ProcessLog),
        (RemoteCommunication,           "REMOTE_COMMUNICATION",             Event),
        (SupervisorStateChange,         "SUPERVISOR_STATE_CHANGE",          Event),
        (SupervisorStateChangeRunning,  "SUPERVISOR_STATE_CHANGE_RUNNING",  SupervisorStateChange),
        (SupervisorStateChangeStopping, "SUPERVISOR_STATE_CHANGE_STOPPING", SupervisorStateChange),
        (Tick,                          "TICK",                             Event),
        (Tick5,                         "TICK_5",                           Tick),
        (Tick60,                        "TICK_60",                          Tick),
        (Tick3600,                      "TICK_3600",                        Tick),
        (ProcessGroup,                  "PROCESS_GROUP",                    Event),
        (ProcessGroupAdded,             "PROCESS_GROUP_ADDED",              ProcessGroup),
        (ProcessGroupRemoved,           "PROCESS_GROUP_REMOVED",            ProcessGroup),
    ];

    /// The type of that name, which is in capitals.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(topic, ..)| *topic)
    }

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Whether it is `other` or a kind of it.
    #[must_use]
    pub fn is(self, other: Self) -> bool {
        let parent = self.row().2;
        self == other || (parent != self && parent.is(other))
    }

    /// The event of entering a state.
    #[must_use]
    pub const fn entered(state: State) -> Self {
        match state {
            State::Starting => ProcessStateStarting,
            State::Running => ProcessStateRunning,
            State::Backoff => ProcessStateBackoff,
            State::Stopping => ProcessStateStopping,
            State::Exited => ProcessStateExited,
            State::Stopped => ProcessStateStopped,
            State::Fatal => ProcessStateFatal,
            State::Unknown => ProcessStateUnknown,
        }
    }

    /// Rows stand in the order of the variants, which a test sees to.
    const fn row(self) -> &'static (Self, &'static str, Self) {
        &Self::ALL[self as usize]
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_where_its_topic_looks_for_it_and_serde_has_the_same_name() {
        for (topic, name, parent) in Topic::ALL {
            assert_eq!(topic.row().0, topic, "{name}");
            assert_eq!(Topic::parse(name), Some(topic));
            assert_eq!(serde_json::to_string(&topic).unwrap(), format!("\"{name}\""));
            assert!(name.starts_with(parent.name()) || parent == Event, "{name}");
        }
        assert_eq!(Topic::parse("process_state"), None);
    }

    #[test]
    fn a_type_is_every_type_it_descends_from() {
        assert!(Tick5.is(Tick5) && Tick5.is(Tick) && Tick5.is(Event) && Event.is(Event));
        assert!(!Tick.is(Tick5) && !Tick5.is(Tick60) && !Event.is(Tick));
        assert!(!ProcessGroupAdded.is(ProcessState));
    }
}
