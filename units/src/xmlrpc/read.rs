//! Reading: what Supervisor accepts, which is more than the specification of XML-RPC has.
//!
//! Elements are kept on a stack and folded into their meaning when they end; nothing recurses, so that nesting costs a
//! hostile caller an error and nobody a stack.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{MethodCall, MethodResponse, Value};
use crate::config::python;

/// How many elements may be open within each other: some 60 arrays within arrays.
pub const MAX_DEPTH: usize = 200;

/// Why bytes are no call or no answer. The two kinds are those that Supervisor's log tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Not XML, or XML that means nothing; the text says what is wrong.
    Unmarshallable(String),
    /// A call that names no method.
    NoMethodName,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmarshallable(what) => write!(f, "unmarshallable: {what}"),
            Self::NoMethodName => f.write_str("no method name"),
        }
    }
}

impl std::error::Error for ReadError {}

impl MethodCall {
    /// A call from the body of a request.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(body: &[u8]) -> Result<Self, ReadError> {
        let Document { root: Tag::MethodCall, parts } = document(body)? else {
            return Err(malformed("the document is no methodCall"));
        };
        let mut call = Self { name: String::new(), params: Vec::new() };
        for part in parts {
            match part {
                Part::MethodName(name) => call.name = name,
                Part::Params(params) => call.params = params,
                _ => {}
            }
        }
        if call.name.is_empty() { Err(ReadError::NoMethodName) } else { Ok(call) }
    }
}

impl MethodResponse {
    /// An answer from the body of a response.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(body: &[u8]) -> Result<Self, ReadError> {
        let Document { root: Tag::MethodResponse, parts } = document(body)? else {
            return Err(malformed("the document is no methodResponse"));
        };
        match parts.into_iter().next() {
            Some(Part::Params(mut params)) if params.len() == 1 => {
                Ok(Self::Ok(params.swap_remove(0)))
            }
            Some(Part::Fault(fault)) => Self::fault(&fault),
            _ => Err(malformed("a methodResponse holds one value or one fault")),
        }
    }

    fn fault(fault: &Value) -> Result<Self, ReadError> {
        let code = fault.member("faultCode").and_then(Value::as_int);
        let string = fault.member("faultString").and_then(Value::as_str);
        match (code, string) {
            (Some(code), Some(string)) => Ok(Self::Fault { code, string: string.to_owned() }),
            _ => Err(malformed("a fault holds a faultCode and a faultString")),
        }
    }
}

/// What an element is, by its name without a prefix (`<ex:nil/>` is nil).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    MethodCall,
    MethodResponse,
    MethodName,
    Params,
    Param,
    Fault,
    Value,
    Nil,
    Boolean,
    Int,
    Double,
    String,
    DateTime,
    Base64,
    Array,
    Data,
    Struct,
    Member,
    Name,
}

impl Tag {
    fn of(start: &BytesStart<'_>) -> Self {
        match start.local_name().as_ref() {
            "methodCall" => Self::MethodCall,
            "methodResponse" => Self::MethodResponse,
            "methodName" => Self::MethodName,
            "params" => Self::Params,
            "param" => Self::Param,
            "fault" => Self::Fault,
            "value" => Self::Value,
            "nil" => Self::Nil,
            "boolean" => Self::Boolean,
            "int" | "i4" => Self::Int,
            "double" => Self::Double,
            "dateTime.iso8601" => Self::DateTime,
            "base64" => Self::Base64,
            "array" => Self::Array,
            "data" => Self::Data,
            "struct" => Self::Struct,
            "member" => Self::Member,
            "name" => Self::Name,
            // `string`, and every type that Supervisor does not know: it takes their text.
            _ => Self::String,
        }
    }
}

/// What an element meant once it ended.
#[derive(Debug)]
enum Part {
    MethodName(String),
    Params(Vec<Value>),
    Fault(Value),
    Value(Value),
    Data(Vec<Value>),
    Member(String, Value),
    Name(String),
}

/// An element that has begun.
#[derive(Debug)]
struct Open {
    tag: Tag,
    /// What stands before its first child.
    text: String,
    parts: Vec<Part>,
}

/// The outermost element.
struct Document {
    root: Tag,
    parts: Vec<Part>,
}

fn malformed(what: impl fmt::Display) -> ReadError {
    ReadError::Unmarshallable(what.to_string())
}

