//! One reader of a log: a pipe to it, and where it has got to.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::errno::Errno;

use super::hub::{Hub, Stream};
use super::trail::{Found, Trail};

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// Chunks for one reader before the others have their turn.
const TURN: usize = 64;

/// Supervisor's line for a file that was emptied.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// What to read of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    /// Whether to go on with what is written from now on, until the reader closes.
    pub(crate) follow: bool,
    /// The last so many lines. Goes before `last` and `offset`; none of them is everything there is.
    pub(crate) lines: Option<u64>,
    /// The last so many bytes. Goes before `offset`.
    pub(crate) last: Option<u64>,
    /// From this byte on.
    pub(crate) offset: Option<u64>,
    /// At most so many bytes.
    pub(crate) length: Option<u64>,
    /// Whether a line says so where somebody else has emptied the file, as Supervisor's `/logtail` has it.
    pub(crate) says_emptied: bool,
}

/// Where a reader's bytes come from.
pub(super) enum Source {
    /// A file and its successors.
    File(Arc<Trail>),
    /// What is kept of a stream without a file, from a position on.
    Recent(Listener),
}

/// Counts as a reader of what is kept of a stream, while it lives.
pub(super) struct Listener {
    hub: Arc<Hub>,
    stream: Stream,
    at: u64,
}

/// Counts the readers there are.
#[derive(Default)]
pub(super) struct Seats(AtomicUsize);

/// The place of one reader, free again when dropped.
pub(super) struct Seat(Arc<Seats>);

/// One reader.
pub(super) struct Follower {
    /// The pipe to it.
    pub(super) pipe: OwnedFd,
    source: Source,
    range: Range,
    begun: bool,
    /// Bytes it is still to get, where that is known.
    left: Option<u64>,
    /// Bytes that its pipe had no room for.
    unsent: Vec<u8>,
    /// Whether the last byte it got ended a line.
    at_line_start: bool,
    _seat: Seat,
}

/// What a reader waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// That it reads.
    Reader,
    /// That there is more.
    More,
    /// Nothing: it has everything, or has gone.
    Nothing,
}

impl Listener {
    pub(super) fn new(hub: Arc<Hub>, stream: Stream) -> Self {
        hub.channel(stream).listen();
        Self { hub, stream, at: 0 }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hub.channel(self.stream).stop_listening();
    }
}

impl Seats {
    /// A seat, if fewer than `most` are taken.
    pub(super) fn take(self: &Arc<Self>, most: usize) -> Option<Seat> {
        let seat = Seat(Arc::clone(self));
        // Counted first, so that two who come at once cannot both have the last one.
        (self.0.fetch_add(1, Ordering::Relaxed) < most).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Follower {
    /// A reader at the other end of `pipe`, which is non-blocking.
    pub(super) fn new(pipe: OwnedFd, source: Source, range: Range, seat: Seat) -> Self {
        Self {
            pipe,
            source,
            range,
            begun: false,
            left: None,
            unsent: Vec::new(),
            at_line_start: true,
            _seat: seat,
        }
    }

    /// Gives the reader what there is and what it takes. An error of the file ends it like its end.
    pub(super) fn serve(&mut self) -> Wait {
        self.try_to_serve().unwrap_or(Wait::Nothing)
    }

    fn try_to_serve(&mut self) -> io::Result<Wait> {
        if !self.begun {
            self.begin()?;
            self.begun = true;
        }
        let mut buffer = vec![0; CHUNK];
        for _ in 0..TURN {
            if let Some(wait) = self.send()? {
                return Ok(wait);
            }
            let most =
                self.left.map_or(CHUNK, |left| CHUNK.min(usize::try_from(left).unwrap_or(CHUNK)));
            if most == 0 {
                return Ok(Wait::Nothing);
            }
            match self.source.read(&mut buffer[..most])? {
                Found::Bytes(count) => self.take(&buffer[..count]),
                Found::Lost(bytes) => self.mark(bytes),
                Found::Emptied if self.range.says_emptied => self.take(TRUNCATED),
                Found::Emptied => {}
                Found::End if self.range.follow => return Ok(Wait::More),
                Found::End => return Ok(Wait::Nothing),
            }
        }
        Ok(Wait::Reader)
    }

    /// Finds the beginning. One who does not follow gets what is there now, however fast it grows.
    fn begin(&mut self) -> io::Result<()> {
        let rest = self.source.seek(&self.range)?;
        self.left = match (self.range.length, self.range.follow) {
            (Some(length), true) => Some(length),
            (Some(length), false) => Some(length.min(rest)),
            (None, true) => None,
            (None, false) => Some(rest),
        };
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.left = self.left.map(|left| left - bytes.len() as u64);
        self.at_line_start = bytes.ends_with(b"\n");
        self.unsent.extend_from_slice(bytes);
    }

    /// Says, on a line of its own, that something is missing here.
    fn mark(&mut self, bytes: u64) {
        let newline = if self.at_line_start { "" } else { "\n" };
        self.unsent.extend(format!("{newline}[visord: {bytes} bytes skipped]\n").bytes());
        self.at_line_start = true;
    }

    /// Writes what is unsent. Returns what to wait for, if not all of it went.
    fn send(&mut self) -> io::Result<Option<Wait>> {
        while !self.unsent.is_empty() {
            match nix::unistd::write(&self.pipe, &self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(Errno::EAGAIN) => return Ok(Some(Wait::Reader)),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}

impl AsFd for Follower {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Source {
    /// Goes to where `range` begins. Returns the bytes from there to the end.
    fn seek(&mut self, range: &Range) -> io::Result<u64> {
        match self {
            Self::File(trail) => match (range.lines, range.last) {
                (Some(count), _) => trail.seek_lines(count),
                (None, Some(bytes)) => trail.seek_back(bytes),
                (None, None) => trail.seek(range.offset.unwrap_or(0)),
            },
            Self::Recent(Listener { hub, stream, at }) => {
                hub.channel(*stream).with_recent(|recent| {
                    *at = match (range.lines, range.last, range.offset) {
                        (Some(count), ..) => recent.last_lines(count),
                        (None, Some(bytes), _) => {
                            recent.end().saturating_sub(bytes).max(recent.start())
                        }
                        (None, None, Some(offset)) => offset.min(recent.end()),
                        (None, None, None) => recent.start(),
                    };
                    Ok(recent.end() - *at)
                })
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Found> {
        match self {
            Self::File(trail) => trail.read(buffer),
            Self::Recent(Listener { hub, stream, at }) => {
                Ok(hub.channel(*stream).with_recent(|recent| recent.read(at, buffer)))
            }
        }
    }
}
