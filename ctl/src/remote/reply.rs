//! What methods answer, taken out of their values.

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
