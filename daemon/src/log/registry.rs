//! Every log file that is open: whoever opens one twice gets the same, whatever name it is opened by.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::directory::{self, missing_parent};
use super::file::FileSink;
use super::record::Record;
use super::rotate::Limits;
use super::special::identity;

/// The open log files.
#[derive(Default)]
pub(super) struct Registry {
    open: Mutex<HashMap<Place, Weak<FileSink>>>,
}

/// What is written to. A special file has many names (`/dev/stdout`, `/dev/fd/1`, `/proc/1/fd/1`, perhaps
/// `/dev/stderr`); what is written under all of them must not cut into each other's lines.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    Special(u64, u64),
    /// A path in a directory without symbolic links. The file itself may be one: it is the link that is rotated.
    Path(PathBuf),
}

impl Place {
    fn of(path: &Path) -> Self {
        if let Some((device, inode)) = identity(path) {
            return Self::Special(device, inode);
        }
        let directory = path.parent().and_then(|parent| parent.canonicalize().ok());
        match (directory, path.file_name()) {
            (Some(directory), Some(name)) => Self::Path(directory.join(name)),
            _ => Self::Path(path.to_owned()),
        }
    }
}

impl Registry {
    /// Opens a log file, or joins those who have it open; the newest limits hold for all.
    ///
    /// # Errors
    /// As open(2).
    pub(super) fn open(&self, path: &Path, limits: Limits) -> io::Result<Arc<FileSink>> {
        let path = std::path::absolute(path)?;
        let place = Place::of(&path);
        let mut open = self.lock();
        if let Some(sink) = open.get(&place).and_then(Weak::upgrade) {
            sink.set_limits(limits);
            return Ok(sink);
        }
        if open.len() == open.capacity() {
            open.retain(|_, sink| sink.strong_count() > 0);
        }
        let sink = Arc::new(FileSink::open(path, limits)?);
        open.insert(place, Arc::downgrade(&sink));
        Ok(sink)
    }

    /// The same, with the directory made if it is not there; that this was done is added to `said`.
    ///
    /// # Errors
    /// As mkdir(2) and open(2).
    pub(super) fn open_anywhere(
        &self,
        path: &Path,
        limits: Limits,
        said: &mut Vec<Record>,
    ) -> io::Result<Arc<FileSink>> {
        match self.open(path, limits) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(directory) = missing_parent(path) else { return Err(error) };
                said.push(directory::make(&directory)?);
                self.open(path, limits)
            }
            other => other,
        }
    }

    /// Every file that is open.
    pub(super) fn all(&self) -> Vec<Arc<FileSink>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Weak<FileSink>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
