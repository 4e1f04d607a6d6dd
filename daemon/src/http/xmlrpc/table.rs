//! Every method there is: its name, its signature, what it says of itself, and what carries it out. Nothing else can be
//! called, and nothing is looked up anywhere else.

/// One method of Supervisor's, or another name of one.
pub(super) struct Method<Act: 'static> {
    /// Its name in its namespace.
    pub(super) name: &'static str,
    /// The type of what it gives.
    pub(super) returns: &'static str,
    /// Types and names of its arguments.
    pub(super) params: &'static [(&'static str, &'static str)],
    /// How many of those may be left out.
    pub(super) optional: usize,
    /// What it does.
    pub(super) doc: &'static str,
    /// What carries it out.
    pub(super) act: Act,
}

/// What can be done in the namespace `supervisor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    AddProcessGroup,
    ClearAllProcessLogs,
    ClearLog,
    ClearProcessLogs,
    GetApiVersion,
    GetAllConfigInfo,
    GetAllProcessInfo,
    GetIdentification,
    GetPid,
    GetProcessInfo,
    GetState,
    GetSupervisorVersion,
    ReadLog,
    ReadStderr,
    ReadStdout,
    ReloadConfig,
    RemoveProcessGroup,
    Restart,
    SendProcessStdin,
    SendRemoteCommEvent,
    Shutdown,
    SignalAll,
    SignalGroup,
    SignalProcess,
    StartAll,
    StartGroup,
    StartProcess,
    StopAll,
    StopGroup,
    StopProcess,
    TailStderr,
    TailStdout,
}

/// What can be done in the namespace `system`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SystemAct {
    ListMethods,
    MethodHelp,
    MethodSignature,
    Multicall,
}

const NAME: (&str, &str) = ("string", "name");
const WAIT: (&str, &str) = ("boolean", "wait");
const SIGNAL: (&str, &str) = ("string", "signal");
const OFFSET: (&str, &str) = ("int", "offset");
const LENGTH: (&str, &str) = ("int", "length");

const fn method<A>(
    name: &'static str,
    returns: &'static str,
    params: &'static [(&'static str, &'static str)],
    doc: &'static str,
    act: A,
) -> Method<A> {
    Method { name, returns, params, optional: 0, doc, act }
}

impl<A: Copy> Method<A> {
    /// The same, and its last argument may be left out.
    const fn last_optional(&self) -> Self {
        let Self { name, returns, params, doc, act, .. } = *self;
        Self { name, returns, params, optional: 1, doc, act }
    }

    /// Whether so many arguments are right.
    pub(super) const fn takes(&self, count: usize) -> bool {
        count <= self.params.len() && count + self.optional >= self.params.len()
    }
}

