//! `%(name)s` in values: Python's `%` operator with a mapping on its right.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::python::repr;

/// Widths and precisions above this are refused, so that no value can ask for gigabytes of padding.
const MAX_WIDTH: usize = 65_536;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Text(String),
    Integer(i64),
}

/// The names that a value may use: the environment, and above it what belongs to the section or process at hand.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// `ENV_x` by full name.
    pub environment: &'a BTreeMap<String, String>,
    /// Everything else, and what hides an `ENV_x`.
    pub own: &'a BTreeMap<String, Object>,
}

/// Why a value could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpandError {
    /// Supervisor's text.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The piece of the value that is to blame, in bytes.
    pub at: Range<usize>,
}

impl Names<'_> {
    fn get(&self, name: &str) -> Option<Object> {
        let own = self.own.get(name).cloned();
        own.or_else(|| self.environment.get(name).cloned().map(Object::Text))
    }

    fn all(&self) -> BTreeSet<&str> {
        self.environment.keys().chain(self.own.keys()).map(String::as_str).collect()
    }
}

/// Replaces every `%…` in `text`. `option` is what messages call the value: `program:x.command`.
///
/// # Errors
/// Supervisor's text for an unknown name or a malformed `%`. A bare `%s`, for which Python would write the whole table of
/// names, is malformed here.
pub(super) fn expand(text: &str, names: Names<'_>, option: &str) -> Result<String, ExpandError> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut scanner = Scanner { text, at: 0, names };
    let mut out = String::with_capacity(text.len());
    while let Some(offset) = text[scanner.at..].find('%') {
        let start = scanner.at + offset;
        out.push_str(&text[scanner.at..start]);
        scanner.at = start + 1;
        match scanner.conversion() {
            Ok(piece) => out.push_str(&piece),
            Err(fault) => {
                let at = start..scanner.at.max(start + 1);
                return Err(explain(fault, text, names, option, at));
            }
        }
    }
    out.push_str(&text[scanner.at..]);
    Ok(out)
}

enum Fault {
    UnknownName(String),
    Malformed { python: String, hint: &'static str },
}

const LITERAL: &str = "a literal percent sign is written `%%`";

fn malformed<T>(python: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Malformed { python: python.into(), hint: LITERAL })
}

fn explain(
    fault: Fault,
    text: &str,
    names: Names<'_>,
    option: &str,
    at: Range<usize>,
) -> ExpandError {
    let subject = format!("Format string {} for {}", repr(text), repr(option));
    match fault {
        Fault::UnknownName(name) => {
            let known: Vec<&str> = names.all().into_iter().collect();
            let message = format!(
                "{subject} contains names ({}) which cannot be expanded. Available names: {}",
                repr(&name),
                known.join(", ")
            );
            ExpandError { message, hint: unknown_name_hint(&name, &known), at }
        }
        Fault::Malformed { python, hint } => {
            let message = format!("{subject} is badly formatted: {python}");
            ExpandError { message, hint: hint.to_owned(), at }
        }
    }
}

fn unknown_name_hint(name: &str, known: &[&str]) -> String {
    if let [nearest] = super::spelling::nearest(name, known.iter().copied()).as_slice() {
        return format!("did you mean `%({nearest})s`?");
    }
    match name.strip_prefix("ENV_") {
        Some(variable) => format!("set `{variable}` in the environment of the daemon"),
        None => "this name is not known here; a literal percent sign is written `%%`".to_owned(),
    }
}

/// Reads conversions: `(name)`, flags, width, precision, length, type, in this order, after their `%`.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    names: Names<'a>,
}

#[derive(Default)]
struct Format {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Result<char, Fault> {
        let Some(c) = self.peek() else { return malformed("incomplete format") };
        self.at += c.len_utf8();
        Ok(c)
    }

    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek().filter(|c| wanted(*c))?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn conversion(&mut self) -> Result<String, Fault> {
        if self.take_if(|c| c == '%').is_some() {
            return Ok("%".to_owned());
        }
        let object = self.key()?;
        let format = self.format()?;
        while self.take_if(|c| matches!(c, 'h' | 'l' | 'L')).is_some() {}
        let index = self.at;
        match (self.take()?, object) {
            (kind, Some(object)) => format.write(kind, &object, || self.character_index(index)),
            (kind, None) => self.without_name(kind, index),
        }
    }

