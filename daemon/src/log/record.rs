//! One message of the daemon itself.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use visor_units::engine::State;
use visor_units::exit::ExitStatus;
use visor_units::name::ProcessName;
use visor_units::time::Stamp;
use visor_units::unit::LogLevel;

/// A message for the daemon's log, with what it is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// When it was made.
    pub(crate) at: Stamp,
    /// How urgent it is.
    pub(crate) level: LogLevel,
    /// The text, on one line: control characters in it are escaped.
    pub(crate) text: String,
    /// Output of a program that belongs to the text, on lines of its own.
    pub(crate) output: Option<String>,
    /// What the journal can be searched by.
    pub(crate) fields: Fields,
}

/// What a message is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields {
    /// The process.
    pub(crate) name: Option<ProcessName>,
    /// Its process id.
    pub(crate) pid: Option<u32>,
    /// The states it changed from and to.
    pub(crate) change: Option<(State, State)>,
    /// How it ended.
    pub(crate) exit: Option<ExitStatus>,
}

impl Record {
    /// A message made now.
    pub(crate) fn new(level: LogLevel, text: &str) -> Self {
        Self {
            at: now(),
            level,
            text: escaped(text, false),
            output: None,
            fields: Fields::default(),
        }
    }

    /// Names the process it is about.
    pub(crate) fn about(mut self, name: &ProcessName) -> Self {
        self.fields.name = Some(name.clone());
        self
    }

    /// Names the process id it is about.
    pub(crate) fn pid(mut self, pid: u32) -> Self {
        self.fields.pid = (pid != 0).then_some(pid);
        self
    }

    /// Names the change of state it tells of.
    pub(crate) fn change(mut self, from: State, to: State) -> Self {
        self.fields.change = Some((from, to));
        self
    }

    /// Names the end it tells of.
    pub(crate) fn exit(mut self, status: ExitStatus) -> Self {
        self.fields.exit = Some(status);
        self
    }

    /// Adds output of a program, which may have several lines.
    pub(super) fn output(mut self, output: &str) -> Self {
        self.output = Some(escaped(output, true));
        self
    }

    /// Supervisor's line: `2026-01-02 03:04:05,678 INFO text`, in local time.
    pub(super) fn line(&self) -> String {
        let mut line = format!("{} {} {}\n", local_time(self.at), tag(self.level), self.text);
        if let Some(output) = &self.output {
            line.push_str(output);
            line.push('\n');
        }
        line
    }
}

/// A time of the day here, as Supervisor writes it: `2026-01-02 03:04:05,678`.
pub(super) fn local_time(at: Stamp) -> String {
    let at = zoned(at);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02},{:03}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond(),
    )
}

/// The same as RFC 3339 has it: `2026-01-02T03:04:05.678+01:00`.
pub(super) fn iso_time(at: Stamp) -> String {
    zoned(at).strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string()
}

fn zoned(at: Stamp) -> Zoned {
    let micros = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(TimeZone::system())
}

/// Supervisor's four letters for a level.
const fn tag(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Critical => "CRIT",
        LogLevel::Error => "ERRO",
        LogLevel::Warn => "WARN",
        LogLevel::Info => "INFO",
        LogLevel::Debug => "DEBG",
        LogLevel::Trace => "TRAC",
        LogLevel::Blather => "BLAT",
    }
}

/// Writes control characters as escapes, so that no name and no output can pass for a line of the log or drive a
/// terminal. `lines` lets newlines through.
pub(super) fn escaped(text: &str, lines: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => safe.push(c),
            '\n' if lines => safe.push(c),
            c if c.is_control() => {
                // Writing to a string does not fail.
                let _written = write!(safe, "{}", c.escape_default());
            }
            c => safe.push(c),
        }
    }
    safe
}

pub(super) fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_supervisors_shape() {
        let line = Record::new(LogLevel::Warn, "received SIGTERM indicating exit request").line();
        let (stamp, rest) = line.split_at(23);
        let shape: String =
            stamp.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        assert_eq!(shape, "9999-99-99 99:99:99,999");
        assert_eq!(rest, " WARN received SIGTERM indicating exit request\n");
    }

    #[test]
    fn a_name_with_a_newline_forges_no_line() {
        let record = Record::new(LogLevel::Info, "spawned: 'a\n2026-01-01 CRIT b\u{1b}[31m'");
        assert_eq!(record.text, "spawned: 'a\\n2026-01-01 CRIT b\\u{1b}[31m'");
    }

    #[test]
    fn output_keeps_its_lines_and_nothing_else() {
        let line =
            Record::new(LogLevel::Debug, "'x' stdout output:").output("one\ntwo\r\u{7}").line();
        assert!(line.ends_with(" DEBG 'x' stdout output:\none\ntwo\\r\\u{7}\n"), "{line:?}");
    }
}
