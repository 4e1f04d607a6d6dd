//! A connection to a local datagram service that is never waited for.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The service is behind: wait until the connection can be written.
    Busy,
    /// Nobody is there. The next attempt looks again.
    Gone,
    /// This message cannot be sent; the next one may.
    Invalid,
}

/// The service at one path.
pub(super) struct Datagrams {
    path: PathBuf,
    connection: Option<UnixDatagram>,
    generation: u64,
}

impl Datagrams {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, connection: None, generation: 0 }
    }

    /// The connection; `None` while nobody is there.
    pub(super) fn connection(&self) -> Option<BorrowedFd<'_>> {
        self.connection.as_ref().map(AsFd::as_fd)
    }

    /// Changes with the connection.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Does `send` with the connection; with a new one, if the old one turns out to lead nowhere.
    ///
    /// # Errors
    /// If nothing was sent.
    pub(super) fn attempt<T>(
        &mut self,
        mut send: impl FnMut(BorrowedFd<'_>) -> Result<T, Errno>,
    ) -> Result<T, Refused> {
        let had_one = self.connection.is_some();
        let result = self.attempt_once(&mut send);
        if had_one && matches!(result, Err(Refused::Gone)) {
            return self.attempt_once(&mut send);
        }
        result
    }

    /// Whether a message would be taken now, by whoever is there now.
    ///
    /// # Errors
    /// If not.
    pub(super) fn ready(&mut self) -> Result<(), Refused> {
        if let Some(socket) = &self.connection
            && socket.connect(&self.path).is_err()
        {
            self.connection = None;
            self.generation += 1;
        }
        self.attempt(|fd| {
            let mut fds = [PollFd::new(fd, PollFlags::POLLOUT)];
            if poll(&mut fds, PollTimeout::ZERO)? == 0 { Err(Errno::EAGAIN) } else { Ok(()) }
        })
    }

    fn attempt_once<T>(
        &mut self,
        send: &mut impl FnMut(BorrowedFd<'_>) -> Result<T, Errno>,
    ) -> Result<T, Refused> {
        let connection = self.connect().ok_or(Refused::Gone)?;
        loop {
            match send(connection.as_fd()) {
                Ok(sent) => return Ok(sent),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(self.judge(error)),
            }
        }
    }

    fn connect(&mut self) -> Option<&UnixDatagram> {
        if self.connection.is_none() {
            let socket = UnixDatagram::unbound().ok()?;
            socket.set_nonblocking(true).ok()?;
            socket.connect(&self.path).ok()?;
            self.connection = Some(socket);
            self.generation += 1;
        }
        self.connection.as_ref()
    }

    fn judge(&mut self, error: Errno) -> Refused {
        match error {
            Errno::EAGAIN => Refused::Busy,
            Errno::EMSGSIZE | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINVAL => Refused::Invalid,
            _ => {
                self.connection = None;
                self.generation += 1;
                Refused::Gone
            }
        }
    }
}
