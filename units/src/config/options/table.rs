//! The rows of the table.

use super::{OptionSpec, SectionKind, Status};
use crate::announce::ResultHandler;
use crate::config::kinds::Kind;
use crate::unit::Resource;
use SectionKind::{
    CtlPlugin, EventListener, FcgiProgram, Group, Include, InetHttpServer, Program, ProgramDefault,
    RpcInterface, Supervisorctl, Supervisord, UnixHttpServer, Visord,
};

const DAEMON: &[SectionKind] = &[Supervisord];
const HERE_ONLY: &[SectionKind] = &[Visord];
const PROGRAMS: &[SectionKind] = &[Program, ProgramDefault, EventListener, FcgiProgram];
const ORDERED: &[SectionKind] = &[Program, ProgramDefault, EventListener, FcgiProgram, Group];
const LISTENER: &[SectionKind] = &[EventListener];
const FCGI: &[SectionKind] = &[FcgiProgram];
const SERVERS: &[SectionKind] = &[UnixHttpServer, InetHttpServer];
const CTL: &[SectionKind] = &[Supervisorctl];

const SUPERVISOR_2: &str = "this option of Supervisor 2 was removed in 3.0";
const PLUGIN: &str = "dependencies give the order; priority has no say in it";

/// An option that has its effect.
const fn works(
    sections: &'static [SectionKind],
    key: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    doc: &'static str,
) -> OptionSpec {
    OptionSpec { sections, key, kind, default, doc, status: Status::Effective }
}

/// An option that is recognised and does nothing.
const fn ignored(
    sections: &'static [SectionKind],
    key: &'static str,
    reason: &'static str,
) -> OptionSpec {
    OptionSpec {
        sections,
        key,
        kind: Kind::Text,
        default: None,
        doc: "Has no effect.",
        status: Status::NoEffect(reason),
    }
}

