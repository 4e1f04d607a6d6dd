//! How a process ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::signal::Signal;

/// A wait status, decoded (wait(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExitStatus {
    /// It called `exit` with this code.
    Exited(u8),
    /// A signal ended it.
    Killed {
        /// The signal.
        signal: Signal,
        /// Whether it left a core dump.
        core: bool,
    },
    /// A status that is neither; the raw number, as Supervisor shows it.
    Other(u16),
}

impl ExitStatus {
    /// Decodes what waitpid(2) stores.
    #[must_use]
    pub const fn from_wait_status(raw: i32) -> Self {
        let low = raw & 0x7f;
        if low == 0 {
            Self::Exited(((raw >> 8) & 0xff) as u8)
        } else if low != 0x7f {
            Self::Killed { signal: Signal(low), core: raw & 0x80 != 0 }
        } else {
            Self::Other((raw & 0xffff) as u16)
        }
    }

    /// Supervisor's numeric form: the exit code, or -1 for everything else.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Exited(code) => code as i32,
            Self::Killed { .. } | Self::Other(_) => -1,
        }
    }

    /// What a shell makes of it (`$?`): the exit code, or 128 and the number of the signal.
    #[must_use]
    pub const fn shell_code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed { signal, .. } => (128 + signal.0) as u8,
            Self::Other(_) => u8::MAX,
        }
    }

    /// Whether `codes` (the `exitcodes` option) names this end as expected.
    #[must_use]
    pub fn is_expected(self, codes: &[u8]) -> bool {
        matches!(self, Self::Exited(code) if codes.contains(&code))
    }
}

impl fmt::Display for ExitStatus {
    /// Writes Supervisor's text: `exit status 3`, `terminated by SIGKILL (core dumped)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit status {code}"),
            Self::Killed { signal, core } => {
                write!(f, "terminated by {signal}{}", if *core { " (core dumped)" } else { "" })
            }
            Self::Other(raw) => write!(f, "unknown termination cause 0x{raw:04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_statuses_read_as_supervisor_prints_them() {
        for (raw, text, code, shell) in [
            (0x0300, "exit status 3", 3, 3),
            (0x0009, "terminated by SIGKILL", -1, 137),
            (0x008b, "terminated by SIGSEGV (core dumped)", -1, 139),
            (0x007f, "unknown termination cause 0x007f", -1, 255),
        ] {
            let status = ExitStatus::from_wait_status(raw);
            assert_eq!((status.to_string().as_str(), status.code()), (text, code));
            assert_eq!(status.shell_code(), shell);
        }
    }
}
