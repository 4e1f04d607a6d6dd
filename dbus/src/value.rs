//! A property value as the asking side has it.

use std::fmt;

use zbus::{Signature, Variant};

/// What a property is, for showing and for JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string or an object path.
    Text(String),
    /// A number that may be negative.
    Signed(i64),
    /// A number that may not.
    Unsigned(u64),
    /// A switch.
    Flag(bool),
    /// Several values.
    List(Vec<Self>),
    /// Something that a newer daemon says, as text.
    Other(String),
}

impl From<&Variant<'_>> for Value {
    fn from(value: &Variant<'_>) -> Self {
        match value {
            Variant::Str(text) => Self::Text(text.to_string()),
            Variant::ObjectPath(path) => Self::Text(path.to_string()),
            Variant::I16(number) => Self::Signed((*number).into()),
            Variant::I32(number) => Self::Signed((*number).into()),
            Variant::I64(number) => Self::Signed(*number),
            Variant::U8(number) => Self::Unsigned((*number).into()),
            Variant::U16(number) => Self::Unsigned((*number).into()),
            Variant::U32(number) => Self::Unsigned((*number).into()),
            Variant::U64(number) => Self::Unsigned(*number),
            Variant::Bool(flag) => Self::Flag(*flag),
            Variant::Array(list) if list.element_signature() == &Signature::U8 => {
                Self::Text(hex(list))
            }
            Variant::Array(list) => Self::List(list.iter().map(Self::from).collect()),
            Variant::Variant(inner) => Self::from(&**inner),
            other => Self::Other(other.to_string()),
        }
    }
}

/// Bytes as systemd shows an id: two hex digits each.
fn hex(bytes: &zbus::Array<'_>) -> String {
    let byte = |value: &Variant<'_>| u8::try_from(value).unwrap_or_default();
    bytes.iter().map(|value| format!("{:02x}", byte(value))).collect()
}

impl fmt::Display for Value {
    /// Writes text as it is, numbers in decimal, a list with commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Other(text) => f.write_str(text),
            Self::Signed(number) => write!(f, "{number}"),
            Self::Unsigned(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{value}")?;
                }
                Ok(())
            }
        }
    }
}
