//! What a Supervisor tells of a process, under the names of the bus where it means the same, and of the configuration's
//! options where the bus has none.

use std::collections::BTreeMap;

use visor_dbus::Value as Property;
use visor_units::name::ProcessName;
use visor_units::signal::Signal;
use visor_units::xmlrpc::Value;

use super::reply::{ProcessInfo, Reply};
use crate::login;

/// What is told twice, or of the group.
const LEFT_OUT: [&str; 5] = ["group", "name", "inuse", "stdout_logfile", "stderr_logfile"];

/// Every property that is known, by name; `told` is of `getAllProcessInfo`, `configured` of `getAllConfigInfo`.
pub(super) fn of(told: &Value, configured: Option<&Value>) -> Option<Vec<(String, Property)>> {
    let info = ProcessInfo::from_value(told.clone())?;
    let log = |key: &str| told.member(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (stdout, stderr) = (log("stdout_logfile"), log("stderr_logfile"));
    let mut properties: BTreeMap<String, Property> = BTreeMap::new();
    let mut put = |name: &str, value: Property| drop(properties.insert(name.to_owned(), value));
    let id = ProcessName::new(info.group.as_str(), info.name.as_str()).to_string();
    for (name, text) in [
        ("Id", &id),
        ("Group", &info.group),
        ("Name", &info.name),
        ("State", &info.statename),
        ("SpawnError", &info.spawnerr),
        ("StdoutLog", &stdout),
        ("StderrLog", &stderr),
    ] {
        put(name, Property::Text(text.clone()));
    }
    put("MainPID", Property::Unsigned(info.pid.unsigned_abs()));
    put("StartTimestamp", Property::Unsigned(info.started()));
    put("StopTimestamp", Property::Unsigned(info.stopped()));
    put("ExitCode", Property::Signed(info.exit_code().into()));
    if let Some(Value::Struct(members)) = configured {
        for (key, value) in members.iter().filter(|(key, _)| !LEFT_OUT.contains(&&**key)) {
            put(name_of(key), configured_as(key, value));
        }
    }
    Some(properties.into_iter().collect())
}

/// The name on the bus, or that of the option.
fn name_of(key: &str) -> &str {
    match key {
        "autostart" => "Autostart",
        "command" => "CommandLine",
        "group_prio" => "GroupPriority",
        "process_prio" => "Priority",
        "uid" => "User",
        option => option,
    }
}

fn configured_as(key: &str, value: &Value) -> Property {
    match (key, value) {
        // Supervisor's way to say that there is none.
        (_, Value::String(text)) if text == "none" => Property::Text(String::new()),
        ("serverurl", Value::String(url)) => Property::Text(login::split(url).0),
        ("uid", Value::Int(uid)) => Property::Text(uid.to_string()),
        ("stopsignal", Value::Int(number)) => match i32::try_from(*number) {
            Ok(number) => Property::Text(Signal(number).to_string()),
            Err(_) => property(value),
        },
        (_, value) => property(value),
    }
}

fn property(value: &Value) -> Property {
    match value {
        Value::Bool(flag) => Property::Flag(*flag),
        Value::Int(number) => Property::Signed(*number),
        Value::Array(values) => Property::List(values.iter().map(property).collect()),
        other => match other.as_str() {
            Some(text) => Property::Text(text.to_owned()),
            None => Property::Other(format!("{other:?}")),
        },
    }
}
