//! The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram per entry.

use std::fs::File;
use std::io::{IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, UnixAddr, sendmmsg, sendmsg};

use super::datagram::{Datagrams, Refused};

/// Where journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// Entries sent at once.
pub(super) const BATCH: usize = 64;

/// The priority of a line that names none: `info`, as systemd has it for both streams.
const DEFAULT_PRIORITY: u8 = 6;

/// The priority of a line of ours between a program's.
const NOTICE_PRIORITY: u8 = 4;

/// `PRIORITY=N` for each N.
const PRIORITIES: [&[u8]; 8] = [
    b"PRIORITY=0\n",
    b"PRIORITY=1\n",
    b"PRIORITY=2\n",
    b"PRIORITY=3\n",
    b"PRIORITY=4\n",
    b"PRIORITY=5\n",
    b"PRIORITY=6\n",
    b"PRIORITY=7\n",
];

/// A connection to journald.
pub(super) struct Journal {
    socket: Datagrams,
    headers: MultiHeaders<UnixAddr>,
}

/// One entry: its parts, in the order in which they are sent.
type Entry<'a> = [IoSlice<'a>; 5];

impl Journal {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { socket: Datagrams::new(path), headers: MultiHeaders::preallocate(BATCH, None) }
    }

    /// Whether there is something that listens, or could: the socket is there.
    pub(super) fn is_there(path: &Path) -> bool {
        use std::os::unix::fs::FileTypeExt;
        path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
    }

    /// Sends lines, as many as journald takes, [`BATCH`] at most. Returns how many it took, one at least.
    ///
    /// # Errors
    /// If it took none.
    pub(super) fn send(&mut self, fields: &[u8], lines: &[&[u8]]) -> Result<usize, Refused> {
        let entries: Vec<Entry<'_>> =
            lines.iter().take(BATCH).map(|line| entry(fields, line)).collect();
        self.send_entries(&entries)
    }

    /// Sends a line of ours among a program's.
    ///
    /// # Errors
    /// If it was not taken.
    pub(super) fn notice(&mut self, fields: &[u8], text: &str) -> Result<(), Refused> {
        let text = text.as_bytes();
        self.send_entries(&[parts(NOTICE_PRIORITY, fields, text)]).map(|_sent| ())
    }

    /// Whether an entry would be taken now.
    ///
    /// # Errors
    /// If not.
    pub(super) fn ready(&mut self) -> Result<(), Refused> {
        self.socket.ready()
    }

    /// The socket, to wait for.
    pub(super) fn socket(&self) -> &Datagrams {
        &self.socket
    }

    fn send_entries(&mut self, entries: &[Entry<'_>]) -> Result<usize, Refused> {
        let Self { socket, headers } = self;
        socket.attempt(|fd| match send_batch(fd, headers, entries) {
            Err(Errno::EMSGSIZE) => send_large(fd, &entries[0]).map(|()| 1),
            other => other,
        })
    }
}

fn send_batch(
    fd: BorrowedFd<'_>,
    headers: &mut MultiHeaders<UnixAddr>,
    entries: &[Entry<'_>],
) -> Result<usize, Errno> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let connected = [None; BATCH];
    let results =
        sendmmsg(fd.as_raw_fd(), headers, entries, &connected[..entries.len()], [], flags)?;
    Ok(results.count())
}

/// Sends an entry that is too large for a datagram, as a sealed file.
fn send_large(fd: BorrowedFd<'_>, entry: &Entry<'_>) -> Result<(), Errno> {
    let file =
        memfd_create(c"visord-journal", MFdFlags::MFD_ALLOW_SEALING | MFdFlags::MFD_CLOEXEC)?;
    let mut file = File::from(file);
    for part in entry {
        let written = file.write_all(part);
        written.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(nix::libc::EIO)))?;
    }
    let seals = SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    let descriptors = [file.as_fd().as_raw_fd()];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
    let control = [ControlMessage::ScmRights(&descriptors)];
    sendmsg::<UnixAddr>(fd.as_raw_fd(), &[], &control, flags, None).map(|_sent| ())
}

fn entry<'a>(fields: &'a [u8], line: &'a [u8]) -> Entry<'a> {
    let (priority, text) = priority(line);
    parts(priority, fields, text)
}

fn parts<'a>(priority: u8, fields: &'a [u8], text: &'a [u8]) -> Entry<'a> {
    // A line has no newline in it, so the simple form keeps every other byte.
    [
        IoSlice::new(PRIORITIES[usize::from(priority & 7)]),
        IoSlice::new(fields),
        IoSlice::new(b"MESSAGE="),
        IoSlice::new(text),
        IoSlice::new(b"\n"),
    ]
}

/// Splits the prefix off that sd-daemon(3) describes: `<3>text`.
fn priority(line: &[u8]) -> (u8, &[u8]) {
    match line {
        [b'<', digit @ b'0'..=b'7', b'>', text @ ..] => (digit - b'0', text),
        _ => (DEFAULT_PRIORITY, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_prefix_is_one() {
        for (line, wanted) in [
            ("<3>disk on fire", (3, "disk on fire")),
            ("<7>", (7, "")),
            ("<8>no such", (6, "<8>no such")),
            ("<3 text", (6, "<3 text")),
            (" <3>text", (6, " <3>text")),
            ("", (6, "")),
        ] {
            let (level, text) = priority(line.as_bytes());
            assert_eq!((level, std::str::from_utf8(text).expect("text")), wanted, "{line}");
        }
    }
}
