//! What Python would have raised: shown on one line, as supervisorctl shows it.

use std::io;
use std::panic::Location;

use visor_units::config::repr;

use crate::remote::CallError;

/// The URL that the client library has in mind, whatever the server's is.
const IMAGINED: &str = "127.0.0.1/RPC2";

/// Something that a command does not handle, and where it came up.
#[derive(Debug)]
pub(super) struct Exception {
    /// What it is.
    pub(super) kind: Kind,
    at: &'static Location<'static>,
}

/// What there is to come up.
#[derive(Debug)]
pub(super) enum Kind {
    /// A question that was not answered.
    Call(CallError),
    /// An answer that makes no sense.
    Value(String),
    /// The end of the input where a person was asked.
    EndOfInput,
    /// Ctrl-C.
    Interrupt,
}

impl Exception {
    #[track_caller]
    pub(super) fn value(text: String) -> Self {
        Self::from(Kind::Value(text))
    }

    /// The number of the fault that it is.
    pub(super) const fn fault(&self) -> Option<i64> {
        match &self.kind {
            Kind::Call(CallError::Fault { code, .. }) => Some(*code),
            _ => None,
        }
    }

    /// The kind of the system's error that it is.
    pub(super) fn os_error(&self) -> Option<io::ErrorKind> {
        match &self.kind {
            Kind::Call(CallError::Io(error)) => Some(error.kind()),
            _ => None,
        }
    }

    /// `error: <class '…'>, …: file: … line: …`.
    pub(super) fn line(&self) -> String {
        let (class, text) = self.kind.describe();
        format!(
            "error: <class '{class}'>, {text}: file: {} line: {}",
            self.at.file(),
            self.at.line()
        )
    }
}

impl From<Kind> for Exception {
    #[track_caller]
    fn from(kind: Kind) -> Self {
        Self { kind, at: Location::caller() }
    }
}

impl From<CallError> for Exception {
    #[track_caller]
    fn from(error: CallError) -> Self {
        Self::from(Kind::Call(error))
    }
}

impl Kind {
    /// Python's class and text for it.
    pub(super) fn describe(&self) -> (&'static str, String) {
        match self {
            Self::Call(error) => call(error),
            Self::Value(text) => ("ValueError", text.clone()),
            Self::EndOfInput => ("EOFError", "EOF when reading a line".to_owned()),
            Self::Interrupt => ("KeyboardInterrupt", String::new()),
        }
    }
}

fn call(error: &CallError) -> (&'static str, String) {
    match error {
        CallError::Fault { code, string } => {
            ("xmlrpc.client.Fault", format!("<Fault {code}: {}>", repr(string)))
        }
        CallError::Status { code, reason } => (
            "xmlrpc.client.ProtocolError",
            format!("<ProtocolError for {IMAGINED}: {code} {reason}>"),
        ),
        CallError::Address(text) => ("ValueError", text.clone()),
        CallError::NoHost(text) => {
            ("socket.gaierror", format!("[Errno {}] {text}", resolver(text)))
        }
        CallError::Io(error) => os_error(error),
        CallError::Closed => (
            "http.client.RemoteDisconnected",
            "Remote end closed connection without response".to_owned(),
        ),
        CallError::Garbled(text) => ("xmlrpc.client.ResponseError", text.clone()),
    }
}

/// The class and text of an error of the system: `[Errno 13] Permission denied`.
pub(super) fn os_error(error: &io::Error) -> (&'static str, String) {
    let class = match error.kind() {
        io::ErrorKind::ConnectionRefused => "ConnectionRefusedError",
        io::ErrorKind::ConnectionReset => "ConnectionResetError",
        io::ErrorKind::ConnectionAborted => "ConnectionAbortedError",
        io::ErrorKind::BrokenPipe => "BrokenPipeError",
        io::ErrorKind::NotFound => "FileNotFoundError",
        io::ErrorKind::PermissionDenied => "PermissionError",
        io::ErrorKind::TimedOut => "TimeoutError",
        io::ErrorKind::NotADirectory => "NotADirectoryError",
        _ => "OSError",
    };
    let text = error.to_string();
    let Some(number) = error.raw_os_error() else { return (class, text) };
    let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
    (class, format!("[Errno {number}] {text}"))
}

/// The number of the resolver's text, in glibc.
fn resolver(text: &str) -> i32 {
    match text {
        "Temporary failure in name resolution" => -3,
        "Non-recoverable failure in name resolution" => -4,
        "No address associated with hostname" => -5,
        _ => -2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_raises_is_shown_as_python_shows_it() {
        let os = |number| CallError::Io(io::Error::from_raw_os_error(number));
        for (error, line) in [
            (
                CallError::Fault { code: 6, string: "SHUTDOWN_STATE".to_owned() },
                "error: <class 'xmlrpc.client.Fault'>, <Fault 6: 'SHUTDOWN_STATE'>: file: ",
            ),
            (
                CallError::Status { code: 401, reason: "Unauthorized".to_owned() },
                "error: <class 'xmlrpc.client.ProtocolError'>, <ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>: file: ",
            ),
            (
                CallError::NoHost("Name or service not known".to_owned()),
                "error: <class 'socket.gaierror'>, [Errno -2] Name or service not known: file: ",
            ),
            (os(13), "error: <class 'PermissionError'>, [Errno 13] Permission denied: file: "),
            (
                os(111),
                "error: <class 'ConnectionRefusedError'>, [Errno 111] Connection refused: file: ",
            ),
            (os(113), "error: <class 'OSError'>, [Errno 113] No route to host: file: "),
        ] {
            let shown = Exception::from(error).line();
            assert!(shown.starts_with(line), "{shown}");
            assert!(shown.contains("exception.rs line: "), "{shown}");
        }
    }
}
