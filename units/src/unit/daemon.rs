//! Settings of the daemon itself: `[supervisord]`, `[visord]`, `[rpcinterface:x]`, and `[supervisorctl]` beside them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::User;
use crate::name::ProcessName;

/// `[supervisord]`. Command-line options are laid over it by the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// Where the daemon's own log goes.
    pub logfile: MainLog,
    /// Bytes after which it is rotated; 0 never.
    pub logfile_maxbytes: i64,
    /// Rotated files kept.
    pub logfile_backups: i64,
    /// What is logged.
    pub loglevel: LogLevel,
    /// Absolute path of the pid file.
    pub pidfile: String,
    /// File mode creation mask, applied when daemonising.
    pub umask: u32,
    /// Working directory, entered when daemonising.
    pub directory: Option<String>,
    /// Whether to stay in the foreground.
    pub nodaemon: bool,
    /// Whether the log is kept from the terminal in the foreground.
    pub silent: bool,
    /// Descriptors that must be available.
    pub minfds: i64,
    /// Processes that must be available.
    pub minprocs: i64,
    /// The account to drop to.
    pub user: Option<User>,
    /// Name of this instance, in events and AUTO log names.
    pub identifier: String,
    /// Directory of AUTO logs; `None` is the temporary directory.
    pub childlogdir: Option<String>,
    /// Whether old AUTO logs are left at start.
    pub nocleanup: bool,
    /// Whether ANSI sequences are taken out of logs.
    pub strip_ansi: bool,
    /// Environment of every program.
    pub environment: BTreeMap<String, String>,
}

/// `[supervisord] logfile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MainLog {
    /// An absolute path.
    Path(String),
    /// syslog(3).
    Syslog,
}

/// `loglevel`, most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// `CRIT`
    Critical,
    /// `ERRO`
    Error,
    /// `WARN`
    Warn,
    /// `INFO`
    Info,
    /// `DEBG`
    Debug,
    /// `TRAC`
    Trace,
    /// `BLAT`
    Blather,
}

/// `[rpcinterface:x]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcInterface {
    /// The namespace.
    pub name: String,
    /// `supervisor.rpcinterface_factory`, a Python name.
    pub factory: String,
    /// Every other key.
    pub options: BTreeMap<String, String>,
}

impl RpcInterface {
    /// The factory of Supervisor's own methods.
    pub const MAIN: &str = "supervisor.rpcinterface:make_main_rpcinterface";

    /// Whether it has Supervisor's own methods.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.factory == Self::MAIN
    }
}

/// `[supervisorctl]`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ctl {
    /// Where the daemon's HTTP server is.
    pub serverurl: String,
    /// User name for it.
    pub username: Option<String>,
    /// Password for it. Never shown.
    pub password: Option<String>,
    /// Prompt of the shell.
    pub prompt: String,
    /// File of the shell's history.
    pub history_file: Option<String>,
}

impl fmt::Debug for Ctl {
    /// Shows everything but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctl")
            .field("serverurl", &self.serverurl)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("prompt", &self.prompt)
            .field("history_file", &self.history_file)
            .finish()
    }
}

/// `[visord]`, the section that Supervisor ignores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visord {
    /// `socket`: absolute path of the peer-to-peer bus socket; `None` is `bus` in the run-time directory.
    pub socket: Option<String>,
    /// `bus`: which bus to join.
    pub bus: WhichBus,
    /// `journal`: whether output goes to the journal.
    pub journal: OnOffAuto,
    /// `exit_when`: when the daemon ends by itself; `None` is never.
    pub exit_when: Option<ExitWhen>,
    /// `allow_open`: whether a TCP server that asks nobody for a password may be reached from other machines.
    pub allow_open: bool,
}

/// `[visord] exit_when`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitWhen {
    /// When any process is FATAL.
    AnyFatal,
    /// When every process has ended, event listeners aside.
    AllExited,
    /// When this process has ended.
    Process(ProcessName),
    /// When every process of this group has ended.
    Group(Arc<str>),
}

impl ExitWhen {
    /// Whether this process has a part in it.
    #[must_use]
    pub fn watches(&self, name: &ProcessName) -> bool {
        match self {
            Self::AnyFatal | Self::AllExited => true,
            Self::Process(process) => name == process,
            Self::Group(group) => name.group == *group,
        }
    }
}

impl fmt::Display for ExitWhen {
    /// Writes it as it is written in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyFatal => f.write_str("any-fatal"),
            Self::AllExited => f.write_str("all-exited"),
            Self::Process(name) => write!(f, "{name}"),
            Self::Group(name) => write!(f, "{name}:*"),
        }
    }
}

/// `[visord] bus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhichBus {
    /// The system bus as root, the session bus as a user, none where there is none.
    #[default]
    Auto,
    /// The system bus.
    System,
    /// The session bus.
    Session,
    /// No bus; the peer-to-peer socket is always there.
    Off,
}

/// `[visord] journal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnOffAuto {
    /// If there is one.
    #[default]
    Auto,
    /// Required: its absence is reported.
    On,
    /// Not used.
    Off,
}
