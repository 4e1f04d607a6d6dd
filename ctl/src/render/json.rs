//! Answers as JSON. Keys are those of the bus in snake case; times are µs since 1970.
//! 0 stands for never, for none and for what cannot be read.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use visor_dbus::UnitRow;
use visor_units::config::Difference;
use visor_units::engine::Outcome;

use super::description::{Clock, describe};
use crate::failure::fault_name;
use crate::select::Unknown;

/// One process with everything known of it.
pub(crate) fn process(row: &UnitRow, clock: &Clock) -> Value {
    let mut value = json!({
        "id": row.id,
        "group": row.group,
        "name": row.name,
        "kind": row.kind,
        "path": row.path,
        "state": row.state,
        "sub_state": row.sub_state,
        "result": row.result,
        "cause": row.cause,
        "description": describe(row, clock),
        "pid": row.pid,
        "started": row.started,
        "stopped": row.stopped,
        "changed": row.changed,
        "exit_code": row.exit_code,
        "exit_signal": row.exit_signal,
        "spawn_error": row.spawn_error,
        "tries": row.tries,
        "next_retry": row.next_retry,
        "restarts": row.restarts,
        "waiting_for": row.waiting_for,
        "priority": row.priority,
        "autostart": row.autostart,
        "log_dropped": row.log_dropped,
        "log_trouble": row.log_trouble,
        "events_dropped": row.events_dropped,
        "memory": row.memory,
        "cpu_nsec": row.cpu_nsec,
        "tasks": row.tasks,
    });
    for (key, text) in &row.other {
        value[key.as_str()] = json!(text);
    }
    value
}

/// `{key:[…]}`, with `unknown` for the names that mean nothing.
pub(crate) fn with_unknown(key: &str, values: Vec<Value>, unknown: &[Unknown]) -> Value {
    let mut document = Map::new();
    document.insert(key.to_owned(), values.into());
    if !unknown.is_empty() {
        let refused = unknown.iter().map(|unknown| outcome(&unknown.outcome())).collect();
        document.insert("unknown".to_owned(), refused);
    }
    document.into()
}

/// What came of a command for one process or group: `{"name":…,"done":…}` or `{"name":…,"error":{…}}`.
pub(crate) fn outcome(outcome: &Outcome) -> Value {
    match &outcome.result {
        Ok(done) => json!({ "name": outcome.name, "done": done }),
        Err(refusal) => json!({
            "name": outcome.name,
            "error": { "fault": fault_name(refusal.fault), "text": refusal.text },
        }),
    }
}

/// `{"added":[…],"changed":[…],"removed":[…]}`, names of groups.
pub(crate) fn difference(difference: &Difference) -> Value {
    let names = |names: &[Arc<str>]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    json!({
        "added": names(&difference.added),
        "changed": names(&difference.changed),
        "removed": names(&difference.removed),
    })
}

/// A property of the bus.
pub(crate) fn property(value: visor_dbus::Value) -> Value {
    match value {
        visor_dbus::Value::Text(text) | visor_dbus::Value::Other(text) => text.into(),
        visor_dbus::Value::Signed(number) => number.into(),
        visor_dbus::Value::Unsigned(number) => number.into(),
        visor_dbus::Value::Flag(flag) => flag.into(),
        visor_dbus::Value::List(values) => values.into_iter().map(property).collect(),
    }
}