/// Every option there is.
// One option to a line: a table is read in columns.
#[rustfmt::skip]
pub const OPTIONS: &[OptionSpec] = &[
    // [supervisord]
    works(DAEMON, "logfile", Kind::LogPath, Some("supervisord.log"),
        "Log of the daemon, or `syslog`. Its directory is made if it is not there."),
    works(DAEMON, "logfile_maxbytes", Kind::Size, Some("50MB"),
        "Size at which the log is rotated; 0 is never."),
    works(DAEMON, "logfile_backups", Kind::Integer, Some("10"), "Rotated logs that are kept."),
    works(DAEMON, "loglevel", Kind::LogLevel, Some("info"), "How much the daemon logs."),
    works(DAEMON, "pidfile", Kind::FilePath, Some("supervisord.pid"),
        "File that holds the daemon's pid."),
    works(DAEMON, "umask", Kind::Octal, Some("022"),
        "File mode creation mask, set when the daemon detaches."),
    works(DAEMON, "directory", Kind::Directory, None,
        "Working directory, entered when the daemon detaches."),
    works(DAEMON, "nodaemon", Kind::Boolean, Some("false"), "Stay in the foreground."),
    works(DAEMON, "silent", Kind::Boolean, Some("false"),
        "Keep the log off the terminal in the foreground."),
    works(DAEMON, "minfds", Kind::Integer, Some("1024"),
        "Open files that the daemon must be able to have."),
    works(DAEMON, "minprocs", Kind::Integer, Some("200"),
        "Processes that the daemon must be able to have."),
    works(DAEMON, "user", Kind::User, None, "Account that the daemon changes to."),
    works(DAEMON, "identifier", Kind::Text, Some("supervisor"),
        "Name of this daemon in events and in the names of AUTO logs."),
    works(DAEMON, "childlogdir", Kind::LogDirectory, None,
        "Directory of AUTO logs, made if it is not there; the temporary directory if not set."),
    works(DAEMON, "nocleanup", Kind::Boolean, Some("false"), "Leave old AUTO logs at start."),
    works(DAEMON, "strip_ansi", Kind::Boolean, Some("false"),
        "Take ANSI escape sequences out of logs."),
    works(DAEMON, "environment", Kind::Environment, Some(""), "Environment of every program."),
    ignored(DAEMON, "http_port", SUPERVISOR_2),
    ignored(DAEMON, "http_username", SUPERVISOR_2),
    ignored(DAEMON, "http_password", SUPERVISOR_2),
    ignored(DAEMON, "sockchmod", SUPERVISOR_2),
    ignored(DAEMON, "sockchown", SUPERVISOR_2),
    // [visord]
    works(HERE_ONLY, "socket", Kind::Text, None,
        "Path of the peer-to-peer bus socket; `bus` in the run-time directory if not set."),
    works(HERE_ONLY, "bus", Kind::Bus, Some("auto"),
        "Which message bus to join: auto, system, session or off."),
    works(HERE_ONLY, "journal", Kind::OnOffAuto, Some("auto"),
        "Whether output goes to the journal: auto, on or off."),
    works(HERE_ONLY, "exit_when", Kind::ExitWhen, None,
        "When to stop everything and end with a program's exit code: `any-fatal`, `all-exited`, a process or `group:*`."),
    works(HERE_ONLY, "allow_open", Kind::Boolean, Some("false"),
        "Let an `[inet_http_server]` without a password be reached from other machines."),
    // [unix_http_server], [inet_http_server]
    works(&[UnixHttpServer], "file", Kind::Text, None, "Path of the socket."),
    works(&[UnixHttpServer], "chmod", Kind::Octal, Some("0700"), "Mode of the socket."),
    works(&[UnixHttpServer], "chown", Kind::Owner, None,
        "Owner of the socket, `user` or `user:group`."),
    works(&[InetHttpServer], "port", Kind::Address, None,
        "Address, `host:port`; `*` or no host is every interface."),
    works(SERVERS, "username", Kind::Text, None, "User name that a client must give."),
    works(SERVERS, "password", Kind::Text, None,
        "Password that a client must give, clear or as `{SHA}` and a SHA-1 in hex."),
    // [supervisorctl]
    works(CTL, "serverurl", Kind::Text, Some("http://localhost:9001"),
        "Where the daemon's HTTP server is."),
    works(CTL, "username", Kind::Text, None, "User name for it."),
    works(CTL, "password", Kind::Text, None, "Password for it."),
    works(CTL, "prompt", Kind::Text, Some("supervisor"), "Prompt of the interactive shell."),
    works(CTL, "history_file", Kind::Text, None, "File that keeps the shell's history."),
    // [include]
    works(&[Include], "files", Kind::Words, None,
        "Patterns of files to read, relative to this one."),
    // [program:x], [eventlistener:x], [fcgi-program:x]
    works(PROGRAMS, "command", Kind::Text, None,
        "The command line. It is split into words, but no shell sees it."),
    works(PROGRAMS, "process_name", Kind::Text, Some("%(program_name)s"),
        "Name of each process; must contain `%(process_num)` if there are several."),
    works(PROGRAMS, "numprocs", Kind::Integer, Some("1"), "How many processes to run."),
    works(PROGRAMS, "numprocs_start", Kind::Integer, Some("0"), "Number of the first one."),
    works(PROGRAMS, "priority", Kind::Integer, Some("999"),
        "Order of start and stop among what is not ordered otherwise; an event listener's group has -1."),
    works(PROGRAMS, "autostart", Kind::Boolean, Some("true"), "Start with the daemon."),
    works(PROGRAMS, "autorestart", Kind::Autorestart, Some("unexpected"),
        "Start again when it ends."),
    works(PROGRAMS, "startsecs", Kind::Integer, Some("1"),
        "Seconds it must stay up to count as running."),
    works(PROGRAMS, "startretries", Kind::Integer, Some("3"),
        "Failed starts in a row before it is given up; -1 is never."),
    works(PROGRAMS, "restart_delay", Kind::Duration, None,
        "Pause before it is started again, after a failed start and after a run; if not set, a second more after each failed start in a row, and none after a run that lasted 100 ms."),
    works(PROGRAMS, "restart_max_delay", Kind::Duration, None,
        "What the pause grows to: it doubles with each failed start and each short run; an expected end, or a run of this length, makes it `restart_delay` again."),
    works(PROGRAMS, "early_exit", Kind::EarlyExit, Some("failure"),
        "What an expected exit code before `startsecs` are over is: `failure`, a failed start, or `ok`, the end of a run."),
    works(PROGRAMS, "stopsignal", Kind::Signal, Some("TERM"), "Signal that asks it to stop."),
    works(PROGRAMS, "stopwaitsecs", Kind::Integer, Some("10"), "Seconds until it is killed."),
    works(PROGRAMS, "stopasgroup", Kind::Boolean, Some("false"),
        "Send the stop signal to its process group."),
    works(PROGRAMS, "killasgroup", Kind::Boolean, None,
        "Kill its process group; as `stopasgroup` if not set."),
    works(PROGRAMS, "exitcodes", Kind::ExitCodes, Some("0"), "Exit codes that are expected."),
    works(PROGRAMS, "user", Kind::User, None, "Account it runs as."),
    works(PROGRAMS, "group", Kind::UnixGroup, None,
        "Primary group it runs with, instead of its account's. One that this machine does not have is ignored with a warning, as Supervisor ignores all."),
    works(PROGRAMS, "groups", Kind::UnixGroups, Some(""),
        "Groups it is in besides those of its account."),
    works(PROGRAMS, "nice", Kind::Nice, None,
        "Nice value, from -20 (runs first) to 19 (runs last)."),
    works(PROGRAMS, "limit_nofile", Kind::Limit(Resource::Nofile), None,
        "Limit on open files, `soft:hard` or one number for both; `infinity` is none. As the daemon found it if not set."),
    works(PROGRAMS, "limit_nproc", Kind::Limit(Resource::Nproc), None,
        "Limit on processes of its account."),
    works(PROGRAMS, "limit_core", Kind::Limit(Resource::Core), None,
        "Limit on the bytes of a core dump; with 0 none is written."),
    works(PROGRAMS, "limit_data", Kind::Limit(Resource::Data), None,
        "Limit on the bytes of its data."),
    works(PROGRAMS, "limit_fsize", Kind::Limit(Resource::Fsize), None,
        "Limit on the bytes of a file that it writes."),
    works(PROGRAMS, "limit_memlock", Kind::Limit(Resource::Memlock), None,
        "Limit on the bytes that it may lock in memory."),
    works(PROGRAMS, "limit_stack", Kind::Limit(Resource::Stack), None,
        "Limit on the bytes of its stack."),
    works(PROGRAMS, "limit_as", Kind::Limit(Resource::As), None,
        "Limit on the bytes of its address space."),
    works(PROGRAMS, "limit_rss", Kind::Limit(Resource::Rss), None,
        "Limit on the bytes of its resident memory; Linux does not enforce it."),
    works(PROGRAMS, "limit_cpu", Kind::Limit(Resource::Cpu), None,
        "Limit on its processor time."),
    works(PROGRAMS, "limit_nice", Kind::Limit(Resource::Nice), None,
        "The best nice value that it may give itself, with its sign."),
    works(PROGRAMS, "limit_rtprio", Kind::Limit(Resource::Rtprio), None,
        "Limit on its real-time priority."),
    works(PROGRAMS, "umask", Kind::Octal, None, "File mode creation mask."),
    works(PROGRAMS, "directory", Kind::Text, None, "Working directory."),
    works(PROGRAMS, "environment", Kind::Environment, Some(""), "Environment variables."),
    works(PROGRAMS, "environment_file", Kind::Words, Some(""),
        "Files of `NAME=value` lines in the form of systemd's `EnvironmentFile=`, relative to the main file, with spaces between them; one that begins with `-` may be missing. They go before `environment`, later ones before earlier ones, and are shown nowhere, so `%(ENV_x)s` does not see them."),
    works(PROGRAMS, "serverurl", Kind::Text, None,
        "SUPERVISOR_SERVER_URL for it; `AUTO` is the daemon's own."),
    works(PROGRAMS, "redirect_stderr", Kind::Boolean, Some("false"),
        "Send standard error where standard output goes."),
    works(PROGRAMS, "log_format", Kind::LogFormat, None,
        "Form of its lines in log files, such as `%(time)s %(name)s %(stream)s %(message)s`; also `%(isotime)s` and `%(pid)s`. Lines are then written when they are whole. The journal and syslog, which have all that, get them as they are. The bytes as they come if not set."),
    works(PROGRAMS, "stdout_logfile", Kind::LogFile, Some("AUTO"),
        "File for standard output, `AUTO` or `NONE`. Its directory is made if it is not there; where the file cannot be opened, the program runs without it."),
    works(PROGRAMS, "stdout_logfile_maxbytes", Kind::Size, Some("50MB"),
        "Size at which it is rotated; 0 is never."),
    works(PROGRAMS, "stdout_logfile_backups", Kind::Integer, Some("10"),
        "Rotated files that are kept."),
    works(PROGRAMS, "stdout_capture_maxbytes", Kind::Size, Some("0"),
        "Bytes kept of what stands between the capture marks; 0 is off."),
    works(PROGRAMS, "stdout_events_enabled", Kind::Boolean, Some("false"),
        "Make an event of every write to standard output."),
    works(PROGRAMS, "stdout_syslog", Kind::Boolean, Some("false"),
        "Send standard output to syslog."),
    works(PROGRAMS, "stdout_journal", Kind::Boolean, Some("true"),
        "Send standard output to the journal where there is one."),
    works(PROGRAMS, "stderr_logfile", Kind::LogFile, Some("AUTO"),
        "File for standard error, `AUTO` or `NONE`. Its directory is made if it is not there; where the file cannot be opened, the program runs without it."),
    works(PROGRAMS, "stderr_logfile_maxbytes", Kind::Size, Some("50MB"),
        "Size at which it is rotated; 0 is never."),
    works(PROGRAMS, "stderr_logfile_backups", Kind::Integer, Some("10"),
        "Rotated files that are kept."),
    works(PROGRAMS, "stderr_capture_maxbytes", Kind::Size, Some("0"),
        "Bytes kept of what stands between the capture marks; 0 is off."),
    works(PROGRAMS, "stderr_events_enabled", Kind::Boolean, Some("false"),
        "Make an event of every write to standard error."),
    works(PROGRAMS, "stderr_syslog", Kind::Boolean, Some("false"),
        "Send standard error to syslog."),
    works(PROGRAMS, "stderr_journal", Kind::Boolean, Some("true"),
        "Send standard error to the journal where there is one."),
    ignored(PROGRAMS, "logfile", SUPERVISOR_2),
    ignored(PROGRAMS, "logfile_maxbytes", SUPERVISOR_2),
    ignored(PROGRAMS, "logfile_backups", SUPERVISOR_2),
    ignored(PROGRAMS, "log_stdout", SUPERVISOR_2),
    ignored(PROGRAMS, "log_stderr", SUPERVISOR_2),
    ignored(PROGRAMS, "dependent_startup_inherit_priority", PLUGIN),
    // Order, on programs and groups
    works(ORDERED, "requires", Kind::Names, Some(""),
        "Programs or groups that must be running before this starts."),
    works(ORDERED, "wants", Kind::Names, Some(""),
        "Programs or groups that are waited for, but may fail."),
    works(ORDERED, "after", Kind::Names, Some(""),
        "Programs or groups that this starts after and stops before."),
    works(ORDERED, "before", Kind::Names, Some(""),
        "Programs or groups that this starts before and stops after."),
    works(ORDERED, "depends_on", Kind::Names, Some(""), "The same as `requires`."),
    works(PROGRAMS, "dependent_startup", Kind::Text, Some("true"),
        "Whether `dependent_startup_wait_for` counts."),
    works(PROGRAMS, "dependent_startup_wait_for", Kind::Words, Some(""),
        "`name:state` pairs of supervisord-dependent-startup, read as `requires`."),
    // [eventlistener:x]
    works(LISTENER, "events", Kind::List, Some(""), "Types of events it is told of."),
    works(LISTENER, "buffer_size", Kind::Integer, Some("10"),
        "Events kept while every listener is busy."),
    works(LISTENER, "result_handler", Kind::Text, Some(ResultHandler::DEFAULT_NAME),
        "What judges its results: the default, or `supervisor_stdout:event_handler`; no other Python function."),
    // [fcgi-program:x]
    works(FCGI, "socket", Kind::Text, None,
        "The shared socket, `unix:///path` or `tcp://host:port`, which is their descriptor 0."),
    works(FCGI, "socket_owner", Kind::Owner, None,
        "Owner of a unix socket; the program's account if not set."),
    works(FCGI, "socket_mode", Kind::Octal, None, "Mode of a unix socket; 0700 if not set."),
    works(FCGI, "socket_backlog", Kind::Integer, None,
        "Connections that may wait, 1 to 65535; the system's maximum if not set."),
    // [group:x]
    works(&[Group], "programs", Kind::List, Some(""),
        "Names of the programs in it, in start order."),
    works(&[Group], "priority", Kind::Integer, Some("999"), "Order among groups."),
    // Plugins
    works(&[RpcInterface], FACTORY, Kind::Text, None, "Python function that makes the interface."),
    ignored(&[CtlPlugin], "supervisor.ctl_factory", "visorctl does not load Python plugins"),
];

/// The option that names an interface's maker.
pub(in crate::config) const FACTORY: &str = "supervisor.rpcinterface_factory";
