//! What calls carry.

use std::borrow::Cow;

/// A value of XML-RPC.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `<nil/>`, Python's `None`.
    Nil,
    /// `<boolean>`.
    Bool(bool),
    /// `<int>`: XML-RPC has 32 bits. More is read, since Supervisor reads it (the offset of a log); what is written is
    /// clamped to what clients can read.
    Int(i64),
    /// `<double>`.
    Double(f64),
    /// `<string>`, and what has no type or one that is not known (`<i8>`).
    String(String),
    /// `<dateTime.iso8601>`, as it was spelt.
    DateTime(String),
    /// `<base64>`, decoded.
    Base64(Vec<u8>),
    /// `<array>`.
    Array(Vec<Self>),
    /// `<struct>`, its members in order; of two with one name the last counts.
    Struct(Vec<(Cow<'static, str>, Self)>),
}

impl Value {
    /// A struct of members whose names are known.
    #[must_use]
    pub fn members<const N: usize>(members: [(&'static str, Self); N]) -> Self {
        Self::Struct(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The member of a struct.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let Self::Struct(members) = self else { return None };
        members.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// A text: of a string, or of base64 that holds UTF-8, which Supervisor does not tell apart.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Base64(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// An integer.
    #[must_use]
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// A truth value.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Vec<Self>> for Value {
    fn from(elements: Vec<Self>) -> Self {
        Self::Array(elements)
    }
}
