//! Log files that are not files: inherited descriptors, pipes, terminals, devices. They are written without ever
//! waiting for their reader, and never seeked, truncated, renamed or removed.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};

/// What is kept for a reader that does not read. Beyond it, output is lost (and counted).
const PENDING_MAX: usize = 1 << 20;

/// How many bytes poll(2) promises room for when a pipe is writable (`PIPE_BUF`).
const ROOM: usize = 4096;

/// A descriptor to write to, and what it has not taken yet.
pub(super) struct Special {
    fd: OwnedFd,
    way: Way,
    pending: VecDeque<u8>,
}

/// How to write without waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// write(2): it never waits, because the descriptor is non-blocking or a file.
    Write,
    /// send(2) with `MSG_DONTWAIT`: the flags of an inherited socket are others' to set.
    Send,
    /// poll(2), then no more than fits: the descriptor is shared, and opening it anew was refused.
    Ask,
}

impl Special {
    /// Something that was opened with `O_NONBLOCK`.
    pub(super) fn opened(file: File) -> Self {
        Self { fd: file.into(), way: Way::Write, pending: VecDeque::new() }
    }

    /// The descriptor `number`, which the daemon was started with.
    ///
    /// # Errors
    /// `EBADF` if it is not open, or is the daemon's own.
    pub(super) fn inherited(number: RawFd) -> io::Result<Self> {
        let (fd, way) = share(number)?;
        Ok(Self { fd, way, pending: VecDeque::new() })
    }

    /// Writes what it can at once and keeps the rest for [`Self::flush`]. Returns how many bytes were neither written
    /// nor kept.
    ///
    /// # Errors
    /// As write(2); everything not written, kept bytes included, is lost, and their number is the second value.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<u64, (io::Error, u64)> {
        let rest = if self.pending.is_empty() {
            self.write_now(bytes).map_err(|(error, lost)| (error, lost as u64))?
        } else {
            bytes
        };
        let room = PENDING_MAX.saturating_sub(self.pending.len()).min(rest.len());
        self.pending.extend(&rest[..room]);
        Ok((rest.len() - room) as u64)
    }

    /// Writes what was kept.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub(super) fn flush(&mut self) -> Result<(), (io::Error, u64)> {
        let mut pending = std::mem::take(&mut self.pending);
        let kept = self.write_now(pending.make_contiguous()).map(<[u8]>::len);
        let kept = kept.map_err(|(error, lost)| (error, lost as u64))?;
        pending.drain(..pending.len() - kept);
        self.pending = pending;
        Ok(())
    }

    /// Writes what was kept as its reader takes it, until `end`.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub(super) fn flush_until(&mut self, end: Instant) -> Result<(), (io::Error, u64)> {
        loop {
            self.flush()?;
            let left = end.saturating_duration_since(Instant::now());
            if !self.is_blocked() || left.is_zero() {
                return Ok(());
            }
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            // Whatever comes of it, the next write tells.
            let _ready = poll(&mut [PollFd::new(self.fd.as_fd(), PollFlags::POLLOUT)], timeout);
        }
    }

    /// Whether something was kept: nothing more should be read for it until it is gone.
    pub(super) fn is_blocked(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Returns what did not fit; an error comes with the number of bytes that were not written.
    fn write_now<'a>(&self, mut bytes: &'a [u8]) -> Result<&'a [u8], (io::Error, usize)> {
        while !bytes.is_empty() {
            match self.write_some(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err((error, bytes.len())),
            }
        }
        Ok(bytes)
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.way {
            Way::Write => Ok(nix::unistd::write(&self.fd, bytes)?),
            Way::Send => {
                let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
                Ok(send(self.fd.as_raw_fd(), bytes, flags)?)
            }
            Way::Ask => {
                let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLOUT)];
                if poll(&mut fds, PollTimeout::ZERO)? == 0 {
                    return Err(ErrorKind::WouldBlock.into());
                }
                Ok(nix::unistd::write(&self.fd, &bytes[..bytes.len().min(ROOM)])?)
            }
        }
    }
}

impl AsFd for Special {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Which of the daemon's inherited descriptors a path means: `/dev/stdout`, `/dev/stderr`, `/dev/fd/N`,
/// `/proc/self/fd/N` (`/proc/1/fd/N` in a container), or a symbolic link to one of them.
pub(super) fn meant_descriptor(path: &Path) -> Option<RawFd> {
    // As many links as the kernel follows (`MAXSYMLINKS`).
    let mut path = path.to_owned();
    for _ in 0..40 {
        if let Some(number) = named_descriptor(&path) {
            return Some(number);
        }
        let target = fs::read_link(&path).ok()?;
        path = path.parent()?.join(target);
    }
    None
}

/// What stands behind a path, if that is an inherited descriptor or no regular file: the same for every name it has.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = match meant_descriptor(path) {
        Some(number) => inherited(number).ok()?.metadata().ok()?,
        None => fs::metadata(path).ok().filter(|metadata| !metadata.is_file())?,
    };
    Some((metadata.dev(), metadata.ino()))
}

/// Whether a path means a descriptor that leads to the journal as plain text: systemd names that stream in
/// `JOURNAL_STREAM` (systemd.exec(5)).
pub(super) fn leads_to_journal(path: &Path) -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Some(number) = meant_descriptor(path) else { return false };
    fs::metadata(link_of(number))
        .is_ok_and(|metadata| stream == format!("{}:{}", metadata.dev(), metadata.ino()))
}

fn named_descriptor(path: &Path) -> Option<RawFd> {
    let path = path.to_str()?;
    match path {
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        _ => ["/dev/fd/", "/proc/self/fd/", &format!("/proc/{}/fd/", std::process::id())]
            .iter()
            .find_map(|prefix| path.strip_prefix(prefix))?
            .parse()
            .ok(),
    }
}

/// A descriptor of our own for `number` that can be written without waiting.
fn share(number: RawFd) -> io::Result<(OwnedFd, Way)> {
    let copy = inherited(number)?;
    let kind = copy.metadata()?.file_type();
    if kind.is_fifo() || kind.is_char_device() {
        // A description of our own: O_NONBLOCK on the shared one would reach everybody who has it.
        let flags = nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY;
        return match OpenOptions::new().append(true).custom_flags(flags).open(link_of(number)) {
            Ok(file) => Ok((file.into(), Way::Write)),
            Err(_) => Ok((copy.into(), Way::Ask)),
        };
    }
    let way = if kind.is_socket() { Way::Send } else { Way::Write };
    Ok((copy.into(), way))
}

/// A copy of a descriptor that the daemon was started with. Its own are all close-on-exec; those cannot be.
#[expect(
    unsafe_code,
    reason = "a descriptor the daemon was started with has no owner to borrow from"
)]
fn inherited(number: RawFd) -> io::Result<File> {
    // SAFETY: takes numbers only.
    let flags = unsafe { nix::libc::fcntl(number, nix::libc::F_GETFD) };
    if flags < 0 || flags & nix::libc::FD_CLOEXEC != 0 {
        return Err(bad_descriptor());
    }
    // SAFETY: `number` is open and not close-on-exec, so it is one the daemon was started with. Nothing in the daemon
    // closes those.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    descriptor.try_clone_to_owned().map(File::from)
}

fn link_of(number: RawFd) -> String {
    format!("/proc/self/fd/{number}")
}

fn bad_descriptor() -> io::Error {
    io::Error::from_raw_os_error(nix::libc::EBADF)
}
