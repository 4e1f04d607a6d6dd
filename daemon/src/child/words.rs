//! A command line as words, split as Python's `shlex.split` does it.

use std::str::Chars;

/// Splits `line` into words: quotes and backslashes as in a POSIX shell, but nothing else of one. `#` is no comment.
///
/// # Errors
/// `No closing quotation` or `No escaped character`, Python's own texts.
pub(crate) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = line.chars();
    while let Some(word) = next_word(&mut rest)? {
        words.push(word);
    }
    Ok(words)
}

fn next_word(rest: &mut Chars<'_>) -> Result<Option<String>, &'static str> {
    let mut word = None;
    while let Some(c) = rest.next() {
        if matches!(c, ' ' | '\t' | '\r' | '\n') {
            if word.is_some() {
                break;
            }
            continue;
        }
        // From here on there is a word, though an empty pair of quotes adds nothing to it.
        let word = word.get_or_insert_with(String::new);
        match c {
            '\'' => single_quoted(rest, word)?,
            '"' => double_quoted(rest, word)?,
            '\\' => word.push(escaped(rest)?),
            other => word.push(other),
        }
    }
    Ok(word)
}

fn single_quoted(rest: &mut Chars<'_>, word: &mut String) -> Result<(), &'static str> {
    loop {
        match rest.next().ok_or("No closing quotation")? {
            '\'' => return Ok(()),
            other => word.push(other),
        }
    }
}

/// A backslash is kept here unless it stands before a double quote or another backslash.
fn double_quoted(rest: &mut Chars<'_>, word: &mut String) -> Result<(), &'static str> {
    loop {
        match rest.next().ok_or("No closing quotation")? {
            '"' => return Ok(()),
            '\\' => {
                let next = escaped(rest)?;
                if !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            other => word.push(other),
        }
    }
}

fn escaped(rest: &mut Chars<'_>) -> Result<char, &'static str> {
    rest.next().ok_or("No escaped character")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_shlex_split() {
        for (line, words) in [
            ("", vec![]),
            (" \t\r\n", vec![]),
            ("a  b\tc\n", vec!["a", "b", "c"]),
            ("a '' b", vec!["a", "", "b"]),
            ("''", vec![""]),
            (r#"a"b c"'d e'f"#, vec!["ab cd ef"]),
            (r"a\ b \\ \'", vec!["a b", r"\", "'"]),
            (r#""\$x \" \\ \n""#, vec![r#"\$x " \ \n"#]),
            (r"'\x'", vec![r"\x"]),
            ("a #b", vec!["a", "#b"]),
            ("$HOME ~ * ; | `x`", vec!["$HOME", "~", "*", ";", "|", "`x`"]),
            ("a\\\nb", vec!["a\nb"]),
            ("\u{a0}é ü", vec!["\u{a0}é", "ü"]),
        ] {
            assert_eq!(split(line), Ok(words.into_iter().map(str::to_owned).collect()), "{line:?}");
        }
    }

    #[test]
    fn what_is_left_open_is_refused_in_pythons_words() {
        for (line, error) in [
            ("'a", "No closing quotation"),
            ("\"a", "No closing quotation"),
            ("\"a\\\"", "No closing quotation"),
            ("a\\", "No escaped character"),
            ("\"a\\", "No escaped character"),
        ] {
            assert_eq!(split(line), Err(error), "{line:?}");
        }
    }
}
