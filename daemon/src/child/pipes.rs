//! The pipes between the daemon and a process.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::resource::{Resource, getrlimit};

/// Descriptors that programs leave to those who ask the daemon for something: a connection takes one, a log three.
const RESERVE: u64 = 32;

/// Three pipes, each with its reading end and its writing end; all close on exec, and the daemon's ends do not block.
pub(super) struct Pipes {
    pub(super) stdin: (PipeReader, PipeWriter),
    pub(super) stdout: (PipeReader, PipeWriter),
    /// `None` if standard error goes where standard output goes.
    pub(super) stderr: Option<(PipeReader, PipeWriter)>,
}

impl Pipes {
    /// Opens them.
    ///
    /// # Errors
    /// `EMFILE` (also where only the reserve is left), `ENFILE`, `ENOMEM`.
    pub(super) fn open(redirect_stderr: bool) -> Result<Self, Errno> {
        let (stdin, stdout) = (pipe()?, pipe()?);
        spare_reserve(&stdout.1)?;
        let stderr = if redirect_stderr { None } else { Some(pipe()?) };
        set_nonblocking(&stdin.1)?;
        set_nonblocking(&stdout.0)?;
        if let Some((reader, _)) = &stderr {
            set_nonblocking(reader)?;
        }
        Ok(Self { stdin, stdout, stderr })
    }

    /// What becomes descriptors 0, 1 and 2 of the process; `socket` in place of the first, where there is one.
    pub(super) fn child_ends<'a>(&'a self, socket: Option<BorrowedFd<'a>>) -> [BorrowedFd<'a>; 3] {
        [socket.unwrap_or(self.stdin.0.as_fd()), self.stdout.1.as_fd(), self.error_writer().as_fd()]
    }

    /// Says on the process's standard error, in its place, why its program was not run.
    pub(super) fn report(&self, failure: &str) {
        let mut writer = self.error_writer();
        let text = format!("supervisor: {failure}\nsupervisor: child process was not spawned\n");
        // The process is gone, and nobody reads yet: a text longer than the pipe is cut off and must not block us.
        let _written = set_nonblocking(writer).is_ok() && writer.write_all(text.as_bytes()).is_ok();
    }

    fn error_writer(&self) -> &PipeWriter {
        self.stderr.as_ref().map_or(&self.stdout.1, |(_, writer)| writer)
    }
}

fn pipe() -> Result<(PipeReader, PipeWriter), Errno> {
    io::pipe().map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}

/// Numbers are given lowest first, so a high one means that there are few left.
fn spare_reserve(latest: &PipeWriter) -> Result<(), Errno> {
    let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let reserve = RESERVE.min(limit / 4);
    let number = u64::try_from(latest.as_raw_fd()).unwrap_or(0);
    if number + reserve < limit { Ok(()) } else { Err(Errno::EMFILE) }
}

fn set_nonblocking(end: impl AsFd) -> Result<(), Errno> {
    fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map(drop)
}
