//! `log_format`, after its other names were expanded: its own still stand in it as they were written.

use crate::unit::{LogField, LogFormat, LogPiece};

pub(super) fn log_format(text: &str) -> Result<Option<LogFormat>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains('\n') {
        return Err("log_format is one line".to_owned());
    }
    let message = placeholder(LogFormat::MESSAGE);
    let mut parts = text.split(&message);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(before), Some(after), None) => {
            Ok(Some(LogFormat { before: pieces(before), after: pieces(after) }))
        }
        (_, None, _) => Err("log_format is without %(message)s".to_owned()),
        _ => Err("log_format has more than one %(message)s".to_owned()),
    }
}

/// How a name is written.
pub(in crate::config) fn placeholder(name: &str) -> String {
    format!("%({name})s")
}

fn pieces(text: &str) -> Vec<LogPiece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, field, length)) = first_field(rest) {
        push_text(&mut pieces, &rest[..at]);
        pieces.push(LogPiece::Field(field));
        rest = &rest[at + length..];
    }
    push_text(&mut pieces, rest);
    pieces
}

fn push_text(pieces: &mut Vec<LogPiece>, text: &str) {
    if !text.is_empty() {
        pieces.push(LogPiece::Text(text.to_owned()));
    }
}

fn first_field(text: &str) -> Option<(usize, LogField, usize)> {
    let found = LogField::ALL.into_iter().filter_map(|(field, name)| {
        let placeholder = placeholder(name);
        Some((text.find(&placeholder)?, field, placeholder.len()))
    });
    found.min_by_key(|(at, ..)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_the_line_with_what_stands_around_it() {
        for text in
            ["%(message)s", "%(time)s %(name)s[%(pid)s] %(message)s", "<%(message)s|%(stream)s>"]
        {
            let format = log_format(text).expect(text).expect("a format");
            assert_eq!(format.to_string(), text);
        }
        let format = log_format("100% %(name)s%(message)s").expect("a format").expect("one");
        let text = LogPiece::Text("100% ".to_owned());
        assert_eq!(format.before, [text, LogPiece::Field(LogField::Name)]);
        assert_eq!(format.after, []);
        assert_eq!(format.to_string(), "100%% %(name)s%(message)s");
    }

    #[test]
    fn none_is_none_and_a_line_is_there_once() {
        assert_eq!(log_format(""), Ok(None));
        for (text, refusal) in [
            ("%(time)s", "log_format is without %(message)s"),
            ("%(message)s%(message)s", "log_format has more than one %(message)s"),
            ("%(message)s\n", "log_format is one line"),
        ] {
            assert_eq!(log_format(text), Err(refusal.to_owned()), "{text:?}");
        }
    }
}
