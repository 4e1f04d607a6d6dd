//! The file that says which process the daemon is.

use std::fs;
use std::path::{Path, PathBuf};

/// A pid file of ours. It is removed when this is dropped.
pub(crate) struct Pidfile {
    path: PathBuf,
}

impl Pidfile {
    /// Writes the process id to `path`.
    ///
    /// # Errors
    /// Supervisor's text for the log, and the system's reason.
    pub(crate) fn write(path: &str) -> Result<Self, String> {
        match fs::write(path, format!("{}\n", std::process::id())) {
            Ok(()) => Ok(Self { path: path.into() }),
            Err(error) => Err(format!("could not write pidfile {path}: {error}")),
        }
    }

    /// Whether it is this path.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path == Path::new(path)
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        // What is not a file (`/dev/null`) stays.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file()) {
            // It may have been removed by somebody else, or be in a directory that is no longer ours.
            drop(fs::remove_file(&self.path));
        }
    }
}
