//! `org.visord1.Manager`: the daemon.

use zbus::Variant;

use super::{Arg, Emits, Interface, Method, Property, Signal, names, text};
use crate::ManagerRow;
use crate::authority::Action;

/// Methods of `org.visord1.Manager`.
pub(crate) enum Manager {
    GetUnit,
    GetUnitByPID,
    ListUnits,
    Start,
    Stop,
    Restart,
    Signal,
    Execute,
    Reread,
    ListConfigured,
    Update,
    AddGroup,
    RemoveGroup,
    OpenLog,
    ClearLog,
    SendStdin,
    ReloadConfigOfDaemon,
    Shutdown,
}

/// On the root object. Names are as `visorctl` takes them: `web`, `workers:w_0`, `workers:*`, `w*`, `all`.
pub(crate) static MANAGER: Interface<ManagerRow, Manager> = Interface {
    name: "org.visord1.Manager",
    doc: "The daemon. Names may be group:process, a process alone in its group, group:*, a pattern, or all.",
    methods: &[
        Method {
            id: Manager::GetUnit,
            name: "GetUnit",
            doc: "Finds a process by name.",
            takes: &[Arg("name", "s")],
            gives: &[Arg("unit", "o"), Arg("properties", "a{sv}")],
            action: None,
        },
        Method {
            id: Manager::GetUnitByPID,
            name: "GetUnitByPID",
            doc: "Finds a process by its process id.",
            takes: &[Arg("pid", "u")],
            gives: &[Arg("unit", "o"), Arg("properties", "a{sv}")],
            action: None,
        },
        Method {
            id: Manager::ListUnits,
            name: "ListUnits",
            doc: "Every process in start order, each with its path and the properties of Unit and Program but the \
                  counters. Filter: names as, states as; properties as: only these, counters too; sparse b (false): \
                  without what is empty, zero or false.",
            takes: &[Arg("filter", "a{sv}")],
            gives: &[Arg("units", "aa{sv}")],
            action: None,
        },
        Method {
            id: Manager::Start,
            name: "Start",
            doc: "Starts processes, and what they require. Options: wait b (true): answer when each is up or has \
                  failed. Fails if any of them did.",
            takes: &[Arg("names", "as"), Arg("options", "a{sv}")],
            gives: &[Arg("jobs", "ao")],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Manager::Stop,
            name: "Stop",
            doc: "Stops processes, and what requires them. Options: wait b (true): answer when each is down.",
            takes: &[Arg("names", "as"), Arg("options", "a{sv}")],
            gives: &[Arg("jobs", "ao")],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Manager::Restart,
            name: "Restart",
            doc: "Stops what runs, then starts all of them. Options: wait b (true).",
            takes: &[Arg("names", "as"), Arg("options", "a{sv}")],
            gives: &[Arg("jobs", "ao")],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Manager::Signal,
            name: "Signal",
            doc: "Sends a signal. Whom: main (the process) or group (its process group).",
            takes: &[Arg("names", "as"), Arg("signal", "i"), Arg("whom", "s")],
            gives: &[],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Manager::Execute,
            name: "Execute",
            doc: "As Start, Stop, Restart or Update (verb start, stop, restart, update), but answers with what came of \
                  it for each: Name s, and Done s or Error s (an error name) and Text s.",
            takes: &[Arg("verb", "s"), Arg("names", "as"), Arg("options", "a{sv}")],
            gives: &[Arg("outcomes", "aa{sv}")],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Manager::Reread,
            name: "Reread",
            doc: "Reads the configuration again and says what Update would change: available, changed, disappeared.",
            takes: &[],
            gives: &[Arg("groups", "a{sas}")],
            action: Some(Action::ManageConfig),
        },
        Method {
            id: Manager::ListConfigured,
            name: "ListConfigured",
            doc: "Reads the configuration again and says what is in it, each process with Id s, Group s, Name s, Kind s, \
                  InUse b (a group of that name is there), Autostart b, GroupPriority x, Priority x.",
            takes: &[Arg("options", "a{sv}")],
            gives: &[Arg("processes", "aa{sv}")],
            action: Some(Action::ManageConfig),
        },
        Method {
            id: Manager::Update,
            name: "Update",
            doc: "Reads the configuration again and applies it to these groups; none named is all.",
            takes: &[Arg("groups", "as"), Arg("options", "a{sv}")],
            gives: &[Arg("jobs", "ao"), Arg("checkpoint", "o")],
            action: Some(Action::ManageConfig),
        },
        Method {
            id: Manager::AddGroup,
            name: "AddGroup",
            doc: "Reads the configuration again and adds this group of it; what it says of the daemon holds from now on.",
            takes: &[Arg("group", "s"), Arg("options", "a{sv}")],
            gives: &[],
            action: Some(Action::ManageConfig),
        },
        Method {
            id: Manager::RemoveGroup,
            name: "RemoveGroup",
            doc: "Removes a group of which nothing runs.",
            takes: &[Arg("group", "s"), Arg("options", "a{sv}")],
            gives: &[],
            action: Some(Action::ManageConfig),
        },
        Method {
            id: Manager::OpenLog,
            name: "OpenLog",
            doc: "A descriptor from which output can be read. Name: a process, or empty for the daemon's own log. \
                  Stream: stdout or stderr. Options: follow b (false), lines t, offset t, length t.",
            takes: &[Arg("name", "s"), Arg("stream", "s"), Arg("options", "a{sv}")],
            gives: &[Arg("log", "h")],
            action: Some(Action::ReadLogs),
        },
        Method {
            id: Manager::ClearLog,
            name: "ClearLog",
            doc: "Empties the log files of processes that run.",
            takes: &[Arg("names", "as"), Arg("options", "a{sv}")],
            gives: &[],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Manager::SendStdin,
            name: "SendStdin",
            doc: "Writes to the standard input of a process. What it does not read now is kept for it.",
            takes: &[Arg("name", "s"), Arg("bytes", "ay")],
            gives: &[],
            action: Some(Action::SendInput),
        },
        Method {
            id: Manager::ReloadConfigOfDaemon,
            name: "ReloadConfigOfDaemon",
            doc: "Stops everything and begins again with a fresh configuration; refused if that has errors.",
            takes: &[],
            gives: &[],
            action: Some(Action::ManageDaemon),
        },
        Method {
            id: Manager::Shutdown,
            name: "Shutdown",
            doc: "Stops everything in order, then ends.",
            takes: &[],
            gives: &[],
            action: Some(Action::ManageDaemon),
        },
    ],
    properties: &[
        Property {
            name: "Version",
            signature: "s",
            emits: Emits::Const,
            doc: "Version of visord.",
            get: |_| text(env!("CARGO_PKG_VERSION")),
        },
        Property {
            name: "Features",
            signature: "as",
            emits: Emits::Const,
            doc: "What it was built with and what it found.",
            get: |row| names(&row.features),
        },
        Property {
            name: "Identifier",
            signature: "s",
            emits: Emits::Const,
            doc: "Name of this instance.",
            get: |row| text(&*row.identifier),
        },
        Property {
            name: "PID",
            signature: "u",
            emits: Emits::Const,
            doc: "Process id of the daemon.",
            get: |row| Variant::U32(row.pid),
        },
        Property {
            name: "StartTimestamp",
            signature: "t",
            emits: Emits::Const,
            doc: "When it started, in µs since 1970.",
            get: |row| Variant::U64(row.started.0),
        },
        Property {
            name: "ConfigFile",
            signature: "s",
            emits: Emits::Const,
            doc: "The configuration file.",
            get: |row| text(&*row.config_file),
        },
        Property {
            name: "ConfigRevision",
            signature: "t",
            emits: Emits::Value,
            doc: "Counts every configuration that was applied.",
            get: |row| Variant::U64(row.config_revision),
        },
        Property {
            name: "State",
            signature: "s",
            emits: Emits::Value,
            doc: "RUNNING, RESTARTING or SHUTDOWN.",
            get: |row| text(row.mood.name()),
        },
        Property {
            name: "NFailed",
            signature: "u",
            emits: Emits::Value,
            doc: "Processes in FATAL.",
            get: |row| Variant::U32(row.counts.fatal),
        },
        Property {
            name: "NUnits",
            signature: "u",
            emits: Emits::Never,
            doc: "Processes.",
            get: |row| Variant::U32(row.counts.total),
        },
        Property {
            name: "NRunning",
            signature: "u",
            emits: Emits::Never,
            doc: "Processes in RUNNING.",
            get: |row| Variant::U32(row.counts.running),
        },
    ],
    signals: &[
        Signal {
            name: "UnitStateChanged",
            doc: "A state changed; sent for every transition. Detail: PID u, Cause s, Timestamp t, Tries u; ExitCode i, \
                  ExitSignal i, Expected b where it ended. Where the bus was too slow for all of them, one signal stands \
                  for several and says so with Coalesced t, how many changes were left out in all.",
            carries: &[
                Arg("unit", "o"),
                Arg("name", "s"),
                Arg("old_state", "s"),
                Arg("new_state", "s"),
                Arg("detail", "a{sv}"),
            ],
        },
        Signal {
            name: "UnitsReloaded",
            doc: "A configuration was applied.",
            carries: &[Arg("revision", "t")],
        },
        Signal {
            name: "Reloading",
            doc: "The daemon begins again (true), or has (false).",
            carries: &[Arg("active", "b")],
        },
    ],
};
