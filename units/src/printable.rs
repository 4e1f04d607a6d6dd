//! Text that a terminal only shows.
//!
//! DEL and the control characters from U+0080 to U+009F steer terminals as the ones below U+0020 do (ECMA-48, section
//! 5.3), and nobody expects them: JSON allows them in strings as they are.

use std::borrow::Cow;

/// Whether it is one of the control characters that JSON, and most of those who quote, let pass.
#[must_use]
pub const fn is_late_control(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}')
}

/// The same JSON document with these characters spelt as JSON spells others (`\u009b`).
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    if !document.contains(is_late_control) {
        return Cow::Borrowed(document);
    }
    // They are in strings: outside of them JSON has no such characters.
    let spelt = |c: char| match c {
        c if is_late_control(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    Cow::Owned(document.chars().map(spelt).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_means_the_same_and_steers_nothing() {
        assert_eq!(json("{\"a\":\"é\\u001b\"}"), "{\"a\":\"é\\u001b\"}");
        assert_eq!(json("{\"a\":\"\u{9b}31m\u{7f}\"}"), "{\"a\":\"\\u009b31m\\u007f\"}");
    }
}
