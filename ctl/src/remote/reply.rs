//! What methods answer, taken out of their values.

use visor_dbus::{ConfiguredRow, UnitRow};
use visor_units::name::ProcessName;
use visor_units::xmlrpc::Value;

/// An answer that is understood.
pub(crate) trait Reply: Sized {
    /// `None` if it is something else.
    fn from_value(value: Value) -> Option<Self>;
}

/// `getProcessInfo`, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessInfo {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) state: i64,
    pub(crate) statename: String,
    pub(crate) description: String,
    pub(crate) pid: i64,
    pub(crate) exitstatus: i64,
    pub(crate) spawnerr: String,
    /// Seconds since 1970; 0 is never.
    pub(crate) start: i64,
    pub(crate) stop: i64,
}

/// `getAllConfigInfo`, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigInfo {
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) inuse: bool,
    pub(crate) autostart: bool,
    pub(crate) group_prio: i64,
    pub(crate) process_prio: i64,
}

/// What came of an order for one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessResult {
    pub(crate) group: String,
    /// `None` where no single process was meant.
    pub(crate) name: Option<String>,
    /// A fault's number, or 80 for success.
    pub(crate) status: i64,
    pub(crate) description: String,
}

impl ProcessInfo {
    /// When it was last launched, in µs since 1970; 0 never.
    pub(super) fn started(&self) -> u64 {
        stamp(self.start)
    }

    /// When it last ended, in µs since 1970; 0 never.
    pub(super) fn stopped(&self) -> u64 {
        stamp(self.stop)
    }

    /// Exit code of the last run; -1 if it has none. Supervisor says 0 also of what runs, or never ran.
    pub(super) fn exit_code(&self) -> i32 {
        let ended = self.pid == 0 && self.stop != 0 && self.stop >= self.start;
        ended.then(|| i32::try_from(self.exitstatus).ok()).flatten().unwrap_or(-1)
    }

    /// The same as visord tells it, as far as Supervisor does.
    pub(super) fn into_row(self, configured: Option<&ConfigInfo>) -> UnitRow {
        let id = ProcessName::new(self.group.as_str(), self.name.as_str()).to_string();
        UnitRow {
            id,
            pid: u32::try_from(self.pid).unwrap_or(0),
            started: self.started(),
            stopped: self.stopped(),
            exit_code: self.exit_code(),
            group: self.group,
            name: self.name,
            state: self.statename,
            spawn_error: self.spawnerr,
            autostart: configured.is_none_or(|info| info.autostart),
            priority: configured.map_or(0, |info| info.process_prio),
            ..UnitRow::default()
        }
    }
}

fn stamp(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000)
}

impl ConfigInfo {
    /// The same as visord tells it.
    pub(super) fn into_row(self) -> ConfiguredRow {
        ConfiguredRow {
            id: ProcessName::new(self.group.as_str(), self.name.as_str()).to_string(),
            group: self.group,
            name: self.name,
            in_use: self.inuse,
            autostart: self.autostart,
            group_priority: self.group_prio,
            priority: self.process_prio,
        }
    }
}

impl Reply for Value {
    fn from_value(value: Value) -> Option<Self> {
        Some(value)
    }
}

impl Reply for String {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            other => other.as_str().map(str::to_owned),
        }
    }
}

impl Reply for i64 {
    fn from_value(value: Value) -> Option<Self> {
        value.as_int()
    }
}

impl Reply for ProcessInfo {
    fn from_value(value: Value) -> Option<Self> {
        Some(Self {
            group: text(&value, "group")?,
            name: text(&value, "name")?,
            state: value.member("state")?.as_int()?,
            statename: text(&value, "statename")?,
            description: text(&value, "description")?,
            pid: value.member("pid")?.as_int()?,
            exitstatus: value.member("exitstatus")?.as_int()?,
            spawnerr: text(&value, "spawnerr")?,
            start: value.member("start")?.as_int()?,
            stop: value.member("stop")?.as_int()?,
        })
    }
}

impl Reply for ConfigInfo {
    fn from_value(value: Value) -> Option<Self> {
        Some(Self {
            group: text(&value, "group")?,
            name: text(&value, "name")?,
            inuse: value.member("inuse")?.as_bool()?,
            autostart: value.member("autostart")?.as_bool()?,
            group_prio: value.member("group_prio")?.as_int()?,
            process_prio: value.member("process_prio")?.as_int()?,
        })
    }
}

impl Reply for ProcessResult {
    fn from_value(value: Value) -> Option<Self> {
        Some(Self {
            group: text(&value, "group")?,
            name: Some(text(&value, "name")?),
            status: value.member("status")?.as_int()?,
            description: text(&value, "description")?,
        })
    }
}

impl<R: Reply> Reply for Vec<R> {
    fn from_value(value: Value) -> Option<Self> {
        let Value::Array(elements) = value else { return None };
        elements.into_iter().map(R::from_value).collect()
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.member(name)?.as_str().map(str::to_owned)
}