    /// `(name)`, if it is there. Parentheses inside it nest.
    fn key(&mut self) -> Result<Option<Object>, Fault> {
        if self.take_if(|c| c == '(').is_none() {
            return Ok(None);
        }
        let start = self.at;
        let mut depth = 1;
        while depth > 0 {
            match self.take() {
                Ok('(') => depth += 1,
                Ok(')') => depth -= 1,
                Ok(_) => {}
                Err(_) => return malformed("incomplete format key"),
            }
        }
        let name = &self.text[start..self.at - 1];
        match self.names.get(name) {
            Some(object) => Ok(Some(object)),
            None => {
                self.skip_type();
                Err(Fault::UnknownName(name.to_owned()))
            }
        }
    }

    /// Moves over the type letter, so that the whole of `%(name)s` is marked.
    fn skip_type(&mut self) {
        self.take_if(|c| c.is_ascii_alphabetic());
    }

    fn format(&mut self) -> Result<Format, Fault> {
        let mut format = Format::default();
        while let Some(flag) = self.take_if(|c| "-+ #0".contains(c)) {
            match flag {
                '-' => format.left = true,
                '+' => format.plus = true,
                ' ' => format.space = true,
                '#' => format.alternate = true,
                _ => format.zero = true,
            }
        }
        format.width = self.number("width too big")?;
        if self.take_if(|c| c == '.').is_some() {
            format.precision = Some(self.number("precision too big")?);
        }
        Ok(format)
    }

    fn number(&mut self, too_big: &str) -> Result<usize, Fault> {
        if self.take_if(|c| c == '*').is_some() {
            return malformed("* wants int");
        }
        let mut number = 0;
        while let Some(digit) = self.take_if(|c| c.is_ascii_digit()).and_then(|c| c.to_digit(10)) {
            number = number * 10 + digit as usize;
            if number > MAX_WIDTH {
                return malformed(too_big);
            }
        }
        Ok(number)
    }

    /// A conversion with no name: Python would convert the mapping itself.
    fn without_name(&self, kind: char, index: usize) -> Result<String, Fault> {
        let whole_mapping = || Fault::Malformed {
            python: format!("%{kind} has no name"),
            hint: "a literal percent sign is written `%%`; a value is `%(name)s`",
        };
        Err(match kind {
            's' | 'r' | 'a' => whole_mapping(),
            _ => return type_error(kind, "dict", || self.character_index(index)),
        })
    }

    fn character_index(&self, byte: usize) -> usize {
        self.text[..byte].chars().count()
    }
}

/// Python's complaint about a value that does not fit the type letter.
fn type_error<T>(kind: char, of: &str, index: impl Fn() -> usize) -> Result<T, Fault> {
    malformed(match kind {
        'd' | 'i' | 'u' => format!("%{kind} format: a real number is required, not {of}"),
        'o' | 'x' | 'X' => format!("%{kind} format: an integer is required, not {of}"),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => format!("must be real number, not {of}"),
        'c' => "%c requires int or char".to_owned(),
        _ => {
            let shown = if matches!(kind, ' '..='~') { kind } else { '?' };
            let code = u32::from(kind);
            format!("unsupported format character '{shown}' (0x{code:x}) at index {}", index())
        }
    })
}

impl Format {
    fn write(
        &self,
        kind: char,
        object: &Object,
        index: impl Fn() -> usize,
    ) -> Result<String, Fault> {
        match (kind, object) {
            ('s', Object::Text(text)) => Ok(self.text(text)),
            ('r' | 'a', Object::Text(text)) => Ok(self.text(&repr(text))),
            ('s' | 'r' | 'a', Object::Integer(number)) => Ok(self.text(&number.to_string())),
            ('c', Object::Text(text)) if text.chars().count() == 1 => Ok(self.text(text)),
            ('c', Object::Integer(number)) => self.character(*number),
            ('d' | 'i' | 'u' | 'o' | 'x' | 'X', Object::Integer(number)) => {
                Ok(self.integer(kind, *number))
            }
            ('f' | 'F', Object::Integer(number)) => Ok(self.decimal(*number)),
            ('e' | 'E' | 'g' | 'G', Object::Integer(_)) => {
                malformed(format!("%{kind} is not supported; use %d"))
            }
            (_, Object::Text(_)) => type_error(kind, "str", index),
            (_, Object::Integer(_)) => type_error(kind, "int", index),
        }
    }

