//! The grammar of environment files, which is that of systemd's `EnvironmentFile=` (systemd.exec(5)).
//!
//! What such a file says is shown to nobody, so problems are told without its text.

use std::collections::BTreeMap;
use std::ops::Range;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) values: BTreeMap<String, String>,
    pub(super) problems: Vec<Problem>,
}

/// Something that is wrong, with its place in the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) at: Range<usize>,
    pub(super) kind: Kind,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is no `=`; systemd ignores the line.
    NoAssignment,
    /// What stands before the `=` is no name; systemd ignores the line.
    NoName,
    /// A quote has no end; systemd takes the rest of the file.
    OpenQuote,
}

impl Kind {
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::NoAssignment => "this line assigns nothing and is ignored",
            Self::NoName => {
                "what stands before the `=` is no name of a variable; the line is ignored"
            }
            Self::OpenQuote => "this quote is never closed",
        }
    }

    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::NoAssignment => "write `NAME=value`; a comment begins with `#` or `;`",
            Self::NoName => "write letters, digits and `_`, without `export`",
            Self::OpenQuote => "write the same quote at the end of the value",
        }
    }
}

/// Reads a file.
pub(super) fn read(text: &str) -> Variables {
    let mut reader = Reader { text, at: 0, found: Variables::default() };
    while reader.at < text.len() {
        reader.line();
    }
    reader.found
}

/// The text with everything but newlines replaced, byte by byte: places in it are the same. Not even names are kept, as
/// a line of a key without its quotes may look like one.
pub(super) fn masked(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect()
}

fn is_name(name: &str) -> bool {
    let letters = |c: char| c == '_' || c.is_ascii_alphanumeric();
    !name.is_empty() && name.chars().all(letters) && !name.starts_with(|c: char| c.is_ascii_digit())
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    found: Variables,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// One assignment, with as many lines as it has; or a comment, or nothing.
    fn line(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        let rest = &self.text[self.at..];
        let line = rest.lines().next().unwrap_or_default();
        let end = self.at + line.len();
        if line.is_empty() || line.starts_with(['#', ';']) {
            self.at = end;
            return;
        }
        let Some((name, _)) = line.split_once('=') else {
            self.problem(self.at..end, Kind::NoAssignment);
            self.at = end;
            return;
        };
        let place = self.at..self.at + name.trim_end().len();
        self.at += name.len() + 1;
        let value = self.value();
        if is_name(name.trim_end()) {
            self.found.values.insert(name.trim_end().to_owned(), value);
        } else {
            self.problem(place, Kind::NoName);
        }
    }

    fn problem(&mut self, at: Range<usize>, kind: Kind) {
        self.found.problems.push(Problem { at, kind });
    }

    /// Quoted parts and then, once it has begun, plain text to the end of the line.
    fn value(&mut self) -> String {
        let mut value = String::new();
        loop {
            let from = self.at;
            match self.take() {
                None | Some('\n') => return value,
                Some(quote @ ('\'' | '"')) => {
                    if !self.quoted(quote, &mut value) {
                        self.problem(from..from + 1, Kind::OpenQuote);
                    }
                }
                Some(c) if is_space(c) => {}
                Some(_) => {
                    self.at = from;
                    self.plain(&mut value);
                    return value;
                }
            }
        }
    }

    /// To the closing quote; whether there is one. Between `"` a backslash escapes `"`, `\`, a backtick, `$` and the end
    /// of the line.
    fn quoted(&mut self, quote: char, value: &mut String) -> bool {
        while let Some(c) = self.take() {
            match c {
                c if c == quote => return true,
                '\\' if quote == '"' => match self.take() {
                    Some(c @ ('"' | '\\' | '`' | '$')) => value.push(c),
                    Some('\n') | None => {}
                    Some(c) => value.extend(['\\', c]),
                },
                c => value.push(c),
            }
        }
        false
    }

    /// To the end of the line, without the white space before it. A backslash escapes anything.
    fn plain(&mut self, value: &mut String) {
        let mut kept = value.len();
        while let Some(c) = self.take() {
            match c {
                '\n' => break,
                '\\' => {
                    value.extend(self.take().filter(|c| *c != '\n'));
                    kept = value.len();
                }
                c => {
                    value.push(c);
                    kept = if is_space(c) { kept } else { value.len() };
                }
            }
        }
        value.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let found = read(text);
        assert_eq!(found.problems, [], "{text:?}");
        found.values.iter().map(|(k, v)| format!("{k}=<{v}>")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn files_are_read_as_systemd_reads_them() {
        for (text, values) in [
            ("", ""),
            ("# comment\n; another\n\n  # indented\n", ""),
            ("A=1\nB = 2\n  C=3", "A=<1> B=<2> C=<3>"),
            ("A=1\nA=2\n", "A=<2>"),
            ("A=\nB=\n", "A=<> B=<>"),
            ("A=x y \t\nB= z", "A=<x y> B=<z>"),
            ("A=x # no comment\n", "A=<x # no comment>"),
            ("A=x=y\n", "A=<x=y>"),
            ("A=\"x y \" \nB='\"q\"'\n", "A=<x y > B=<\"q\">"),
            ("A=\"a\"'b' c\n", "A=<abc>"),
            ("A=it's\n", "A=<it's>"),
            ("A=\"one\ntwo\"\nB=1\n", "A=<one\ntwo> B=<1>"),
            ("A=\"a\\\"b\\\\c\\$d\\`e\\nf\"\n", "A=<a\"b\\c$d`e\\nf>"),
            ("A='a\\b'\n", "A=<a\\b>"),
            ("A=\"a\\\nb\"\n", "A=<ab>"),
            ("A=a\\\nb\\ \nC=\\x\\\\\n", "A=<ab > C=<x\\>"),
            ("# comment \\\nA=1\n", "A=<1>"),
            ("A=$HOME/%(x)s\n", "A=<$HOME/%(x)s>"),
            ("A=é\n", "A=<é>"),
            ("A=x\\", "A=<x>"),
        ] {
            assert_eq!(shown(text), values, "{text:?}");
        }
    }

    #[test]
    fn problems_have_their_places() {
        let text = "A=1\nnonsense\nexport B=2\n1C=3\nD=\"never\nE=4\n";
        let found = read(text);
        let problems: Vec<(&str, Kind)> = found
            .problems
            .iter()
            .map(|problem| (&text[problem.at.clone()], problem.kind))
            .collect();
        assert_eq!(
            problems,
            [
                ("nonsense", Kind::NoAssignment),
                ("export B", Kind::NoName),
                ("1C", Kind::NoName),
                ("\"", Kind::OpenQuote),
            ]
        );
        let names: Vec<&str> = found.values.keys().map(String::as_str).collect();
        assert_eq!(names, ["A", "D"]);
    }

    #[test]
    fn nothing_is_left_to_be_shown() {
        assert_eq!(masked("A=sé\n\nx"), "*****\n\n*");
    }
}
