//! What stands behind the path of a log file.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::special::{Special, meant_descriptor};

/// An open log file.
pub(super) enum Target {
    /// A regular file.
    Regular(Regular),
    /// Anything else.
    Special(Special),
}

/// A regular file that is appended to.
pub(super) struct Regular {
    pub(super) file: Arc<File>,
    /// Its size, as far as we made it.
    pub(super) size: u64,
    /// The size from which on rotation is tried again, after it failed.
    pub(super) put_off: u64,
}

impl Target {
    /// Opens `path` for appending.
    ///
    /// # Errors
    /// As open(2).
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if let Some(number) = meant_descriptor(path) {
            return Ok(Self::Special(Special::inherited(number)?));
        }
        let file = open_append(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Self::Special(Special::opened(file)));
        }
        let (file, size) = (Arc::new(file), metadata.len());
        Ok(Self::Regular(Regular { file, size, put_off: 0 }))
    }

    /// Appends `bytes`. Returns how many were lost for want of room.
    ///
    /// # Errors
    /// As write(2), with the number of bytes that are lost by it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<u64, (io::Error, u64)> {
        match self {
            Self::Regular(regular) => regular.write(bytes).map(|()| 0),
            Self::Special(special) => special.write(bytes),
        }
    }

    /// Writes what a special file had not taken.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub(super) fn flush(&mut self) -> Result<u64, (io::Error, u64)> {
        match self {
            Self::Regular(_) => Ok(0),
            Self::Special(special) => special.flush().map(|()| 0),
        }
    }

    /// Writes what a special file had not taken, as it takes it, until `end`.
    pub(super) fn flush_until(&mut self, end: Instant) {
        if let Self::Special(special) = self {
            // This is the end: nobody is left who could be told.
            let _lost = special.flush_until(end);
        }
    }

    /// Whether the reader behind a special file is behind.
    pub(super) fn is_blocked(&self) -> bool {
        matches!(self, Self::Special(special) if special.is_blocked())
    }

    /// The file, if it is one.
    pub(super) fn file(&self) -> Option<&Arc<File>> {
        match self {
            Self::Regular(regular) => Some(&regular.file),
            Self::Special(_) => None,
        }
    }
}

impl AsFd for Target {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Regular(regular) => regular.file.as_fd(),
            Self::Special(special) => special.as_fd(),
        }
    }
}

impl Regular {
    fn write(&mut self, bytes: &[u8]) -> Result<(), (io::Error, u64)> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match (&*self.file).write(rest) {
                Ok(count) => {
                    self.size += count as u64;
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err((error, rest.len() as u64)),
            }
        }
        Ok(())
    }
}

/// Opens for appending, and for reading too where that is allowed. Never waits: a fifo without a reader is opened
/// for both, and fills.
fn open_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    match options.clone().read(true).open(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => options.open(path),
        other => other,
    }
}
