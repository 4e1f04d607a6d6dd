//! Standard output and standard error, and what is known of them.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use serde_json::Value;
use visor_units::printable;

use crate::exit::Exit;
use crate::failure::Failure;

/// Where a command shows what it has to show. Styles are written always and taken out where they do not belong
/// (a pipe, `NO_COLOR`).
#[derive(Debug)]
pub(crate) struct Screen {
    /// Whether people read standard output.
    pub(crate) terminal: bool,
    /// Whether people read standard error.
    pub(crate) watched: bool,
    /// Columns of the terminal; `None` is no limit.
    pub(crate) width: Option<usize>,
    /// Whether the answer is one JSON document.
    pub(crate) json: bool,
}

impl Screen {
    /// Looks at the process's own standard streams.
    pub(crate) fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        Self {
            terminal,
            watched: io::stderr().is_terminal(),
            width: terminal.then(|| columns(io::stdout())).flatten(),
            json,
        }
    }

    /// One that nobody looks at.
    pub(crate) const fn unwatched() -> Self {
        Self { terminal: false, watched: false, width: None, json: false }
    }

    /// Writes text as it is, and has it out at once.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Writes bytes of programs: nothing is taken out of them, and nothing added.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Writes one line for people; nothing where a JSON document is wanted.
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.print(&format!("{text}\n")) }
    }

    /// Writes the JSON document that is the answer: indented for people, on one line for programs.
    pub(crate) fn document(&self, value: &Value) -> Result<(), Failure> {
        let text = if self.terminal { format!("{value:#}\n") } else { format!("{value}\n") };
        self.print(&printable::json(&text))
    }

    /// Writes the whole answer of a command that has only one line to say.
    pub(crate) fn done(&self, text: &str, document: &Value) -> Result<Exit, Failure> {
        if self.json { self.document(document) } else { self.line(text) }?;
        Ok(Exit::Success)
    }

    /// Columns of the terminal behind standard error, as they are now.
    pub(crate) fn watched_width(&self) -> Option<usize> {
        self.watched.then(|| columns(io::stderr())).flatten()
    }

    /// Writes a remark to standard error. Nobody there to read it is no failure of the command.
    pub(crate) fn remark(&self, text: &str) {
        let _unread = write!(anstream::stderr().lock(), "{text}");
    }
}

/// Width of a terminal, as it says or as `COLUMNS` says.
fn columns(stream: impl AsFd) -> Option<usize> {
    let told = rustix::termios::tcgetwinsize(stream).ok().map(|size| size.ws_col.into());
    let from_environment = || env::var("COLUMNS").ok()?.parse().ok();
    told.filter(|width| *width > 0).or_else(from_environment)
}
