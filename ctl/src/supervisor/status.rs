//! Exit statuses, and the numbers of Supervisor that decide on them.

/// Whatever has no status of its own.
pub(super) const GENERIC: u8 = 1;
/// `start` without a name, or of an unknown group.
pub(super) const INVALID_ARGS: u8 = 2;
/// `status`: something is stopped, has exited or failed.
pub(super) const SOMETHING_STOPPED: u8 = 3;
/// The server has no `supervisor.` methods.
pub(super) const NO_METHODS: u8 = 3;
/// `status`: a name is unknown, or the server does not answer.
pub(super) const UNKNOWN: u8 = 4;
/// The server refused the connection.
pub(super) const REFUSED: u8 = 4;
/// The server speaks another version.
pub(super) const OTHER_VERSION: u8 = 5;
/// A process is not there, or ended too soon; the server's socket is not there.
pub(super) const NOT_RUNNING: u8 = 7;

/// Faults of `supervisor.xmlrpc.Faults`, and `SUCCESS` among them.
pub(super) mod fault {
    pub(in super::super) const UNKNOWN_METHOD: i64 = 1;
    pub(in super::super) const SHUTDOWN_STATE: i64 = 6;
    pub(in super::super) const BAD_NAME: i64 = 10;
    pub(in super::super) const BAD_SIGNAL: i64 = 11;
    pub(in super::super) const NO_FILE: i64 = 20;
    pub(in super::super) const NOT_EXECUTABLE: i64 = 21;
    pub(in super::super) const FAILED: i64 = 30;
    pub(in super::super) const ABNORMAL_TERMINATION: i64 = 40;
    pub(in super::super) const SPAWN_ERROR: i64 = 50;
    pub(in super::super) const ALREADY_STARTED: i64 = 60;
    pub(in super::super) const NOT_RUNNING: i64 = 70;
    pub(in super::super) const SUCCESS: i64 = 80;
    pub(in super::super) const ALREADY_ADDED: i64 = 90;
    pub(in super::super) const STILL_RUNNING: i64 = 91;
    pub(in super::super) const CANT_REREAD: i64 = 92;
}

/// The state of a process that runs.
pub(super) const RUNNING: i64 = 20;

/// STOPPED, EXITED, FATAL and UNKNOWN.
pub(super) const STOPPED_STATES: [i64; 4] = [0, 100, 200, 1000];
