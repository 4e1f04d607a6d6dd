//! Those who read a log file while it is written. Asking here never waits for the disk.

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::trail::Trail;

/// The file that is written now, and who follows it.
#[derive(Default)]
pub(super) struct Readers {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// `None` for what is not a file, or cannot be read.
    file: Option<Arc<File>>,
    trails: Vec<Weak<Trail>>,
}

impl Readers {
    /// Leads everybody on to the file that is written now.
    pub(super) fn lead_on(&self, file: Option<&Arc<File>>) {
        let mut inner = self.lock();
        inner.file = file.filter(|file| can_read(file)).map(Arc::clone);
        inner.trails.retain(|trail| trail.strong_count() > 0);
        for trail in inner.trails.iter().filter_map(Weak::upgrade) {
            inner.lead(&trail);
        }
    }

    /// Leads one more on, now and in future. One who has joined already is left as it is.
    pub(super) fn join(&self, trail: &Arc<Trail>) {
        let mut inner = self.lock();
        let trail_ref = Arc::downgrade(trail);
        if !inner.trails.iter().any(|joined| joined.ptr_eq(&trail_ref)) {
            inner.lead(trail);
            inner.trails.push(trail_ref);
        }
    }

    /// The file, if it can be read.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        self.lock().file.clone()
    }

    /// Everybody who reads along.
    pub(super) fn trails(&self) -> Vec<Arc<Trail>> {
        self.lock().trails.iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether anybody reads along.
    pub(super) fn are_there(&self) -> bool {
        self.lock().trails.iter().any(|trail| trail.strong_count() > 0)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn lead(&self, trail: &Trail) {
        if let Some(file) = &self.file {
            trail.continue_with(file);
        }
    }
}

fn can_read(file: &File) -> bool {
    let flags = fcntl(file, FcntlArg::F_GETFL).map(OFlag::from_bits_truncate);
    flags.is_ok_and(|flags| flags & OFlag::O_ACCMODE == OFlag::O_RDWR)
}
