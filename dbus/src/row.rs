//! A process as a dictionary on the wire, read back.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use zbus::{Signature, Type, Variant};

use crate::Value;

/// One process in the answer of `ListUnits`: a dictionary that may grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitRow {
    /// Displayed name: `group:process`, or one name where both are equal.
    pub id: String,
    /// Group.
    pub group: String,
    /// Process name.
    pub name: String,
    /// `program`, `listener` or `fcgi`.
    pub kind: String,
    /// Object path.
    pub path: String,
    /// Supervisor's state.
    pub state: String,
    /// What the state does not say.
    pub sub_state: String,
    /// What became of the last run.
    pub result: String,
    /// Why the state last changed, for people.
    pub cause: String,
    /// Process id; 0 if none.
    pub pid: u32,
    /// When it was last launched, µs since 1970; 0 never.
    pub started: u64,
    /// When it last ended, µs since 1970; 0 never.
    pub stopped: u64,
    /// When the state last changed, µs since 1970.
    pub changed: u64,
    /// Exit code of the last run; -1 if it has none.
    pub exit_code: i32,
    /// Signal that ended the last run; 0 if none.
    pub exit_signal: i32,
    /// Supervisor's `spawnerr`.
    pub spawn_error: String,
    /// Failed starts in a row.
    pub tries: u32,
    /// When it is tried again, µs since 1970; 0 if it is not.
    pub next_retry: u64,
    /// How often it was restarted by itself.
    pub restarts: u32,
    /// What it waits for.
    pub waiting_for: Vec<String>,
    /// `priority`.
    pub priority: i64,
    /// `autostart`.
    pub autostart: bool,
    /// Lines the journal did not take. Only with [`Client::list_with_usage`](crate::Client::list_with_usage), else 0.
    pub log_dropped: u64,
    /// Why output is missing in a log file. Only with `list_with_usage`, else empty.
    pub log_trouble: String,
    /// Events that the buffer of a listener's pool had no room for. Only with `list_with_usage`, else 0.
    pub events_dropped: u64,
    /// Resident memory in bytes. Only with `list_with_usage`, else 0.
    pub memory: u64,
    /// Processor time in ns. Only with `list_with_usage`, else 0.
    pub cpu_nsec: u64,
    /// Threads. Only with `list_with_usage`, else 0.
    pub tasks: u64,
    /// Keys that this version does not know, as text, so that an older command line can show a newer daemon.
    pub other: BTreeMap<String, String>,
}

/// One process in the answer of `ListConfigured`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfiguredRow {
    /// Displayed name: `group:process`, or one name where both are equal.
    pub id: String,
    /// Group.
    pub group: String,
    /// Process name.
    pub name: String,
    /// Whether a group of that name is there.
    pub in_use: bool,
    /// `autostart`.
    pub autostart: bool,
    /// `priority` of the group.
    pub group_priority: i64,
    /// `priority`.
    pub priority: i64,
}

impl ConfiguredRow {
    /// What is not there, or of another type, stays empty.
    pub(crate) fn of(entry: &HashMap<&str, Variant<'_>>) -> Self {
        let mut row = Self::default();
        for (key, value) in entry {
            match *key {
                "Id" => text(&mut row.id, value),
                "Group" => text(&mut row.group, value),
                "Name" => text(&mut row.name, value),
                "InUse" => number(&mut row.in_use, value),
                "Autostart" => number(&mut row.autostart, value),
                "GroupPriority" => number(&mut row.group_priority, value),
                "Priority" => number(&mut row.priority, value),
                _ => {}
            }
        }
        row
    }
}

impl UnitRow {
    /// The properties that [`UnitRow::set`] takes, as a filter of `ListUnits`.
    pub(crate) const SETTLED: [&str; 21] = [
        "Id",
        "Group",
        "Name",
        "Kind",
        "State",
        "SubState",
        "Result",
        "Cause",
        "SpawnError",
        "MainPID",
        "StartTimestamp",
        "StopTimestamp",
        "StateChangeTimestamp",
        "ExitCode",
        "ExitSignal",
        "Tries",
        "NextRetry",
        "NRestarts",
        "Priority",
        "Autostart",
        "WaitingFor",
    ];
    /// The counters among what [`UnitRow::set`] takes.
    pub(crate) const COUNTERS: [&str; 6] = [
        "MemoryCurrent",
        "CPUUsageNSec",
        "TasksCurrent",
        "LogDropped",
        "LogTrouble",
        "EventsDropped",
    ];

