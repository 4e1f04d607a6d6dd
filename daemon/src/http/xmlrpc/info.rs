//! What is told of processes.

use std::path::PathBuf;
use std::sync::Arc;

use visor_units::engine::{Row, State};
use visor_units::exit::ExitStatus;
use visor_units::time::Stamp;
use visor_units::unit::{Group, LogFile, Output, Program};
use visor_units::xmlrpc::Value;

use crate::http::clock::Clock;
use crate::log::Stream;
use crate::perform::LogPaths;

/// A process as it is now.
#[derive(Clone, Debug)]
pub(super) struct Process {
    /// What every face shows.
    pub(super) row: Row,
    /// Where its output is.
    pub(super) paths: LogPaths,
}

/// A group of the configuration that was read last.
pub(super) struct Configured {
    /// What was read.
    pub(super) group: Arc<Group>,
    /// Whether a group of that name runs.
    pub(super) in_use: bool,
    /// The files of its processes, where it is the very one that runs.
    pub(super) paths: Option<Vec<LogPaths>>,
}

fn seconds(stamp: Stamp) -> i64 {
    i64::try_from(stamp.secs()).unwrap_or(i64::MAX)
}

/// The path, or nothing.
pub(super) fn written(path: Option<&PathBuf>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

impl Process {
    /// The file of one of its streams.
    pub(super) fn log(self, stream: Stream) -> Option<PathBuf> {
        let path = match stream {
            Stream::Stdout => self.paths.stdout,
            Stream::Stderr => self.paths.stderr,
        };
        path.filter(|path| !path.as_os_str().is_empty())
    }

    /// The struct of `getProcessInfo`.
    pub(super) fn info(&self, clock: &Clock) -> Value {
        let Self { row, paths } = self;
        let (stdout, stderr) = (written(paths.stdout.as_ref()), written(paths.stderr.as_ref()));
        Value::members([
            ("name", (&*row.program.name.process).into()),
            ("group", (&*row.program.name.group).into()),
            ("start", seconds(row.started.wall).into()),
            ("stop", seconds(row.stopped).into()),
            ("now", seconds(clock.now).into()),
            ("state", row.state.code().into()),
            ("statename", row.state.name().into()),
            ("spawnerr", (&*row.spawn_error).into()),
            ("exitstatus", exit_status(row).into()),
            ("logfile", (&*stdout).into()),
            ("stdout_logfile", stdout.into()),
            ("stderr_logfile", stderr.into()),
            ("pid", i64::from(row.pid).into()),
            ("description", describe(row, clock).into()),
        ])
    }
}

/// The code of the last run. Supervisor forgets it when the next one begins, and does not count one that ended too quickly.
fn exit_status(row: &Row) -> i32 {
    let counts = match row.state {
        State::Exited | State::Unknown => true,
        // What went wrong with a start stands there until the next one.
        State::Stopped => row.spawn_error.is_empty(),
        _ => false,
    };
    row.exit.filter(|_| counts).map_or(0, ExitStatus::code)
}

/// What Supervisor says of a state.
fn describe(row: &Row, clock: &Clock) -> String {
    match row.state {
        State::Running => {
            format!("pid {}, uptime {}", row.pid, clock.uptime(row.started.wall))
        }
        State::Fatal | State::Backoff if row.spawn_error.is_empty() => {
            format!("unknown error (try \"tail {}\")", row.program.name.process)
        }
        State::Fatal | State::Backoff => row.spawn_error.clone(),
        State::Stopped | State::Exited if row.started.wall == Stamp::default() => {
            "Not started".to_owned()
        }
        State::Stopped | State::Exited => clock.date(row.stopped),
        State::Starting | State::Stopping | State::Unknown => String::new(),
    }
}

impl Configured {
    /// The structs of `getAllConfigInfo`, with the names they are sorted by.
    pub(super) fn infos(&self) -> impl Iterator<Item = (Arc<str>, Value)> {
        self.group.programs.iter().enumerate().map(|(at, program)| {
            let paths = self.paths.as_ref().and_then(|paths| paths.get(at));
            (Arc::clone(&program.name.process), self.info(program, paths))
        })
    }

    fn info(&self, program: &Program, paths: Option<&LogPaths>) -> Value {
        let or_none = |text: Option<&String>| Value::from(text.map_or("none", String::as_str));
        let uid = program.user.as_ref().map(|user| Value::from(i64::from(user.uid)));
        let codes = program.exitcodes.iter().map(|code| Value::from(i32::from(*code)));
        let stdout = logfile(&program.stdout, paths.and_then(|paths| paths.stdout.as_ref()), false);
        let stderr = paths.and_then(|paths| paths.stderr.as_ref());
        let stderr = logfile(&program.stderr, stderr, program.redirect_stderr);
        Value::members([
            ("autostart", program.autostart.into()),
            ("directory", or_none(program.directory.as_ref())),
            ("uid", uid.unwrap_or_else(|| "none".into())),
            ("command", (&*program.command).into()),
            ("exitcodes", Value::Array(codes.collect())),
            ("group", (&*self.group.name).into()),
            ("group_prio", self.group.priority.into()),
            ("inuse", self.in_use.into()),
            ("killasgroup", program.killasgroup.into()),
            ("name", (&*program.name.process).into()),
            ("process_prio", program.priority.into()),
            ("redirect_stderr", program.redirect_stderr.into()),
            ("startretries", program.startretries.into()),
            ("startsecs", program.startsecs.into()),
            ("stdout_capture_maxbytes", program.stdout.capture_maxbytes.into()),
            ("stdout_events_enabled", program.stdout.events_enabled.into()),
            ("stdout_logfile", stdout),
            ("stdout_logfile_backups", program.stdout.backups.into()),
            ("stdout_logfile_maxbytes", program.stdout.maxbytes.into()),
            ("stdout_syslog", program.stdout.syslog.into()),
            ("stopsignal", program.stopsignal.0.into()),
            ("stopwaitsecs", program.stopwaitsecs.into()),
            ("stderr_capture_maxbytes", program.stderr.capture_maxbytes.into()),
            ("stderr_events_enabled", program.stderr.events_enabled.into()),
            ("stderr_logfile", stderr),
            ("stderr_logfile_backups", program.stderr.backups.into()),
            ("stderr_logfile_maxbytes", program.stderr.maxbytes.into()),
            ("stderr_syslog", program.stderr.syslog.into()),
            ("serverurl", or_none(program.serverurl.as_ref())),
        ])
    }
}

/// The file of a stream: an AUTO one has a name only where the process is there.
fn logfile(output: &Output, path: Option<&PathBuf>, is_redirected: bool) -> Value {
    match (&output.logfile, path) {
        _ if is_redirected => "none".into(),
        (LogFile::None, _) => "none".into(),
        (LogFile::Path(path), _) => (&**path).into(),
        (LogFile::Auto, Some(path)) => path.display().to_string().into(),
        (LogFile::Auto, None) => "auto".into(),
    }
}
