//! Signals by number and by name (signal(7)).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A signal number. Zero, which only probes, is representable because Supervisor accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signal(pub i32);

/// Names of the signals 1..=31 on Linux; where a number has aliases, the one that Supervisor's messages show.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "POLL", "PWR", "SYS",
];

/// Other names that are accepted on input.
const ALIASES: [(&str, i32); 5] =
    [("IOT", 6), ("CLD", 17), ("IO", 29), ("RTMIN", 34), ("RTMAX", 64)];

impl Signal {
    /// Orderly end (`SIGTERM`), the default of `stopsignal`.
    pub const TERM: Self = Self(15);
    /// The end that cannot be refused (`SIGKILL`).
    pub const KILL: Self = Self(9);

    /// Reads a number or a name, with or without `SIG`, in any case; surrounding space is ignored.
    ///
    /// # Errors
    /// Supervisor's text: `value 'FOO' is not a valid signal name` or `… number`, with the value as written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let word = text.trim();
        if let Ok(number) = word.parse::<i32>() {
            return if (0..=31).contains(&number) || number == 34 || number == 64 {
                Ok(Self(number))
            } else {
                Err(format!("value {text:?} is not a valid signal number").replace('"', "'"))
            };
        }
        let upper = word.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        Self::from_bare_name(bare)
            .ok_or_else(|| format!("value {text:?} is not a valid signal name").replace('"', "'"))
    }

    fn from_bare_name(bare: &str) -> Option<Self> {
        if let Some(index) = NAMES.iter().position(|name| *name == bare) {
            return i32::try_from(index + 1).ok().map(Self);
        }
        ALIASES.iter().find(|(name, _)| *name == bare).map(|&(_, number)| Self(number))
    }
}

impl fmt::Display for Signal {
    /// Writes `SIGTERM`; `signal 40` for what has no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            34 => f.write_str("SIGRTMIN"),
            64 => f.write_str("SIGRTMAX"),
            number => match usize::try_from(number - 1).ok().and_then(|index| NAMES.get(index)) {
                Some(name) => write!(f, "SIG{name}"),
                None => write!(f, "signal {number}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_spelling_of_a_signal() {
        for (text, number) in
            [("TERM", 15), ("sigterm", 15), (" 15 ", 15), ("RTMIN", 34), ("CLD", 17), ("0", 0)]
        {
            assert_eq!(Signal::parse(text), Ok(Signal(number)), "{text}");
        }
    }

    #[test]
    fn a_refused_signal_says_whether_name_or_number() {
        assert_eq!(Signal::parse("FOO"), Err("value 'FOO' is not a valid signal name".into()));
        assert_eq!(Signal::parse("99"), Err("value '99' is not a valid signal number".into()));
    }

    #[test]
    fn names_shown_are_supervisors_choice_among_aliases() {
        let shown: Vec<String> = [6, 17, 29, 34, 64, 40].map(|n| Signal(n).to_string()).into();
        assert_eq!(shown, ["SIGABRT", "SIGCHLD", "SIGPOLL", "SIGRTMIN", "SIGRTMAX", "signal 40"]);
    }
}
