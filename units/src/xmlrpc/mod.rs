//! XML-RPC as Supervisor and its clients speak it: what a call and an answer are, read from bytes and written to text.
//!
//! What is written has the layout of Python's `xmlrpc.client.dumps`, byte for byte, since clients that take answers apart
//! with regular expressions exist; but a character that XML does not allow, which Python lets pass and then cannot read,
//! is written as U+FFFD. What is read is what Supervisor accepts. A document type, an entity other than XML's five and
//! nesting without end are refused.

mod read;
mod value;
mod write;

pub use read::{MAX_DEPTH, ReadError};
pub use value::Value;

/// A call: the method, as it is named on the wire (`supervisor.getState`), and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodCall {
    /// Never empty if it was read.
    pub name: String,
    /// In order.
    pub params: Vec<Value>,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum MethodResponse {
    /// What the method gave.
    Ok(Value),
    /// Why it did not.
    Fault {
        /// The number that clients match on.
        code: i64,
        /// The text for people.
        string: String,
    },
}

impl MethodCall {
    /// A call to be written.
    pub fn new(name: impl Into<String>, params: impl Into<Vec<Value>>) -> Self {
        Self { name: name.into(), params: params.into() }
    }
}
