//! The few rules of Python that show in Supervisor's messages and in what it accepts.

use std::fmt::Write;

/// Whether `str.strip()` would remove this character.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// A text as Python's `repr` shows it, which is how Supervisor's messages quote.
#[must_use]
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        push_escaped(&mut out, c, quote);
    }
    out.push(quote);
    out
}

/// Bytes as Python's `repr` shows them.
#[must_use]
pub fn repr_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = String::with_capacity(bytes.len() + 3);
    out.extend(['b', quote]);
    for byte in bytes {
        match char::from(*byte) {
            c @ '\x7f'.. => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => push_escaped(&mut out, c, quote),
        }
    }
    out.push(quote);
    out
}

fn push_escaped(out: &mut String, c: char, quote: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c == quote => out.extend(['\\', c]),
        c if is_printable(c) => out.push(c),
        c => {
            let code = u32::from(c);
            // Writing to a String cannot fail.
            let _ = match code {
                0..=0xff => write!(out, "\\x{code:02x}"),
                0x100..=0xffff => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
        }
    }
}

/// `str.isprintable()`. Rust's `escape_debug` knows the same table; a combining mark is printable unless it comes first.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~') || !String::from_iter(['x', c]).escape_debug().skip(1).any(|e| e == '\\')
}

/// `int(text)`.
///
/// # Errors
/// Python's text for what is no number, and one of our own for what does not fit 64 bits.
pub fn int(text: &str) -> Result<i64, String> {
    let refusal = || format!("invalid literal for int() with base 10: {}", repr(text));
    let (negative, digits) = sign(strip(text));
    number(negative, digits, 10, text).ok_or_else(refusal)?
}

/// `int(text, 8)`; `None` if it is no octal number or does not fit.
pub(super) fn octal(text: &str) -> Option<i64> {
    let (negative, digits) = sign(strip(text));
    let digits = match digits.strip_prefix("0o").or_else(|| digits.strip_prefix("0O")) {
        Some(rest) => rest.strip_prefix('_').unwrap_or(rest),
        None => digits,
    };
    number(negative, digits, 8, text)?.ok()
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Digits with single underscores between them: `None` if they are anything else, an error if the number is too large.
fn number(negative: bool, digits: &str, radix: u32, text: &str) -> Option<Result<i64, String>> {
    let groups = digits.split('_');
    if !groups.clone().all(|g| !g.is_empty() && g.chars().all(|c| c.is_digit(radix))) {
        return None;
    }
    let value = groups.flat_map(str::chars).try_fold(0_i64, |sum, c| {
        let digit = i64::from(c.to_digit(radix)?);
        sum.checked_mul(radix.into())?.checked_add(digit)
    });
    let value = value.map(|v| if negative { -v } else { v });
    Some(value.ok_or_else(|| format!("integer is too large: {}", repr(text))))
}

/// `os.path.dirname`.
pub(super) fn dirname(path: &str) -> &str {
    let head = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { head } else { trimmed }
}

/// `os.path.join` of two parts.
pub(super) fn join(base: &str, path: &str) -> String {
    if path.starts_with('/') || base.is_empty() {
        path.to_owned()
    } else if base.ends_with('/') {
        format!("{base}{path}")
    } else {
        format!("{base}/{path}")
    }
}

/// `os.path.normpath`.
pub(super) fn normpath(path: &str) -> String {
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let climbs = part == ".." && parts.last().is_some_and(|last| *last != "..");
        if climbs {
            parts.pop();
        } else if part != ".." || root.is_empty() {
            parts.push(part);
        }
    }
    let normal = format!("{root}{}", parts.join("/"));
    if normal.is_empty() { ".".to_owned() } else { normal }
}

/// `os.path.abspath`, seen from `directory`.
pub(super) fn abspath(path: &str, directory: &str) -> String {
    normpath(&join(directory, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_python_quotes_them() {
        for (text, quoted) in [
            ("plain", "'plain'"),
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("a\\b\n\t", "'a\\\\b\\n\\t'"),
            ("é\u{7f}\u{a0}", "'é\\x7f\\xa0'"),
            ("e\u{301}", "'e\u{301}'"),
            ("\u{301}", "'\u{301}'"),
            ("\u{200b}\u{e0001}", "'\\u200b\\U000e0001'"),
        ] {
            assert_eq!(repr(text), quoted);
        }
    }

    #[test]
    fn integers_are_read_as_python_reads_them() {
        for (text, number) in [("10", 10), (" -5\n", -5), ("+1_0", 10), ("007", 7)] {
            assert_eq!(int(text), Ok(number), "{text}");
        }
        for text in ["", "1.5", "1__0", "_1", "1_", "0x10", "- 1", "--1", "1e3"] {
            let expected = format!("invalid literal for int() with base 10: '{text}'");
            assert_eq!(int(text), Err(expected));
        }
        assert_eq!(
            int("99999999999999999999"),
            Err("integer is too large: '99999999999999999999'".into())
        );
    }

    #[test]
    fn octal_numbers_may_carry_a_prefix() {
        for (text, number) in [("022", 18), ("0o22", 18), ("0O_22", 18), (" 7_7 ", 63), ("-1", -1)]
        {
            assert_eq!(octal(text), Some(number), "{text}");
        }
        for text in ["", "8", "0o", "0x1", "rw"] {
            assert_eq!(octal(text), None, "{text}");
        }
    }

    #[test]
    fn paths_are_taken_apart_and_joined_as_python_does() {
        for (path, directory) in
            [("/a/b", "/a"), ("/a", "/"), ("a", ""), ("a//b", "a"), ("//a", "//")]
        {
            assert_eq!(dirname(path), directory, "{path}");
        }
        for (path, normal) in [
            ("/a/../../b/./c//", "/b/c"),
            ("a/../..", ".."),
            ("", "."),
            ("//x", "//x"),
            ("///x", "/x"),
        ] {
            assert_eq!(normpath(path), normal, "{path}");
        }
        assert_eq!(abspath("x.log", "/srv"), "/srv/x.log");
        assert_eq!(abspath("/x.log", "/srv"), "/x.log");
    }
}
