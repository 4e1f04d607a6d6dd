//! The form of a program's lines in its log files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `log_format`, visord's own: what stands around each line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFormat {
    /// Before the line.
    pub before: Vec<LogPiece>,
    /// After it.
    pub after: Vec<LogPiece>,
}

/// A piece of what stands around a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogPiece {
    /// This text.
    Text(String),
    /// This of the line.
    Field(LogField),
}

/// What can be said of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogField {
    /// When it was read, in local time, as in the daemon's own log: `2026-01-02 03:04:05,678`.
    Time,
    /// The same as RFC 3339 has it: `2026-01-02T03:04:05.678+01:00`.
    Isotime,
    /// The name of the process as it is shown: `group:process`, or one name where both are equal.
    Name,
    /// `stdout` or `stderr`.
    Stream,
    /// Process id.
    Pid,
}

impl LogField {
    /// Every field with its name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Time, "time"),
        (Self::Isotime, "isotime"),
        (Self::Name, "name"),
        (Self::Stream, "stream"),
        (Self::Pid, "pid"),
    ];
}

impl LogFormat {
    /// The name that stands for the line itself.
    pub const MESSAGE: &str = "message";
}

impl fmt::Display for LogFormat {
    /// As it is written in a configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let piece = |f: &mut fmt::Formatter<'_>, piece: &LogPiece| match piece {
            LogPiece::Text(text) => f.write_str(&text.replace('%', "%%")),
            LogPiece::Field(field) => {
                let known = LogField::ALL.into_iter().find(|(other, _)| other == field);
                write!(f, "%({})s", known.map_or("", |(_, name)| name))
            }
        };
        self.before.iter().try_for_each(|one| piece(f, one))?;
        write!(f, "%({})s", Self::MESSAGE)?;
        self.after.iter().try_for_each(|one| piece(f, one))
    }
}
