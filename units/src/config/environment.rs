//! The grammar of `environment=`: `KEY=VALUE` pairs, cut into words by the rules of Python's `shlex` in its non-POSIX
//! mode, with `/.+-():` as letters.

use std::collections::BTreeMap;

/// Reads pairs. After each pair one word is skipped, whatever it is; normally a comma. Quotes around a value are
/// removed afterwards, all of them, and nothing escapes anything.
///
/// # Errors
/// `Unexpected end of key/value pairs in value '…'` or `No closing quotation`.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let words = Words { rest: text.chars(), pushed_back: None }.collect::<Result<Vec<_>, _>>()?;
    let mut pairs = BTreeMap::new();
    for pair in words.chunks(4) {
        let [key, equals, value, ..] = pair else { return Err(unexpected_end(text)) };
        if equals != "=" {
            return Err(unexpected_end(text));
        }
        pairs.insert(key.clone(), value.trim_matches(['\'', '"']).to_owned());
    }
    Ok(pairs)
}

fn unexpected_end(text: &str) -> String {
    format!("Unexpected end of key/value pairs in value '{text}'")
}

struct Words<'a> {
    rest: std::str::Chars<'a>,
    pushed_back: Option<char>,
}

impl Words<'_> {
    /// A word that has begun with a letter: letters and quotes, until anything else.
    fn plain(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(c) = self.rest.next() {
            match c {
                ' ' | '\t' | '\r' | '\n' => break,
                // The comment ends the line, not the word.
                '#' => self.skip_line(),
                '\'' | '"' => word.push(c),
                c if is_letter(c) => word.push(c),
                other => {
                    self.pushed_back = Some(other);
                    break;
                }
            }
        }
        word
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut word = String::from(quote);
        for c in self.rest.by_ref() {
            word.push(c);
            if c == quote {
                return Ok(word);
            }
        }
        Err("No closing quotation".to_owned())
    }

    fn skip_line(&mut self) {
        self.rest.by_ref().find(|c| *c == '\n');
    }
}

impl Iterator for Words<'_> {
    type Item = Result<String, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(c) = self.pushed_back.take() {
            return Some(Ok(c.to_string()));
        }
        loop {
            match self.rest.next()? {
                ' ' | '\t' | '\r' | '\n' => {}
                '#' => self.skip_line(),
                quote @ ('\'' | '"') => return Some(self.quoted(quote)),
                c if is_letter(c) => return Some(Ok(self.plain(c))),
                other => return Some(Ok(other.to_string())),
            }
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_/.+-():".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Result<String, String> {
        let shown = |pairs: BTreeMap<String, String>| {
            pairs.iter().map(|(k, v)| format!("{k}=<{v}>")).collect::<Vec<_>>().join(" ")
        };
        read(text).map(shown)
    }

    #[test]
    fn pairs_are_read_as_supervisor_reads_them() {
        for (text, result) in [
            ("", ""),
            ("A=1,B=2", "A=<1> B=<2>"),
            (" A = 1 , B = 2 ", "A=<1> B=<2>"),
            ("A=1;B=2", "A=<1> B=<2>"),
            ("A=1,", "A=<1>"),
            ("A=1,A=2", "A=<2>"),
            ("A=\"a,b\",B='x=y'", "A=<a,b> B=<x=y>"),
            ("A=\"\",B=1", "A=<> B=<1>"),
            ("A=a b", "A=<a>"),
            ("A=$HOME", "A=<$>"),
            ("A=~/x", "A=<~>"),
            ("PATH=/usr/bin:/bin", "PATH=</usr/bin:/bin>"),
            ("A=http://h/p?x=1", "A=<http://h/p> x=<1>"),
            ("A-B.C=(x)+1", "A-B.C=<(x)+1>"),
            ("A=\"a\"b", "A=<a>"),
            ("A=a\"b c\"d", "A=<a\"b>"),
            ("A='it''s'", "A=<it>"),
            ("A=\"x\\\"y\"", "A=<x\\>"),
            ("A=\"C:\\new\\\\\"", "A=<C:\\new\\\\>"),
            ("A='\"q\"'", "A=<q>"),
            ("\nA=1,\nB=\"two\nlines\"", "A=<1> B=<two\nlines>"),
            ("A=1 #c\n,B=2", "A=<1> B=<2>"),
            ("A=o#c\nne", "A=<one>"),
            ("A=\"é\"", "A=<é>"),
            ("\"A\"=1", "\"A\"=<1>"),
        ] {
            assert_eq!(pairs(text).as_deref(), Ok(result), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_pairs_is_refused() {
        for text in [
            "A", "A=", "A=,B=1", "A=1,B", "A=1 B=2", "A=a@b", "A=x=y", "A=[1]", "A=#x", "A=a\\b",
            "=1",
        ] {
            assert_eq!(pairs(text), Err(unexpected_end(text)), "{text}");
        }
        for text in ["A=\"a", "A='", "A=\"x\\\"y\",\""] {
            assert_eq!(pairs(text), Err("No closing quotation".into()), "{text}");
        }
    }
}
