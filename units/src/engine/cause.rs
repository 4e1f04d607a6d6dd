//! Why a state changed. Kept with every transition; `why NAME` is a read of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::exit::ExitStatus;
use crate::name::ProcessName;

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// User id, where the caller has one.
    pub uid: Option<u32>,
    /// Process id, where the caller has one.
    pub pid: Option<u32>,
    /// How the caller came in, for people: `bus :1.42`, `socket`, `SIGTERM`.
    pub via: String,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The daemon came up and the program has `autostart`.
    Autostart,
    /// Somebody asked.
    Asked(Requester),
    /// Something that requires or wants it was started.
    NeededBy(ProcessName),
    /// What it waited for is running.
    DependencyReady(ProcessName),
    /// What it requires failed.
    DependencyFailed(ProcessName),
    /// What it requires is being stopped.
    DependencyStopped(ProcessName),
    /// It stayed up for `startsecs`.
    StayedUp,
    /// It ended.
    Exited(ExitStatus),
    /// It ended before `startsecs` were over.
    ExitedTooQuickly(ExitStatus),
    /// It could not be launched.
    SpawnFailed(String),
    /// It is started again because of `autorestart`.
    Autorestart,
    /// The wait after a failed start is over.
    Retry,
    /// Failed more than `startretries` times in a row.
    GaveUp,
    /// `stopwaitsecs` were over.
    StopTimeout,
    /// A signal could not be sent.
    KillFailed(String),
    /// The configuration changed.
    Update,
    /// The daemon is going down.
    Shutdown,
}

impl fmt::Display for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.uid {
            Some(uid) => write!(f, "uid {uid} ({})", self.via),
            None => f.write_str(&self.via),
        }
    }
}

impl Cause {
    /// The process that a cause blames, read from its text: `db` of `dependency db failed`.
    #[must_use]
    pub fn culprit(text: &str) -> Option<&str> {
        let rest = text.strip_prefix("dependency ")?;
        rest.strip_suffix(" failed").or_else(|| rest.strip_suffix(" is being stopped"))
    }
}

impl fmt::Display for Cause {
    /// Reads after "because": lowercase, no full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Autostart => f.write_str("autostart"),
            Self::Asked(who) => write!(f, "asked by {who}"),
            Self::NeededBy(name) => write!(f, "needed by {name}"),
            Self::DependencyReady(name) => write!(f, "{name} is running"),
            Self::DependencyFailed(name) => write!(f, "dependency {name} failed"),
            Self::DependencyStopped(name) => write!(f, "dependency {name} is being stopped"),
            Self::StayedUp => f.write_str("stayed up for startsecs"),
            Self::Exited(status) => write!(f, "{status}"),
            Self::ExitedTooQuickly(status) => write!(f, "exited too quickly ({status})"),
            Self::SpawnFailed(error) => f.write_str(error),
            Self::Autorestart => f.write_str("autorestart"),
            Self::Retry => f.write_str("retry after backoff"),
            Self::GaveUp => f.write_str("too many start retries too quickly"),
            Self::StopTimeout => f.write_str("stopwaitsecs passed"),
            Self::KillFailed(error) => write!(f, "signal not sent: {error}"),
            Self::Update => f.write_str("configuration changed"),
            Self::Shutdown => f.write_str("shutdown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_cause_blames_can_be_read_from_its_text() {
        let db = ProcessName::new("g", "db");
        for cause in [Cause::DependencyFailed(db.clone()), Cause::DependencyStopped(db.clone())] {
            assert_eq!(Cause::culprit(&cause.to_string()), Some("g:db"));
        }
        for cause in [Cause::NeededBy(db), Cause::GaveUp, Cause::SpawnFailed("dependency".into())] {
            assert_eq!(Cause::culprit(&cause.to_string()), None);
        }
    }
}
