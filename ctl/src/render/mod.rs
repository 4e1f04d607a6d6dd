//! Rows into text and JSON. Everything here is a function of its arguments.

pub(crate) mod description;
pub(crate) mod difference;
pub(crate) mod json;
pub(crate) mod quantity;
pub(crate) mod status;
pub(crate) mod table;

use std::borrow::Cow;

/// The text with control characters spelt out, so that a name or a message cannot steer the terminal.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let spelt =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(spelt).collect())
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_hostile_name_cannot_move_the_cursor() {
        assert_eq!(printable("web\u{1b}[2J\n"), "web\\u{1b}[2J\\n");
        assert_eq!(printable("wéb"), "wéb");
    }
}
