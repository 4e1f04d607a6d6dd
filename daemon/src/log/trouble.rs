//! What can go wrong with a log file.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Something about a log file that a person should know.
#[derive(Debug)]
pub(super) struct Trouble {
    /// The file.
    pub(super) path: PathBuf,
    /// What happened to it.
    pub(super) kind: Kind,
}

/// What happened to a log file.
#[derive(Debug)]
pub(super) enum Kind {
    /// It is not there to be written to.
    NotOpened(io::Error),
    /// Output is being lost.
    Failing(io::Error),
    /// It no longer is; so many bytes were.
    Recovered(u64),
    /// It is closed, and that was not over; so many bytes were lost.
    ClosedFailing(u64),
    /// The file grows on, over its limit.
    NotRotated(io::Error),
    /// The old file is still written.
    NotReopened(io::Error),
    /// The file is as it was.
    NotCleared(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            Kind::NotOpened(error) => write!(f, "cannot open log file {path}: {error}"),
            Kind::Failing(error) => {
                write!(
                    f,
                    "cannot write log file {path}: {error}; output is lost until it can be written again"
                )
            }
            Kind::Recovered(lost) => {
                write!(f, "log file {path} can be written again; {lost} bytes were lost")
            }
            Kind::ClosedFailing(lost) => {
                write!(f, "log file {path} could not be written to its end; {lost} bytes were lost")
            }
            Kind::NotRotated(error) => write!(f, "cannot rotate log file {path}: {error}"),
            Kind::NotReopened(error) => write!(f, "cannot reopen log file {path}: {error}"),
            Kind::NotCleared(error) => write!(f, "cannot clear log file {path}: {error}"),
        }
    }
}

/// What came of a write.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What has to be said about it.
    pub(super) troubles: Vec<Trouble>,
    /// Whether the reader behind a special file is behind.
    pub(super) blocked: bool,
    /// Whether somebody reads along.
    pub(super) followed: bool,
}

impl Written {
    /// Adds what came of another write.
    pub(super) fn merge(&mut self, other: Self) {
        self.troubles.extend(other.troubles);
        self.blocked |= other.blocked;
        self.followed |= other.followed;
    }
}
