//! Things that are read without complaint and then do something else than meant. Each test is narrow: better silent than
//! wrong.

use super::environment;
use super::options::SectionKind;
use super::report::Report;
use super::source::Place;
use super::text::{Entry, Section};

/// Looks for them in one option.
pub(super) fn look(
    section: &Section,
    kind: Option<SectionKind>,
    entry: &Entry,
    report: &mut Report,
) {
    cut_by_comment(entry, report);
    swallowed_lines(section, kind, entry, report);
    let runs = matches!(
        kind,
        Some(
            SectionKind::Program
                | SectionKind::ProgramDefault
                | SectionKind::EventListener
                | SectionKind::FcgiProgram
        )
    );
    match entry.key.as_str() {
        "command" if runs => command(entry, report),
        "directory" if runs && entry.text().starts_with('~') => {
            let message = "`~` is not expanded in `directory`";
            report.warn(entry.value_place(), message, "write the whole path");
        }
        "environment" => ended_early(entry, report),
        "password" => hashed(kind, entry, report),
        "username" if entry.text().contains(':') => {
            let message = "nobody can give this name: clients end it at the colon";
            report.warn(entry.value_place(), message, "choose a name without one");
        }
        _ => {}
    }
}

/// `bash -c 'a ; b'`: the comment takes the closing quote with it.
fn cut_by_comment(entry: &Entry, report: &mut Report) {
    for line in &entry.lines {
        let Some(at) = line.comment else { continue };
        let comment = report.sources.line_from(line.place.source, at);
        let value = report.sources.text(line.place);
        let torn = ['\'', '"']
            .into_iter()
            .any(|quote| value.matches(quote).count() % 2 == 1 && comment.contains(quote));
        if torn {
            let place = Place { start: at, end: at + comment.len(), ..line.place };
            let message = "the value ends here: `;` and `#` after a space begin a comment, also between quotes";
            let hint = "leave out the space before it, or put the command into a script";
            report.warn(place, message, hint);
        }
    }
}

/// An indented `key=value` or `[section]` belongs to the option above it.
fn swallowed_lines(
    section: &Section,
    kind: Option<SectionKind>,
    entry: &Entry,
    report: &mut Report,
) {
    for line in entry.lines.iter().skip(1) {
        let text = report.sources.text(line.place);
        let header = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let is_section = header.is_some_and(|(name, _)| SectionKind::of(name).is_some());
        let key = text.split_once('=').map(|(key, _)| key.trim().to_lowercase());
        let is_option = entry.key != "environment"
            && key.is_some_and(|key| kind.is_some_and(|kind| kind.option(&key).is_some()));
        if is_section || is_option {
            let message = format!(
                "this line is indented, so it belongs to the value of `{}` in [{}]",
                entry.key, section.name
            );
            report.warn(line.place, message, "remove the white space before it");
        }
    }
}

/// `A=$HOME` sets A to a lone dollar sign.
fn ended_early(entry: &Entry, report: &mut Report) {
    let pairs = environment::read(entry.text()).unwrap_or_default();
    let lone = |key: &str, value: &str| {
        matches!(value, "$" | "~") && entry.text().contains(&format!("{key}={value}"))
    };
    for (key, value) in pairs.iter().filter(|(key, value)| lone(key, value)) {
        let message = format!("{key} is set to `{value}` alone");
        report.warn(entry.value_place(), message, "quote the value; no shell expands it");
    }
}

/// The mark of a password that is given as its SHA-1.
const HASH: &str = "{SHA}";

/// A hash that no password has, or that somebody is to send.
fn hashed(kind: Option<SectionKind>, entry: &Entry, report: &mut Report) {
    let Some((mark, hash)) = entry.text().split_at_checked(HASH.len()) else { return };
    let is_hash =
        hash.len() == 40 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let (message, hint) = if !mark.eq_ignore_ascii_case(HASH) || hash.contains("%(") {
        return;
    } else if kind == Some(SectionKind::Supervisorctl) {
        ("supervisorctl sends this as it is", "write the password itself")
    } else if mark != HASH {
        ("this is no hash but the password itself", "write `{SHA}` in capital letters")
    } else if !is_hash {
        (
            "no password has this hash",
            "write `{SHA}` and the 40 digits of sha1sum, in small letters",
        )
    } else {
        return;
    };
    report.warn(entry.value_place(), message, hint);
}

/// Programs that hand their arguments to a shell, here or on another machine.
const SHELLS: [&str; 14] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "busybox", "su", "sudo", "runuser", "ssh",
    "watch", "script",
];

/// Words that mean something to a shell only.
const OPERATORS: [&str; 8] = ["&&", "||", "|", ">", ">>", "2>", "2>&1", "&"];

fn command(entry: &Entry, report: &mut Report) {
    let text = entry.text();
    let words = words(text);
    let Some(first) = words.first() else { return };
    let place = |at: &std::ops::Range<usize>| entry.piece(at);
    if is_assignment(&text[first.clone()]) {
        let message = "a command does not begin with variables: no shell reads it";
        report.warn(place(first), message, "set them with `environment=`");
    } else if text[first.clone()].starts_with('~') {
        report.warn(place(first), "`~` is not expanded in `command`", "write the whole path");
    }
    if words.iter().any(|word| is_shell(&text[word.clone()])) {
        return;
    }
    for word in &words {
        let piece = &text[word.clone()];
        if OPERATORS.contains(&piece) {
            let message =
                format!("`{piece}` is given to the program as it is: no shell reads the command");
            report.warn(
                place(word),
                message,
                "write command=sh -c '…', or use the logfile options",
            );
        } else if has_variable(piece) {
            let message = "no shell expands this variable";
            report.warn(place(word), message, "write `%(ENV_NAME)s`, or command=sh -c '…'");
        }
    }
}

/// Words between white space, quotes kept together.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, c) if c.is_whitespace() => words.extend(start.take().map(|start| start..at)),
            (None, c) => {
                start.get_or_insert(at);
                quote = Some(c).filter(|c| matches!(c, '\'' | '"'));
            }
        }
    }
    words.extend(start.map(|start| start..text.len()));
    words
}

fn is_shell(word: &str) -> bool {
    SHELLS.contains(&word.rsplit('/').next().unwrap_or_default())
}

fn is_assignment(word: &str) -> bool {
    let name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    word.split_once('=').is_some_and(|(key, _)| name(key))
}

/// `$NAME`, `${` or `$(`, not between single quotes.
fn has_variable(word: &str) -> bool {
    let follows = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '(');
    !word.contains('\'') && word.split('$').skip(1).any(|rest| rest.starts_with(follows))
}
