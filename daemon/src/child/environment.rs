//! The environment of a program: what visord inherited, Supervisor's own variables, then the configured ones.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use visor_units::unit::Program;

use super::launcher::Settings;

/// What the service manager told visord about visord itself. A program that took it for its own would, for instance,
/// report readiness in visord's name.
const NOT_PASSED_ON: [&str; 16] = [
    "FDSTORE",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "MAINPID",
    "MAINPIDFDID",
    "MANAGERPID",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "NOTIFY_SOCKET",
    "SYSTEMD_EXEC_PID",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// The daemon's environment without what is meant for the daemon alone.
pub(crate) fn inherited() -> Vec<(OsString, OsString)> {
    env::vars_os().filter(|(name, _)| NOT_PASSED_ON.iter().all(|other| name != other)).collect()
}

/// The environment of `program` as execve(2) takes it. Later settings win: the configuration may override even
/// `SUPERVISOR_…`, as in Supervisor.
///
/// # Errors
/// If a name or value holds a null byte.
pub(crate) fn of_program(settings: &Settings, program: &Program) -> Result<Vec<CString>, NulError> {
    let mut variables: BTreeMap<&OsStr, &OsStr> = BTreeMap::new();
    variables.extend(settings.environment.iter().map(|(k, v)| (k.as_os_str(), v.as_os_str())));
    let mut set = |name, value| variables.insert(OsStr::new(name), OsStr::new(value));
    set("SUPERVISOR_ENABLED", "1");
    let url = program.serverurl.as_deref().or(settings.server_url.as_deref());
    if let Some(url) = url.filter(|url| !url.is_empty()) {
        set("SUPERVISOR_SERVER_URL", url);
    }
    set("SUPERVISOR_PROCESS_NAME", &program.name.process);
    set("SUPERVISOR_GROUP_NAME", &program.name.group);
    for (name, value) in program.environment.iter().chain(&program.secrets.0) {
        set(name, value);
    }
    variables.into_iter().map(|(name, value)| assignment(name, value)).collect()
}

fn assignment(name: &OsStr, value: &OsStr) -> Result<CString, NulError> {
    let mut text = OsString::with_capacity(name.len() + value.len() + 2);
    text.push(name);
    text.push("=");
    text.push(value);
    CString::new(text.into_vec())
}

/// The `PATH` that visord inherited.
pub(crate) fn daemon_path(settings: &Settings) -> Option<&OsStr> {
    let path = settings.environment.iter().find(|(name, _)| name.as_bytes() == b"PATH")?;
    Some(&path.1)
}
