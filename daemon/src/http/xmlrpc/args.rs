//! Arguments, read with the patience of the Python that clients were written for.

use visor_units::xmlrpc::Value;

use super::fault::{Code, Fault};

/// The arguments of a call, whose number was found right.
pub(super) struct Args<'a>(pub(super) &'a [Value]);

impl Args<'_> {
    /// A text.
    pub(super) fn text(&self, at: usize) -> Result<&str, Fault> {
        self.0.get(at).and_then(Value::as_str).ok_or_else(|| Code::IncorrectParameters.into())
    }

    /// A whole number, or a text that is one.
    pub(super) fn number(&self, at: usize) -> Result<i64, Fault> {
        let number = match self.0.get(at) {
            Some(Value::Int(number)) => Some(*number),
            Some(Value::Bool(truth)) => Some((*truth).into()),
            // Python's own rounding, towards zero; what is too large is as large as can be.
            #[expect(clippy::cast_possible_truncation, reason = "that is what is wanted")]
            Some(Value::Double(number)) if number.is_finite() => Some(*number as i64),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| Code::IncorrectParameters.into())
    }

    /// Whether something is true as Python sees it; so is what was not given.
    pub(super) fn truth(&self, at: usize) -> bool {
        match self.0.get(at) {
            None => true,
            Some(Value::Nil) => false,
            Some(Value::Bool(truth)) => *truth,
            Some(Value::Int(number)) => *number != 0,
            Some(Value::Double(number)) => *number != 0.0,
            Some(Value::String(text) | Value::DateTime(text)) => !text.is_empty(),
            Some(Value::Base64(bytes)) => !bytes.is_empty(),
            Some(Value::Array(elements)) => !elements.is_empty(),
            Some(Value::Struct(members)) => !members.is_empty(),
        }
    }
}
