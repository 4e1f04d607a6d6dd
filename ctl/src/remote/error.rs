//! What can come of a question instead of an answer.

use std::{fmt, io};

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The method's own refusal.
    Fault {
        /// Supervisor's number for it.
        code: i64,
        /// Its name, and a text.
        string: String,
    },
    /// The server's refusal: any HTTP status but 200.
    Status {
        /// The number.
        code: u16,
        /// The words after it.
        reason: String,
    },
    /// The address is none.
    Address(String),
    /// The host's name means no address; the text is the resolver's.
    NoHost(String),
    /// No connection, or one that broke.
    Io(io::Error),
    /// The connection ended before the answer.
    Closed,
    /// What came is no answer.
    Garbled(String),
}

impl CallError {
    pub(super) fn garbled(what: impl fmt::Display) -> Self {
        Self::Garbled(what.to_string())
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault { code, string } => write!(f, "fault {code}: {string}"),
            Self::Status { code: 401, .. } => {
                f.write_str("the server wants a user name and a password")
            }
            Self::Status { code, reason } => write!(f, "the server answers {code} {reason}"),
            Self::Address(text) | Self::NoHost(text) => f.write_str(text),
            Self::Io(error) => error.fmt(f),
            Self::Closed => f.write_str("the server closed the connection without an answer"),
            Self::Garbled(text) => write!(f, "what came is no answer: {text}"),
        }
    }
}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<hyper::Error> for CallError {
    /// Finds the failure of the socket in what hyper wraps around it.
    fn from(error: hyper::Error) -> Self {
        if error.is_incomplete_message() || error.is_canceled() {
            return Self::Closed;
        }
        let source = std::error::Error::source(&error);
        let from_socket = source.and_then(|cause| cause.downcast_ref::<io::Error>());
        match from_socket.and_then(io::Error::raw_os_error) {
            Some(number) => Self::Io(io::Error::from_raw_os_error(number)),
            None => Self::garbled(error),
        }
    }
}
