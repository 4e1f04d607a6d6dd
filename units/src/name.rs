//! What processes are called, and how a person picks some of them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The full name of a process: its group and its own name ("namespec" in Supervisor's manual).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessName {
    /// The group it belongs to; a program on its own is a group of its own name.
    pub group: Arc<str>,
    /// Its name inside the group (`process_name`).
    pub process: Arc<str>,
}

impl ProcessName {
    /// Joins a group and a process name.
    pub fn new(group: impl Into<Arc<str>>, process: impl Into<Arc<str>>) -> Self {
        Self { group: group.into(), process: process.into() }
    }

    /// The form that is always unambiguous: `group:process`, also where both are equal.
    #[must_use]
    pub fn qualified(&self) -> String {
        format!("{}:{}", self.group, self.process)
    }
}

impl fmt::Display for ProcessName {
    /// Writes `group:process`, or `process` alone where both are equal, as supervisorctl does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group == self.process { f.pad(&self.process) } else { f.pad(&self.qualified()) }
    }
}

/// What a person typed to name processes: `web`, `workers:w_0`, `workers:*`, `all`, `w*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Selector {
    /// `all` or `*`.
    All,
    /// `group:*` or `group:`: every process of one group.
    Group(String),
    /// `group:process`, or `name` standing for `name:name`.
    Process(String, String),
    /// A shell pattern with `*`, `?` or `[…]` over `group` and `process`; without a colon it is matched with what
    /// [`ProcessName`] displays.
    Pattern(String),
}

impl Selector {
    /// Reads one word. Every word means something: a name that does not exist is found out by the engine.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        if word == "all" || word == "*" {
            return Self::All;
        }
        match word.split_once(':') {
            Some((group, "*" | "")) if !has_wildcard(group) => Self::Group(group.to_owned()),
            _ if has_wildcard(word) => Self::Pattern(word.to_owned()),
            Some((group, process)) => Self::Process(group.to_owned(), process.to_owned()),
            None => Self::Process(word.to_owned(), word.to_owned()),
        }
    }

    /// Whether `name` is among what was meant.
    #[must_use]
    pub fn matches(&self, name: &ProcessName) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => *group == *name.group,
            Self::Process(group, process) => *group == *name.group && *process == *name.process,
            Self::Pattern(pattern) => {
                wildcard(pattern, &name.to_string()) || wildcard(pattern, &name.qualified())
            }
        }
    }
}

impl fmt::Display for Selector {
    /// Writes the word that reads back as this selector.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Group(group) => write!(f, "{group}:*"),
            Self::Process(group, process) if group == process => f.write_str(process),
            Self::Process(group, process) => write!(f, "{group}:{process}"),
            Self::Pattern(pattern) => f.write_str(pattern),
        }
    }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Matches as fnmatch(3) without flags does: `*` any run, `?` one character, `[a-z]` and `[!a-z]` sets. A `[` that is
/// never closed stands for itself.
#[must_use]
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if let Some(next) = one(&pattern, p, text[t]) {
            (p, t) = (next, t + 1);
        } else if let Some((star_p, star_t)) = star {
            (p, t) = (star_p + 1, star_t + 1);
            star = Some((star_p, star_t + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Matches one character against the pattern element at `p`; the position after that element if it fits.
fn one(pattern: &[char], p: usize, c: char) -> Option<usize> {
    match *pattern.get(p)? {
        '?' => Some(p + 1),
        '[' => match set(pattern, p + 1, c) {
            Some((fits, next)) => fits.then_some(next),
            None => (c == '[').then_some(p + 1),
        },
        literal => (literal == c).then_some(p + 1),
    }
}

/// Reads a set that begins after its `[`: whether `c` fits, and the position after `]`.
fn set(pattern: &[char], start: usize, c: char) -> Option<(bool, usize)> {
    let negated = pattern.get(start) == Some(&'!');
    let first = start + usize::from(negated);
    let close = (first + 1..pattern.len()).find(|&i| pattern[i] == ']')?;
    let (mut i, mut fits) = (first, false);
    while i < close {
        if i + 2 < close && pattern[i + 1] == '-' {
            fits |= (pattern[i]..=pattern[i + 2]).contains(&c);
            i += 3;
        } else {
            fits |= pattern[i] == c;
            i += 1;
        }
    }
    Some((fits != negated, close + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_name_a_group_a_pattern_or_all() {
        for (word, selector) in [
            ("web", Selector::Process("web".into(), "web".into())),
            ("g:p", Selector::Process("g".into(), "p".into())),
            ("g:*", Selector::Group("g".into())),
            ("g:", Selector::Group("g".into())),
            ("all", Selector::All),
            ("w*", Selector::Pattern("w*".into())),
        ] {
            assert_eq!(Selector::parse(word), selector, "{word}");
        }
    }

    #[test]
    fn patterns_match_as_the_shell_would() {
        for (pattern, text, fits) in [
            ("w*", "web", true),
            ("w*b", "web", true),
            ("w?b", "wb", false),
            ("w[a-f]b", "web", true),
            ("w[!a-f]b", "web", false),
            ("*:w_0[13]", "g:w_03", true),
            ("a[", "a[", true),
            ("**", "", true),
        ] {
            assert_eq!(wildcard(pattern, text), fits, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_process_alone_in_its_group_is_shown_by_one_name() {
        assert_eq!(ProcessName::new("web", "web").to_string(), "web");
        assert_eq!(ProcessName::new("g", "web").to_string(), "g:web");
        assert_eq!(format!("{:<6}|", ProcessName::new("web", "web")), "web   |");
    }
}
