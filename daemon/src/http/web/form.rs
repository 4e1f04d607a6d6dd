//! Forms: what stands in a query or in the body of a POST.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// What Python's `urllib.parse.quote` leaves as it is, beside letters and digits.
const QUOTED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');

/// Fields by name. Empty ones are left out, as Supervisor does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form(HashMap<String, String>);

impl Form {
    /// Reads the query of the address and the body of a POST. In the query the first of two fields of one name counts, in
    /// the body the last, and the body goes before the query.
    pub(super) fn read(query: &str, body: &[u8]) -> Self {
        let mut fields: HashMap<String, String> = pairs(query.as_bytes()).rev().collect();
        fields.extend(pairs(body));
        Self(fields)
    }

    /// One field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn pairs(text: &[u8]) -> impl DoubleEndedIterator<Item = (String, String)> {
    text.split(|byte| *byte == b'&').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        (!value.is_empty()).then(|| (decoded(name), decoded(value)))
    })
}

/// Bytes that are no text become U+FFFD.
fn decoded(text: &[u8]) -> String {
    let spaced: Vec<u8> =
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// Writes a text so that it can stand in an address.
pub(super) fn quoted(text: &str) -> String {
    utf8_percent_encode(text, QUOTED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_empty_ones_are_left_out() {
        let form = Form::read("processname=web%3A0&action=stop&limit=&x&m=a+b%2Bc", b"");
        assert_eq!(form.get("processname"), Some("web:0"));
        assert_eq!(form.get("m"), Some("a b+c"));
        assert_eq!((form.get("limit"), form.get("x")), (None, None));
    }

    #[test]
    fn the_body_goes_before_the_query_the_first_before_the_second_and_in_the_body_the_last() {
        let form = Form::read("a=1&a=2&b=3", b"b=4&b=5");
        assert_eq!((form.get("a"), form.get("b")), (Some("1"), Some("5")));
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let form = Form::read("a=%ff%zz%", b"\xff\x00&=&==&b=\x00");
        assert_eq!(form.get("a"), Some("\u{fffd}%zz%"));
        assert_eq!(form.get("b"), Some("\0"));
    }

    #[test]
    fn texts_are_quoted_as_python_does() {
        assert_eq!(quoted("Process g:w_0/1~ é started"), "Process%20g%3Aw_0/1~%20%C3%A9%20started");
    }
}
