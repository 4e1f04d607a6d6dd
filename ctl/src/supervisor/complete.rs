//! Completion in the shell: commands, and the names that the command before the cursor takes.

use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::commands::COMMANDS;
use super::link::Link;
use super::names;
use crate::remote::ProcessInfo;

/// Commands that take a group.
const OF_GROUPS: [&str; 3] = ["add", "remove", "update"];

/// Commands that take a process.
const OF_PROCESSES: [&str; 9] =
    ["clear", "fg", "pid", "restart", "signal", "start", "status", "stop", "tail"];

/// Characters at which a word begins anew: readline's, but for those that are in names (`:`, `*` and `-`).
const DELIMITERS: &str = " \t\n`~!@#$%^&()=+[{]}\\|;'\",<>/?";

/// Completes with what the server has.
pub(super) struct Completion {
    link: Rc<Link>,
}

impl Completion {
    pub(super) const fn new(link: Rc<Link>) -> Self {
        Self { link }
    }
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..position];
        let start = before.rfind(|c| DELIMITERS.contains(c)).map_or(0, |place| place + 1);
        Ok((start, candidates(line, &before[start..], || self.link.known())))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}
impl Validator for Completion {}
impl Helper for Completion {}

/// What `word` may become in this line, with a space behind each.
fn candidates(line: &str, word: &str, known: impl Fn() -> Rc<[ProcessInfo]>) -> Vec<String> {
    let mut words = line.split_whitespace();
    let command = words.next().unwrap_or_default();
    let is_first = words.next().is_none() && !line.ends_with(' ');
    let all = if command.is_empty() || is_first || command == "help" {
        commands()
    } else if OF_GROUPS.contains(&command) {
        groups(&known())
    } else if OF_PROCESSES.contains(&command) {
        processes(&known(), word.contains(':'))
    } else {
        Vec::new()
    };
    all.into_iter().filter(|name| name.starts_with(word)).map(|name| name + " ").collect()
}

fn commands() -> Vec<String> {
    std::iter::once("help").chain(COMMANDS.map(|command| command.name)).map(str::to_owned).collect()
}

fn groups(known: &[ProcessInfo]) -> Vec<String> {
    let mut groups: Vec<String> = known.iter().map(|info| info.group.clone()).collect();
    groups.dedup();
    groups
}

/// Names, and `group:*` once for each group. A process alone in its group goes by one name, unless a colon was typed.
fn processes(known: &[ProcessInfo], qualified: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut group = None;
    for info in known {
        if qualified || info.name != info.group {
            names.push(format!("{}:{}", info.group, info.name));
            if group != Some(&info.group) {
                names.push(format!("{}:*", info.group));
                group = Some(&info.group);
            }
        } else {
            names.push(names::join(&info.group, &info.name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates_of(line: &str) -> Vec<String> {
        let info = |group: &str, name: &str| ProcessInfo {
            group: group.to_owned(),
            name: name.to_owned(),
            state: 20,
            statename: "RUNNING".to_owned(),
            description: String::new(),
            pid: 1,
            exitstatus: 0,
            spawnerr: String::new(),
            start: 1,
            stop: 0,
        };
        let start = line.rfind(|c| DELIMITERS.contains(c)).map_or(0, |place| place + 1);
        candidates(line, &line[start..], || {
            [info("cat", "cat"), info("w", "w_0"), info("w", "w-1")].into()
        })
    }

    #[test]
    fn a_line_is_completed_by_what_its_command_takes() {
        for (line, expected) in [
            ("sta", &["start ", "status "][..]),
            ("", &["help ", "add "]),
            ("start ", &["cat ", "w:w_0 ", "w:* ", "w:w-1 "]),
            ("start w:w-", &["w:w-1 "]),
            ("tail -f c", &["cat "]),
            ("stop cat:", &["cat:cat ", "cat:* "]),
            ("update ", &["cat ", "w "]),
            ("help ma", &["maintail "]),
            ("shutdown ", &[]),
            ("nonsense x", &[]),
        ] {
            let found = candidates_of(line);
            assert!(
                found.iter().map(String::as_str).take(4).zip(expected).all(|(a, b)| a == *b),
                "{line}: {found:?}"
            );
            assert!(!line.contains(' ') || found.len() == expected.len(), "{line}: {found:?}");
        }
    }
}