/// The namespace `supervisor`.
// One method to a line: a table is read in columns.
#[rustfmt::skip]
pub(super) const SUPERVISOR: &[Method<Act>] = &[
    method("getAPIVersion", "string", &[], "The version of this interface.", Act::GetApiVersion),
    method("getVersion", "string", &[], "The version of this interface; the old name of getAPIVersion.", Act::GetApiVersion),
    method("getSupervisorVersion", "string", &[], "The version of Supervisor that this daemon is like.", Act::GetSupervisorVersion),
    method("getIdentification", "string", &[], "The `identifier` of this daemon.", Act::GetIdentification),
    method("getState", "struct", &[], "What the daemon is doing: statecode and statename.", Act::GetState),
    method("getPID", "int", &[], "The process id of the daemon.", Act::GetPid),
    method("readLog", "string", &[OFFSET, LENGTH], "Bytes of the daemon's log. A negative offset counts from the end, and the length is then 0; a length of 0 is up to the end.", Act::ReadLog),
    method("readMainLog", "string", &[OFFSET, LENGTH], "Bytes of the daemon's log; the old name of readLog.", Act::ReadLog),
    method("clearLog", "boolean", &[], "Empties the daemon's log.", Act::ClearLog),
    method("shutdown", "boolean", &[], "Stops every process, then ends the daemon.", Act::Shutdown),
    method("restart", "boolean", &[], "Stops every process, reads the configuration, and begins again.", Act::Restart),
    method("reloadConfig", "array", &[], "Reads the configuration and tells which groups were added, changed and removed: [[added, changed, removed]]. Nothing is started or stopped.", Act::ReloadConfig),
    method("addProcessGroup", "boolean", &[NAME], "Adds a group of the configuration that was read last, and starts what has autostart.", Act::AddProcessGroup),
    method("removeProcessGroup", "boolean", &[NAME], "Removes a group, all of which must be stopped.", Act::RemoveProcessGroup),
    method("startProcess", "boolean", &[NAME, WAIT], "Starts a process (`group:name`), or a whole group (`group:*`). With wait, answers when it is up.", Act::StartProcess).last_optional(),
    method("startProcessGroup", "array", &[NAME, WAIT], "Starts every process of a group that does not run. What came of each is a struct.", Act::StartGroup).last_optional(),
    method("startAllProcesses", "array", &[WAIT], "Starts every process that does not run. What came of each is a struct.", Act::StartAll).last_optional(),
    method("stopProcess", "boolean", &[NAME, WAIT], "Stops a process (`group:name`), or a whole group (`group:*`). With wait, answers when it is down.", Act::StopProcess).last_optional(),
    method("stopProcessGroup", "array", &[NAME, WAIT], "Stops every process of a group that runs. What came of each is a struct.", Act::StopGroup).last_optional(),
    method("stopAllProcesses", "array", &[WAIT], "Stops every process that runs. What came of each is a struct.", Act::StopAll).last_optional(),
    method("signalProcess", "boolean", &[NAME, SIGNAL], "Sends a signal, by name or number, to a process or a whole group (`group:*`).", Act::SignalProcess),
    method("signalProcessGroup", "array", &[NAME, SIGNAL], "Sends a signal to every process of a group. What came of each is a struct.", Act::SignalGroup),
    method("signalAllProcesses", "array", &[SIGNAL], "Sends a signal to every process. What came of each is a struct.", Act::SignalAll),
    method("getAllConfigInfo", "array", &[], "The settings of every process of the configuration that was read last, each a struct.", Act::GetAllConfigInfo),
    method("getProcessInfo", "struct", &[NAME], "What there is to know of a process.", Act::GetProcessInfo),
    method("getAllProcessInfo", "array", &[], "What there is to know of every process, each a struct.", Act::GetAllProcessInfo),
    method("readProcessStdoutLog", "string", &[NAME, OFFSET, LENGTH], "Bytes of the log of a process's standard output, counted as in readLog.", Act::ReadStdout),
    method("readProcessLog", "string", &[NAME, OFFSET, LENGTH], "The old name of readProcessStdoutLog.", Act::ReadStdout),
    method("readProcessStderrLog", "string", &[NAME, OFFSET, LENGTH], "Bytes of the log of a process's standard error, counted as in readLog.", Act::ReadStderr),
    method("tailProcessStdoutLog", "array", &[NAME, OFFSET, LENGTH], "The end of the log of a process's standard output: [bytes, offset, overflow]. The offset is that of the end; overflow says that there was more than was asked for.", Act::TailStdout),
    method("tailProcessLog", "array", &[NAME, OFFSET, LENGTH], "The old name of tailProcessStdoutLog.", Act::TailStdout),
    method("tailProcessStderrLog", "array", &[NAME, OFFSET, LENGTH], "The end of the log of a process's standard error, as tailProcessStdoutLog gives it.", Act::TailStderr),
    method("clearProcessLogs", "boolean", &[NAME], "Empties the logs of a process.", Act::ClearProcessLogs),
    method("clearProcessLog", "boolean", &[NAME], "The old name of clearProcessLogs.", Act::ClearProcessLogs),
    method("clearAllProcessLogs", "array", &[], "Empties the logs of every process. What came of each is a struct.", Act::ClearAllProcessLogs),
    method("sendProcessStdin", "boolean", &[NAME, ("string", "chars")], "Writes to the standard input of a process, as UTF-8.", Act::SendProcessStdin),
    method("sendRemoteCommEvent", "boolean", &[("string", "type"), ("string", "data")], "Makes an event REMOTE_COMMUNICATION for the listeners.", Act::SendRemoteCommEvent),
];

/// The namespace `system`.
#[rustfmt::skip]
pub(super) const SYSTEM: &[Method<SystemAct>] = &[
    method("listMethods", "array", &[], "The names of all methods.", SystemAct::ListMethods),
    method("methodHelp", "string", &[NAME], "What a method does.", SystemAct::MethodHelp),
    method("methodSignature", "array", &[NAME], "The type of what a method gives, and the types of its arguments.", SystemAct::MethodSignature),
    method("multicall", "array", &[("array", "calls")], "Makes calls one after the other, each a struct of methodName and params. What came of each is its bare value, or a struct of faultCode and faultString.", SystemAct::Multicall),
];
