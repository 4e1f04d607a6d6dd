//! Lines for syslog(3)'s service, as libc would send them.

use std::os::fd::AsRawFd;
use std::path::PathBuf;

use jiff::Zoned;
use nix::sys::socket::{MsgFlags, send};

use super::datagram::{Datagrams, Refused};

/// Where the service listens.
pub(super) const SOCKET: &str = "/dev/log";

/// Facility `user`, priority `info`: `1 * 8 + 6`.
const PRIORITY: u8 = 14;

/// A connection to the syslog service.
pub(super) struct Syslog {
    socket: Datagrams,
    ident: String,
}

impl Syslog {
    /// `ident` is the name of the daemon's program, which goes before each line.
    pub(super) fn new(path: PathBuf, ident: String) -> Self {
        Self { socket: Datagrams::new(path), ident }
    }

    /// Sends one line; with the name of a process, that goes before it.
    ///
    /// # Errors
    /// If it was not taken.
    pub(super) fn send(&mut self, process: Option<&str>, line: &[u8]) -> Result<(), Refused> {
        let stamp = Zoned::now().strftime("%b %e %H:%M:%S").to_string();
        let mut message = format!("<{PRIORITY}>{stamp} {}: ", self.ident).into_bytes();
        if let Some(process) = process {
            message.extend_from_slice(process.as_bytes());
            message.push(b' ');
        }
        message.extend_from_slice(line);
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        self.socket.attempt(|fd| send(fd.as_raw_fd(), &message, flags)).map(|_sent| ())
    }

    /// The socket, to wait for.
    pub(super) fn socket(&self) -> &Datagrams {
        &self.socket
    }
}
