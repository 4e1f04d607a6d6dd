//! One process to run, with every setting it has.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FcgiSocket, LogFormat, Pacing, Resources, SecretEnvironment, UnixGroups};
use crate::name::ProcessName;
use crate::signal::Signal;

/// The settings of one process: one of the `numprocs` of a `[program:x]`, `[eventlistener:x]` or `[fcgi-program:x]`.
///
/// Field names are Supervisor's option names. Numbers are as wide as its files use them; seconds are whole seconds and
/// may be negative where Supervisor accepts that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Group and process name.
    pub name: ProcessName,
    /// Where the section stands.
    pub origin: Origin,
    /// The command line, split into words only when the process is launched (as Supervisor does).
    pub command: String,
    /// Working directory, entered after the user switch.
    pub directory: Option<String>,
    /// File mode creation mask; `None` inherits the daemon's.
    pub umask: Option<u32>,
    /// Start and stop order among what is not ordered otherwise; lower starts first.
    pub priority: i64,
    /// Whether it starts with the daemon.
    pub autostart: bool,
    /// What happens when it ends by itself.
    pub autorestart: Autorestart,
    /// Seconds it must stay up to count as running.
    pub startsecs: i64,
    /// Failed starts in a row before it is given up; -1 is never.
    pub startretries: i64,
    /// How soon it is started again.
    pub pacing: Pacing,
    /// The account it runs as; `None` keeps the daemon's.
    pub user: Option<User>,
    /// Its groups, where they are not those of the account.
    pub groups: UnixGroups,
    /// What it may use.
    pub resources: Resources,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// `log_format`: the form of its lines in its log files; `None` is the bytes as they come.
    pub log_format: Option<LogFormat>,
    /// Whether standard error goes where standard output goes.
    pub redirect_stderr: bool,
    /// The signal that asks it to stop.
    pub stopsignal: Signal,
    /// Seconds between `stopsignal` and `SIGKILL`.
    pub stopwaitsecs: i64,
    /// Whether `stopsignal` goes to the whole process group.
    pub stopasgroup: bool,
    /// Whether `SIGKILL` goes to the whole process group.
    pub killasgroup: bool,
    /// Exit codes that count as expected.
    pub exitcodes: Vec<u8>,
    /// Its own environment merged over `[supervisord] environment`; laid over what the daemon inherited.
    pub environment: BTreeMap<String, String>,
    /// `environment_file`, laid over that.
    pub secrets: SecretEnvironment,
    /// `SUPERVISOR_SERVER_URL` for it; `None` is the daemon's own URL.
    pub serverurl: Option<String>,
    /// The listening socket that is its standard input; `None` is a pipe.
    pub socket: Option<Arc<FcgiSocket>>,
    /// Dependencies as written on this program.
    pub ordering: Ordering,
}

/// Where something stands in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The file as it was named.
    pub file: String,
    /// Line of the section header or option, from 1.
    pub line: u32,
    /// The section, e.g. `program:web`.
    pub section: String,
}

/// `autorestart`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Autorestart {
    /// `false`: it stays ended.
    Never,
    /// `unexpected`: it is started again unless its exit code is in `exitcodes`.
    Unexpected,
    /// `true`: it is always started again.
    Always,
}

/// An account, looked up when the configuration was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// Login name; the text as written where the machine was not asked.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

/// Where one output stream goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// `std…_logfile`.
    pub logfile: LogFile,
    /// `std…_logfile_maxbytes`: bytes after which the file is rotated; 0 never.
    pub maxbytes: i64,
    /// `std…_logfile_backups`: rotated files kept.
    pub backups: i64,
    /// `std…_capture_maxbytes`: size of the capture buffer in bytes; 0 is capture off.
    pub capture_maxbytes: i64,
    /// `std…_events_enabled`.
    pub events_enabled: bool,
    /// `std…_syslog`.
    pub syslog: bool,
    /// `std…_journal`, visord's own: whether lines go to the journal where there is one.
    pub journal: bool,
}

/// `std…_logfile`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFile {
    /// A file that visord names, in `childlogdir`.
    Auto,
    /// No file.
    None,
    /// This file. The empty string is accepted and means no file, as in Supervisor.
    Path(String),
}

/// Dependency keys of a program or group: `requires`, `wants`, `after`, `before`, and what other tools wrote for the
/// same (`depends_on`, `dependent_startup_wait_for`). Each entry is a name as written, with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordering {
    /// Must be running before this starts; its failure is this one's failure.
    pub requires: Vec<(String, Origin)>,
    /// As `requires`, in the keys of other tools. Supervisor passes over those, so what is not there is passed over here.
    pub depends_on: Vec<(String, Origin)>,
    /// Is started along, and waited for, but may fail.
    pub wants: Vec<(String, Origin)>,
    /// Start after these, if they start at all; stop before them.
    pub after: Vec<(String, Origin)>,
    /// Start before these; stop after them.
    pub before: Vec<(String, Origin)>,
}

impl Program {
    /// Whether what it writes may become events.
    #[must_use]
    pub const fn makes_events(&self) -> bool {
        self.stdout.makes_events() || (!self.redirect_stderr && self.stderr.makes_events())
    }
}

impl Output {
    const fn makes_events(&self) -> bool {
        self.events_enabled || self.capture_maxbytes > 0
    }
}

impl Ordering {
    /// The names alone, in the order `requires`, `wants`, `after`, `before`.
    #[must_use]
    pub fn names(&self) -> [Vec<&str>; 4] {
        let mut names =
            [&self.requires, &self.wants, &self.after, &self.before].map(|list| texts(list));
        names[0].extend(texts(&self.depends_on));
        names
    }

    /// Whether nothing is ordered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names().iter().all(Vec::is_empty)
    }
}

fn texts(list: &[(String, Origin)]) -> Vec<&str> {
    list.iter().map(|(name, _)| name.as_str()).collect()
}
