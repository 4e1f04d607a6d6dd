//! What a listener says on its standard output: `READY\n`, and `RESULT <length>\n<body>`.
//!
//! The reader is fed bytes as they come and asked for what they mean until it has nothing more to say. However they are
//! cut, they mean the same.

use serde::{Deserialize, Serialize};

use crate::config::int;

/// What a listener is doing. It is ACKNOWLEDGED when it is launched, says that it is READY, is BUSY from then on with the
/// event it is sent, and is UNKNOWN for the rest of its run when it says anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "told together, above")]
pub enum ListenerState {
    Ready = 10,
    Busy = 20,
    #[default]
    Acknowledged = 30,
    Unknown = 40,
}

impl ListenerState {
    /// The name in log texts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Busy => "BUSY",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is ready for an event. It is READY.
    Ready,
    /// It has dealt with its event, and how. It is ACKNOWLEDGED.
    Result(Vec<u8>),
    /// A line that should have announced a result and does not. It is UNKNOWN.
    BadResult(Vec<u8>),
    /// Something out of turn, from that state. It is UNKNOWN.
    OutOfTurn(ListenerState),
}

const READY: &[u8] = b"READY\n";

/// Where the number begins in the line of a result; what stands before it is not looked at, as in Supervisor.
const RESULT_LENGTH_AT: usize = "RESULT ".len();

/// The longest line that can announce a result, in bytes. A listener that says more without a newline is not one.
const LINE_MAX: usize = 64 * 1024;

/// The longest result, in bytes.
const RESULT_MAX: usize = 16 * 1024 * 1024;

/// Reads what one run of a listener says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    state: ListenerState,
    unread: Vec<u8>,
    /// How long the result is that was announced.
    announced: Option<usize>,
}

impl Reader {
    /// What the listener is doing.
    #[must_use]
    pub const fn state(&self) -> ListenerState {
        self.state
    }

    /// How many bytes are kept that mean nothing yet.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.state != ListenerState::Unknown {
            self.unread.extend_from_slice(bytes);
        }
    }

    /// It was sent an event.
    pub fn send(&mut self) {
        self.state = ListenerState::Busy;
    }

    /// It could not be sent the event after all.
    pub fn unsend(&mut self) {
        self.state = ListenerState::Ready;
    }

    /// It is not worth listening to for the rest of its run.
    pub fn condemn(&mut self) {
        *self = Self { state: ListenerState::Unknown, ..Self::default() };
    }

    /// What it said next; `None` until there is more to read. A result of no length is known only when something
    /// follows it, as in Supervisor.
    pub fn next_said(&mut self) -> Option<Said> {
        if self.unread.is_empty() {
            return None;
        }
        match self.state {
            ListenerState::Unknown => None,
            ListenerState::Acknowledged if self.unread.len() < READY.len() => None,
            ListenerState::Acknowledged if self.unread.starts_with(READY) => {
                self.unread.drain(..READY.len());
                self.state = ListenerState::Ready;
                Some(Said::Ready)
            }
            ListenerState::Ready | ListenerState::Acknowledged => Some(self.out_of_turn()),
            ListenerState::Busy => self.result(),
        }
    }

    fn out_of_turn(&mut self) -> Said {
        let state = self.state;
        self.condemn();
        Said::OutOfTurn(state)
    }

    fn result(&mut self) -> Option<Said> {
        if self.announced.is_none() {
            if let Err(line) = self.line()? {
                self.condemn();
                return Some(Said::BadResult(line));
            }
            if self.unread.is_empty() {
                return None;
            }
        }
        let length = self.announced.filter(|length| *length <= self.unread.len())?;
        self.announced = None;
        self.state = ListenerState::Acknowledged;
        Some(Said::Result(self.unread.drain(..length).collect()))
    }

    /// Reads the line that announces a result, if it is there; an error is the line that does not.
    fn line(&mut self) -> Option<Result<(), Vec<u8>>> {
        let head = &self.unread[..self.unread.len().min(LINE_MAX + 1)];
        let Some(newline) = head.iter().position(|byte| *byte == b'\n') else {
            return (head.len() > LINE_MAX).then(|| Err(head[..LINE_MAX].to_vec()));
        };
        let mut line: Vec<u8> = self.unread.drain(..=newline).collect();
        line.pop();
        self.announced = length(&line);
        Some(if self.announced.is_some() { Ok(()) } else { Err(line) })
    }
}

/// The length that a line announces.
fn length(line: &[u8]) -> Option<usize> {
    let number = std::str::from_utf8(line.get(RESULT_LENGTH_AT..)?).ok()?;
    let length = usize::try_from(int(number).ok()?).ok()?;
    (length <= RESULT_MAX).then_some(length)
}