fn document(body: &[u8]) -> Result<Document, ReadError> {
    let text = str::from_utf8(body).map_err(malformed)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Open> = Vec::new();
    let mut done = None;
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(_) if done.is_some() => return Err(malformed("a second document")),
            Event::Start(_) if open.len() == MAX_DEPTH => {
                return Err(malformed(format_args!("nested deeper than {MAX_DEPTH} elements")));
            }
            Event::Start(start) => {
                open.push(Open { tag: Tag::of(&start), text: String::new(), parts: Vec::new() });
            }
            Event::End(_) => {
                // The reader refuses an end without a start.
                let Some(element) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.parts.push(element.close()?),
                    None => done = Some(Document { root: element.tag, parts: element.parts }),
                }
            }
            Event::Text(text) => push(&mut open, &text.xml10_content())?,
            Event::CData(text) => push(&mut open, &text.xml10_content())?,
            Event::GeneralRef(name) => push(&mut open, resolve(&name)?.encode_utf8(&mut [0; 4]))?,
            Event::DocType(_) => return Err(malformed("a document type is not accepted")),
            Event::Eof if !open.is_empty() => return Err(malformed("the document ends early")),
            Event::Eof => return done.ok_or_else(|| malformed("there is no element")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Empty(_) => {}
        }
    }
}

fn push(open: &mut [Open], text: &str) -> Result<(), ReadError> {
    match open.last_mut() {
        Some(element) if element.parts.is_empty() => element.text.push_str(text),
        None if !text.trim().is_empty() => return Err(malformed("text outside of elements")),
        _ => {}
    }
    Ok(())
}

/// A character reference, or one of the five entities of XML.
fn resolve(name: &BytesRef<'_>) -> Result<char, ReadError> {
    if let Some(c) = name.resolve_char_ref().map_err(malformed)? {
        return Ok(c);
    }
    match name.xml10_content().as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        other => Err(malformed(format_args!("undefined entity &{other};"))),
    }
}

impl Open {
    fn close(self) -> Result<Part, ReadError> {
        let Self { tag, text, parts } = self;
        Ok(match tag {
            Tag::MethodCall | Tag::MethodResponse => return Err(malformed("a call within a call")),
            Tag::MethodName => Part::MethodName(text),
            Tag::Name => Part::Name(text),
            Tag::Params => Part::Params(values(parts)?),
            Tag::Data => Part::Data(values(parts)?),
            Tag::Fault => Part::Fault(only_value(parts)?),
            Tag::Value if parts.is_empty() => Part::Value(Value::String(text)),
            Tag::Value | Tag::Param => Part::Value(only_value(parts)?),
            Tag::Member => member(parts)?,
            Tag::Nil => Part::Value(Value::Nil),
            Tag::Boolean => Part::Value(Value::Bool(text == "1")),
            Tag::Int => Part::Value(Value::Int(python::int(&text).map_err(malformed)?)),
            Tag::Double => Part::Value(Value::Double(text.trim().parse().map_err(malformed)?)),
            Tag::String => Part::Value(Value::String(text)),
            Tag::DateTime => Part::Value(Value::DateTime(text)),
            Tag::Base64 => Part::Value(Value::Base64(decoded(&text)?)),
            Tag::Array => match parts.into_iter().next() {
                Some(Part::Data(elements)) => Part::Value(Value::Array(elements)),
                _ => return Err(malformed("an array without data")),
            },
            Tag::Struct => Part::Value(structure(parts)?),
        })
    }
}

fn value(part: Part) -> Result<Value, ReadError> {
    match part {
        Part::Value(value) => Ok(value),
        _ => Err(malformed("something else where a value belongs")),
    }
}

fn values(parts: Vec<Part>) -> Result<Vec<Value>, ReadError> {
    parts.into_iter().map(value).collect()
}

/// The first child; what follows it Supervisor does not look at.
fn only_value(parts: Vec<Part>) -> Result<Value, ReadError> {
    value(parts.into_iter().next().ok_or_else(|| malformed("a value is missing"))?)
}

fn member(parts: Vec<Part>) -> Result<Part, ReadError> {
    match <[Part; 2]>::try_from(parts) {
        Ok([Part::Name(name), Part::Value(value)]) => Ok(Part::Member(name, value)),
        _ => Err(malformed("a member is a name and a value")),
    }
}

fn structure(parts: Vec<Part>) -> Result<Value, ReadError> {
    let pair = |part| match part {
        Part::Member(name, value) => Ok((name.into(), value)),
        _ => Err(malformed("something else where a member belongs")),
    };
    parts.into_iter().map(pair).collect::<Result<_, _>>().map(Value::Struct)
}

/// Python skips what is not of the alphabet, line ends among it.
fn decoded(text: &str) -> Result<Vec<u8>, ReadError> {
    let is_ours = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let kept: Vec<u8> = text.bytes().filter(is_ours).collect();
    STANDARD.decode(&kept).map_err(malformed)
}
