//! Writing: the layout of Python's `xmlrpc.client.dumps`.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{MethodCall, MethodResponse, Value};

const HEAD: &str = "<?xml version='1.0'?>\n";

/// How many bytes make a line of base64.
const LINE: usize = 57;

impl MethodCall {
    /// The body of the request.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{HEAD}<methodCall>\n<methodName>");
        push_text(&mut out, &self.name);
        out.push_str("</methodName>\n<params>\n");
        for value in &self.params {
            push_param(&mut out, value);
        }
        out.push_str("</params>\n</methodCall>\n");
        out
    }
}

impl MethodResponse {
    /// The body of the response.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{HEAD}<methodResponse>\n");
        match self {
            Self::Ok(value) => {
                out.push_str("<params>\n");
                push_param(&mut out, value);
                out.push_str("</params>\n");
            }
            Self::Fault { code, string } => {
                out.push_str("<fault>\n");
                push_struct(
                    &mut out,
                    [("faultCode", &Value::Int(*code)), ("faultString", &string.as_str().into())]
                        .into_iter(),
                );
                out.push_str("</fault>\n");
            }
        }
        out.push_str("</methodResponse>\n");
        out
    }
}

fn push_param(out: &mut String, value: &Value) {
    out.push_str("<param>\n");
    push_value(out, value);
    out.push_str("</param>\n");
}

/// A value and its end of line, which `nil` alone does not have.
fn push_value(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("<value><nil/></value>"),
        Value::Bool(truth) => push_scalar(out, "boolean", if *truth { "1" } else { "0" }),
        Value::Int(number) => {
            let number = (*number).clamp(i32::MIN.into(), i32::MAX.into());
            push_scalar(out, "int", &number.to_string());
        }
        Value::Double(number) => push_scalar(out, "double", &double(*number)),
        Value::String(text) => push_scalar(out, "string", text),
        Value::DateTime(text) => push_scalar(out, "dateTime.iso8601", text),
        Value::Base64(bytes) => {
            out.push_str("<value><base64>\n");
            for line in bytes.chunks(LINE) {
                STANDARD.encode_string(line, out);
                out.push('\n');
            }
            out.push_str("</base64></value>\n");
        }
        Value::Array(elements) => {
            out.push_str("<value><array><data>\n");
            for element in elements {
                push_value(out, element);
            }
            out.push_str("</data></array></value>\n");
        }
        Value::Struct(members) => {
            push_struct(out, members.iter().map(|(name, value)| (name.as_ref(), value)));
        }
    }
}

fn push_scalar(out: &mut String, kind: &str, text: &str) {
    out.extend(["<value><", kind, ">"]);
    push_text(out, text);
    out.extend(["</", kind, "></value>\n"]);
}

fn push_struct<'a>(out: &mut String, members: impl Iterator<Item = (&'a str, &'a Value)>) {
    out.push_str("<value><struct>\n");
    for (name, value) in members {
        out.push_str("<member>\n<name>");
        push_text(out, name);
        out.push_str("</name>\n");
        push_value(out, value);
        out.push_str("</member>\n");
    }
    out.push_str("</struct></value>\n");
}

/// Escapes what Python escapes, and replaces what XML 1.0 does not allow.
fn push_text(out: &mut String, mut text: &str) {
    let special = |c| matches!(c, '&' | '<' | '>') || is_outside_xml(c);
    while let Some(place) = text.find(special) {
        let (plain, rest) = text.split_at(place);
        out.push_str(plain);
        let mut chars = rest.chars();
        out.push_str(match chars.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            _ => "\u{fffd}",
        });
        text = chars.as_str();
    }
    out.push_str(text);
}

/// XML 1.0, section 2.2, `Char`, turned around.
const fn is_outside_xml(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// `repr(float)`: Rust's digits and bounds are the same, its exponents are shorter and it spells `NaN`.
fn double(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let digits = format!("{number:?}");
    let Some((digits, exponent)) = digits.split_once('e') else { return digits };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    let mut out = String::from(digits);
    // Writing to a String cannot fail.
    let _ = write!(out, "e{sign}{exponent:0>2}");
    out
}