    fn text(&self, text: &str) -> String {
        let cut: String = match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        };
        self.pad("", &cut, false)
    }

    fn character(&self, number: i64) -> Result<String, Fault> {
        match u32::try_from(number).ok().and_then(char::from_u32) {
            Some(c) => Ok(self.text(&c.to_string())),
            None => malformed("%c arg not in range(0x110000)"),
        }
    }

    fn integer(&self, kind: char, number: i64) -> String {
        let size = number.unsigned_abs();
        let (prefix, digits) = match kind {
            'o' => ("0o", format!("{size:o}")),
            'x' => ("0x", format!("{size:x}")),
            'X' => ("0X", format!("{size:X}")),
            _ => ("", size.to_string()),
        };
        let prefix = if self.alternate { prefix } else { "" };
        let digits = format!("{digits:0>width$}", width = self.precision.unwrap_or(0));
        self.pad(&format!("{}{prefix}", self.sign(number)), &digits, self.zero)
    }

    fn decimal(&self, number: i64) -> String {
        let places = self.precision.unwrap_or(6);
        let dot = if places > 0 || self.alternate { "." } else { "" };
        let digits = format!("{}{dot}{:0<places$}", number.unsigned_abs(), "");
        self.pad(self.sign(number), &digits, self.zero)
    }

    fn sign(&self, number: i64) -> &'static str {
        match (number < 0, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    /// Fills to the width: zeros go between sign and digits, spaces outside.
    fn pad(&self, sign: &str, body: &str, zero: bool) -> String {
        let missing = self.width.saturating_sub(sign.chars().count() + body.chars().count());
        let fill = |with: &str| with.repeat(missing);
        match (self.left, zero) {
            (true, _) => format!("{sign}{body}{}", fill(" ")),
            (false, true) => format!("{sign}{}{body}", fill("0")),
            (false, false) => format!("{}{sign}{body}", fill(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let environment = BTreeMap::from([("ENV_HOME".to_owned(), "/root".to_owned())]);
        let own = BTreeMap::from([
            ("here".to_owned(), Object::Text("/etc".into())),
            ("process_num".to_owned(), Object::Integer(7)),
            ("minus".to_owned(), Object::Integer(-26)),
        ]);
        let names = Names { environment: &environment, own: &own };
        expand(text, names, "program:x.command").map_err(|error| error.message)
    }

    #[test]
    fn conversions_write_what_python_writes() {
        for (text, result) in [
            ("no percent", "no percent"),
            ("100%%", "100%"),
            ("%(here)s/%(ENV_HOME)s", "/etc//root"),
            ("%(process_num)02d", "07"),
            ("%(process_num)s", "7"),
            ("[%(process_num)3d|%(process_num)-3d|%(process_num)+d]", "[  7|7  |+7]"),
            ("%(minus)x %(minus)#X %(minus)o %(minus)06d", "-1a -0X1A -32 -00026"),
            ("%(minus).4d", "-0026"),
            ("%(process_num)ld", "7"),
            ("%(process_num).2f", "7.00"),
            ("%(process_num)c|%(here).2s|%(here)8s|%(here)r", "\u{7}|/e|    /etc|'/etc'"),
        ] {
            assert_eq!(expanded(text).as_deref(), Ok(result), "{text}");
        }
    }

    #[test]
    fn refusals_have_supervisors_text() {
        let subject = |text: &str| format!("Format string '{text}' for 'program:x.command'");
        for (text, python) in [
            ("50%", "incomplete format"),
            ("%(here)%", "unsupported format character '%' (0x25) at index 7"),
            ("%(here)", "incomplete format"),
            ("%(here", "incomplete format key"),
            ("date +%Y", "unsupported format character 'Y' (0x59) at index 7"),
            ("é%é", "unsupported format character '?' (0xe9) at index 2"),
            ("%(here)d", "%d format: a real number is required, not str"),
            ("%d", "%d format: a real number is required, not dict"),
            ("%(here)x", "%x format: an integer is required, not str"),
            ("%(here)f", "must be real number, not str"),
            ("%(here)c", "%c requires int or char"),
            ("%(here)*d", "* wants int"),
            ("%(process_num)99999999999d", "width too big"),
            ("date +%s", "%s has no name"),
        ] {
            let expected = format!("{} is badly formatted: {python}", subject(text));
            assert_eq!(expanded(text), Err(expected));
        }
        assert_eq!(
            expanded("%(HOME)s"),
            Err(format!(
                "{} contains names ('HOME') which cannot be expanded. \
                 Available names: ENV_HOME, here, minus, process_num",
                subject("%(HOME)s")
            ))
        );
    }

    #[test]
    fn the_piece_to_blame_is_marked() {
        let (environment, own) = (BTreeMap::new(), BTreeMap::new());
        let names = Names { environment: &environment, own: &own };
        let error = expand("a %(b)s c", names, "x").expect_err("b is unknown");
        assert_eq!(error.at, 2..7);
    }
}