    /// Takes one entry of the dictionary. A value of a type that it cannot have is left out.
    fn set(&mut self, key: &str, value: &Variant<'_>) {
        match key {
            "Id" => text(&mut self.id, value),
            "Group" => text(&mut self.group, value),
            "Name" => text(&mut self.name, value),
            "Kind" => text(&mut self.kind, value),
            "Path" => text(&mut self.path, value),
            "State" => text(&mut self.state, value),
            "SubState" => text(&mut self.sub_state, value),
            "Result" => text(&mut self.result, value),
            "Cause" => text(&mut self.cause, value),
            "SpawnError" => text(&mut self.spawn_error, value),
            "MainPID" => number(&mut self.pid, value),
            "StartTimestamp" => number(&mut self.started, value),
            "StopTimestamp" => number(&mut self.stopped, value),
            "StateChangeTimestamp" => number(&mut self.changed, value),
            "ExitCode" => number(&mut self.exit_code, value),
            "ExitSignal" => number(&mut self.exit_signal, value),
            "Tries" => number(&mut self.tries, value),
            "NextRetry" => number(&mut self.next_retry, value),
            "NRestarts" => number(&mut self.restarts, value),
            "Priority" => number(&mut self.priority, value),
            "LogDropped" => number(&mut self.log_dropped, value),
            "EventsDropped" => number(&mut self.events_dropped, value),
            "LogTrouble" => text(&mut self.log_trouble, value),
            "MemoryCurrent" => number(&mut self.memory, value),
            "CPUUsageNSec" => number(&mut self.cpu_nsec, value),
            "TasksCurrent" => number(&mut self.tasks, value),
            "Autostart" => number(&mut self.autostart, value),
            "WaitingFor" => {
                if let Value::List(names) = Value::from(value) {
                    self.waiting_for = names.iter().map(ToString::to_string).collect();
                }
            }
            _ => {
                self.other.insert(key.to_owned(), Value::from(value).to_string());
            }
        }
    }
}

fn text(field: &mut String, value: &Variant<'_>) {
    match value {
        Variant::Str(text) => text.as_str().clone_into(field),
        Variant::ObjectPath(path) => path.as_str().clone_into(field),
        _ => {}
    }
}

fn number<'v, T: TryFrom<&'v Variant<'v>>>(field: &mut T, value: &'v Variant<'v>) {
    if let Ok(number) = T::try_from(value) {
        *field = number;
    }
}

impl<'de> Deserialize<'de> for UnitRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = UnitRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a dictionary of properties")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<UnitRow, M::Error> {
                let mut row = UnitRow::default();
                while let Some((key, value)) = map.next_entry::<&str, Variant<'_>>()? {
                    row.set(key, &value);
                }
                Ok(row)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl Type for UnitRow {
    const SIGNATURE: &'static Signature = &zbus::signature!("a{sv}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{PROGRAM, UNIT};

    #[test]
    fn what_is_asked_for_exists_and_has_a_field() {
        let exists = |name: &str| UNIT.property(name).is_some() || PROGRAM.property(name).is_some();
        for name in UnitRow::SETTLED.into_iter().chain(UnitRow::COUNTERS) {
            assert!(exists(name), "{name}");
            let mut row = UnitRow::default();
            row.set(name, &Variant::U8(0));
            assert!(row.other.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_a_newer_daemon_says_is_kept_as_text() {
        let mut row = UnitRow::default();
        row.set("Mood", &Variant::from("good"));
        row.set("Numbers", &Variant::from(vec![1_u32, 2]));
        assert_eq!(row.other["Mood"], "good");
        assert_eq!(row.other["Numbers"], "1, 2");
    }
}
