//! Every log file that is open, by its path: whoever opens one twice gets the same.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::file::FileSink;
use super::rotate::Limits;

/// The open log files.
#[derive(Default)]
pub(super) struct Registry {
    open: Mutex<HashMap<PathBuf, Weak<FileSink>>>,
}

impl Registry {
    /// Opens a log file, or joins those who have it open; the newest limits hold for all.
    ///
    /// # Errors
    /// As open(2).
    pub(super) fn open(&self, path: &Path, limits: Limits) -> io::Result<Arc<FileSink>> {
        let path = std::path::absolute(path)?;
        let mut open = self.lock();
        if let Some(sink) = open.get(&path).and_then(Weak::upgrade) {
            sink.set_limits(limits);
            return Ok(sink);
        }
        if open.len() == open.capacity() {
            open.retain(|_, sink| sink.strong_count() > 0);
        }
        let sink = Arc::new(FileSink::open(path.clone(), limits)?);
        open.insert(path, Arc::downgrade(&sink));
        Ok(sink)
    }

    /// Every file that is open.
    pub(super) fn all(&self) -> Vec<Arc<FileSink>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Weak<FileSink>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
