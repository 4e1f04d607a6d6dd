//! The reading end of a program's standard output or standard error.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use visor_units::announce::capture::{Captured, Scanner};
use visor_units::engine::Key;
use visor_units::name::ProcessName;

use super::ansi::Stripper;
use super::backlog::Budget;
use super::file::FileSink;
use super::format::Formatter;
use super::hub::{Channel, Hub, Stream};
use super::pump::{Missing, Route};
use super::tap::Tap;
use super::trouble::Written;

/// Reads that fill the buffer in a row before the pipe is made larger.
const FULL_READS: u8 = 4;

/// The size of a busy pipe in bytes: what any user may ask for (`/proc/sys/fs/pipe-max-size`).
const BUSY_SIZE: i32 = 1 << 20;

/// The longest beginning of a line that is kept back, in bytes.
const BEGUN_MAX: usize = 64 * 1024;

/// One pipe and where it leads.
pub(super) struct Pipe {
    pub(super) fd: OwnedFd,
    pub(super) stream: Stream,
    pub(super) name: Arc<ProcessName>,
    pub(super) sink: Option<Arc<FileSink>>,
    /// The file that should be its sink and could not be opened.
    pub(super) missing: Option<Missing>,
    pub(super) stripper: Option<Stripper>,
    pub(super) formatter: Option<Formatter>,
    /// Whether its lines go to the journal or to syslog.
    pub(super) is_forwarded: bool,
    /// Whether the latest output is kept, because there is no file it could be read from.
    pub(super) is_remembered: bool,
    /// Whether it is not watched for the time being, because what it leads to is full.
    pub(super) parked: bool,
    pub(super) hub: Arc<Hub>,
    /// The process that writes there.
    pub(super) pid: u32,
    /// Its handle.
    pub(super) key: Key,
    /// Whether it is what a listener says.
    pub(super) is_protocol: bool,
    /// Whether every piece of it is announced.
    pub(super) events: bool,
    /// Where it is looked for capture marks.
    pub(super) capture: Option<Capture>,
    is_tapped: bool,
    full_reads: u8,
    /// The beginning of a line, kept back so that others who write to the same file do not cut into it.
    begun: Vec<u8>,
}

/// Whether what was written there cannot be read from there.
fn is_unreadable(sink: &Arc<FileSink>) -> bool {
    sink.readers().file().is_none()
}

/// Finds what stands between the capture marks, and keeps it until it is whole.
pub(super) struct Capture {
    pub(super) scanner: Scanner,
    pub(super) captured: Captured,
}

/// What a read found.
pub(super) enum Read {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Empty,
    /// Nothing ever again.
    End,
}

impl Pipe {
    /// Takes over `fd`.
    ///
    /// # Errors
    /// As fcntl(2).
    pub(super) fn new(
        fd: OwnedFd,
        stream: Stream,
        route: Route,
        (key, pid): (Key, u32),
        name: Arc<ProcessName>,
        hub: Arc<Hub>,
    ) -> Result<Self, Errno> {
        let flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL)?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        let is_remembered = route.sink.as_ref().is_none_or(is_unreadable);
        let is_tapped = route.is_tapped();
        let formatter =
            route.format.map(|format| Formatter::new(format, Arc::clone(&name), stream, pid));
        Ok(Self {
            fd,
            stream,
            name,
            sink: route.sink,
            missing: route.missing,
            stripper: route.strip_ansi.then(Stripper::default),
            formatter,
            is_forwarded: route.journal || route.syslog,
            is_remembered,
            parked: false,
            hub,
            pid,
            key,
            is_protocol: route.is_protocol,
            events: route.events,
            capture: (route.capture > 0).then(|| Capture {
                scanner: Scanner::default(),
                captured: Captured::new(route.capture),
            }),
            is_tapped,
            full_reads: 0,
            begun: Vec::new(),
        })
    }

    /// Goes on into a file that could not be opened before.
    pub(super) fn lead_to(&mut self, sink: Arc<FileSink>) {
        sink.enter();
        self.is_remembered = is_unreadable(&sink);
        self.channel().set_trouble(None);
        self.channel().place(Some(Arc::clone(&sink)));
        (self.sink, self.missing) = (Some(sink), None);
    }

    /// Reads once.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Read {
        loop {
            match nix::unistd::read(&self.fd, buffer) {
                Ok(0) => return Read::End,
                Ok(count) => {
                    self.watch_load(count == buffer.len());
                    return Read::Bytes(count);
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Read::Empty,
                // A pipe of ours gives no other error; should it, there is nothing more to be had from it.
                Err(_) => return Read::End,
            }
        }
    }

    /// How much the pipe can hold, in bytes: everything written before now is within as many.
    pub(super) fn capacity(&self) -> usize {
        let size = fcntl(&self.fd, FcntlArg::F_GETPIPE_SZ).unwrap_or(BUSY_SIZE);
        usize::try_from(size).unwrap_or_default()
    }

    /// Whether the program waits for the journal or syslog: where a file holds its output, it does not.
    pub(super) fn is_held_back(&self) -> bool {
        self.is_forwarded && self.sink.is_none()
    }

    /// Whether what it leads to has no room now.
    pub(super) fn is_full(&self, budget: &Budget, tap: &Tap) -> bool {
        self.is_tapped && tap.is_full()
            || self.sink.as_ref().is_some_and(|sink| sink.is_blocked())
            || self.is_held_back() && !self.channel().backlog.has_room(budget)
    }

    /// Writes to the log file: whole lines if others write there too, else everything at once. An over-long line is
    /// not kept back.
    pub(super) fn write(&mut self, sink: &FileSink, bytes: &[u8]) -> Written {
        let whole = match bytes.iter().rposition(|&byte| byte == b'\n') {
            _ if !sink.is_shared() => bytes.len(),
            Some(newline) => newline + 1,
            None if self.begun.len() + bytes.len() > BEGUN_MAX => bytes.len(),
            None => 0,
        };
        let (whole, begun) = bytes.split_at(whole);
        let mut written = Written::default();
        if !whole.is_empty() {
            if !self.begun.is_empty() {
                written = sink.write(&std::mem::take(&mut self.begun));
            }
            written.merge(sink.write(whole));
        }
        self.begun.extend_from_slice(begun);
        written
    }

    /// Writes the line that was begun, because nothing will end it, and writes no more. Where others write too, their
    /// next line does not go on with it.
    pub(super) fn leave(&mut self, sink: &FileSink) -> Written {
        let mut written = Written::default();
        if !self.begun.is_empty() {
            if sink.is_shared() {
                self.begun.push(b'\n');
            }
            written = sink.write(&std::mem::take(&mut self.begun));
        }
        written.troubles.extend(sink.leave());
        written
    }

    /// The stream it belongs to.
    pub(super) fn channel(&self) -> &Channel {
        self.hub.channel(self.stream)
    }

    /// Enlarges the pipe of a busy program, so that writer and reader change places less often.
    fn watch_load(&mut self, full: bool) {
        self.full_reads = match (full, self.full_reads) {
            (false, n) if n < FULL_READS => 0,
            (_, n) => n.saturating_add(1),
        };
        if self.full_reads == FULL_READS {
            // Refused where the user has too many large pipes; the small one works as well.
            let _size = fcntl(self.fd.as_fd(), FcntlArg::F_SETPIPE_SZ(BUSY_SIZE));
        }
    }
}
