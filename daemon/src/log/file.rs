//! One log file with one writer, however many processes log to it.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::readers::Readers;
use super::rotate::{self, Limits};
use super::target::{Regular, Target};
use super::trouble::{Kind, Trouble, Written};

/// A log file that is open.
pub(super) struct FileSink {
    path: PathBuf,
    /// How many write to it: pipes, and the daemon's own log.
    writers: AtomicUsize,
    limits: Mutex<Limits>,
    /// Held while the disk is written, so it is for the pump alone.
    state: Mutex<State>,
    readers: Readers,
}

struct State {
    target: Target,
    /// What was lost since writing began to fail; `None` while it works.
    lost: Option<Loss>,
}

/// Output that could not be written.
struct Loss {
    bytes: u64,
    /// What is said of it.
    text: String,
}

impl FileSink {
    /// Opens `path` for appending.
    ///
    /// # Errors
    /// As open(2).
    pub(super) fn open(path: PathBuf, limits: Limits) -> io::Result<Self> {
        let target = Target::open(&path)?;
        let readers = Readers::default();
        readers.lead_on(target.file());
        Ok(Self {
            path,
            writers: AtomicUsize::new(0),
            limits: Mutex::new(limits),
            state: Mutex::new(State { target, lost: None }),
            readers,
        })
    }

    /// Counts one more writer.
    pub(super) fn enter(&self) {
        self.writers.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one writer less. With the last one it is known how much was lost for good.
    pub(super) fn leave(&self) -> Option<Trouble> {
        if self.writers.fetch_sub(1, Ordering::Relaxed) > 1 {
            return None;
        }
        let lost = self.lock().lost.take()?;
        Some(self.tell(Kind::ClosedFailing(lost.bytes)))
    }

    /// What is wrong with it now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().lost.as_ref().map(|lost| lost.text.clone())
    }

    /// Whether there are others, whose lines must not be cut into.
    pub(super) fn is_shared(&self) -> bool {
        self.writers.load(Ordering::Relaxed) > 1
    }

    /// Those who read along.
    pub(super) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Appends `bytes`, then rotates if that is due. What cannot be written is counted, and said once.
    pub(super) fn write(&self, bytes: &[u8]) -> Written {
        let mut state = self.lock();
        let result = state.target.write(bytes);
        let mut written = self.judge(&mut state, result);
        if let Err(error) = self.rotate_if_due(&mut state) {
            written.troubles.push(self.tell(Kind::NotRotated(error)));
        }
        written
    }

    /// Writes what a special file had not taken.
    pub(super) fn flush(&self) -> Written {
        let mut state = self.lock();
        let result = state.target.flush();
        self.judge(&mut state, result)
    }

    /// Writes what a special file had not taken, as it takes it, until `end`: nothing will be written after that.
    pub(super) fn flush_until(&self, end: Instant) {
        self.lock().target.flush_until(end);
    }

    /// Whether the reader behind a special file is behind: nothing more should be read for it.
    pub(super) fn is_blocked(&self) -> bool {
        self.lock().target.is_blocked()
    }

    /// Lets `watch` see the descriptor.
    pub(super) fn with_descriptor<T>(&self, watch: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
        watch(self.lock().target.as_fd())
    }

    /// Opens the path anew, for whoever has moved the file away. A special file stays as it is.
    pub(super) fn reopen(&self) -> Option<Trouble> {
        let mut state = self.lock();
        state.target.file()?;
        let error = self.open_again(&mut state).err()?;
        Some(self.tell(Kind::NotReopened(error)))
    }

    /// Empties the file. A special file stays as it is.
    pub(super) fn clear(&self) -> Option<Trouble> {
        let mut state = self.lock();
        let result = self.follow_path(&mut state).and_then(|()| self.truncate(&mut state));
        result.err().map(|error| self.tell(Kind::NotCleared(error)))
    }

    pub(super) fn set_limits(&self, limits: Limits) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    fn limits(&self) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns the outcome of a write into what has to be said about it.
    fn judge(&self, state: &mut State, result: Result<u64, (io::Error, u64)>) -> Written {
        let (lost, error) = match result {
            Ok(lost) => (lost, ErrorKind::WouldBlock.into()),
            Err((error, lost)) => (lost, error),
        };
        let trouble = match (lost, &mut state.lost) {
            (0, before) => before.take().map(|before| self.tell(Kind::Recovered(before.bytes))),
            (more, Some(before)) => {
                before.bytes += more;
                None
            }
            (more, none) => {
                let trouble = self.tell(Kind::Failing(error));
                *none = Some(Loss { bytes: more, text: trouble.to_string() });
                Some(trouble)
            }
        };
        Written {
            troubles: trouble.into_iter().collect(),
            blocked: state.target.is_blocked(),
            followed: self.readers.are_there(),
        }
    }

    fn tell(&self, kind: Kind) -> Trouble {
        Trouble { path: self.path.clone(), kind }
    }

    fn rotate_if_due(&self, state: &mut State) -> io::Result<()> {
        let limits = self.limits();
        let Target::Regular(Regular { size, put_off, .. }) = &state.target else { return Ok(()) };
        if limits.maxbytes == 0 || *size < limits.maxbytes.max(*put_off) {
            return Ok(());
        }
        let result = self.rotate(state, limits.backups);
        if let (Err(_), Target::Regular(regular)) = (&result, &mut state.target) {
            regular.put_off = regular.size + limits.maxbytes;
        }
        result
    }

    fn rotate(&self, state: &mut State, backups: u64) -> io::Result<()> {
        if !self.is_at_path(state) {
            // Somebody has rotated it already.
            return self.follow_path(state);
        }
        if backups == 0 {
            return self.truncate(state);
        }
        rotate::shift(&self.path, backups)?;
        let old = state.target.file().and_then(|file| file.metadata().ok());
        self.open_again(state)?;
        if let (Some(old), Some(new)) = (old, state.target.file()) {
            // The new file is as private as the old one; where that is refused it is ours with the umask's mode.
            let _kept = new.set_permissions(Permissions::from_mode(old.mode() & 0o7777));
            let _kept = fchown(&**new, Some(old.uid()), Some(old.gid()));
        }
        Ok(())
    }

    /// Opens what is at the path now, if that is no longer the open file.
    fn follow_path(&self, state: &mut State) -> io::Result<()> {
        if state.target.file().is_some() && !self.is_at_path(state) {
            self.open_again(state)?;
        }
        Ok(())
    }

    fn open_again(&self, state: &mut State) -> io::Result<()> {
        state.target = Target::open(&self.path)?;
        self.readers.lead_on(state.target.file());
        Ok(())
    }

    fn truncate(&self, state: &mut State) -> io::Result<()> {
        let Target::Regular(regular) = &mut state.target else { return Ok(()) };
        let trails = self.readers.trails();
        trails.iter().for_each(|trail| trail.save(&regular.file, regular.size));
        regular.file.set_len(0)?;
        trails.iter().for_each(|trail| trail.restart(&regular.file));
        regular.size = 0;
        regular.put_off = 0;
        Ok(())
    }

    fn is_at_path(&self, state: &State) -> bool {
        let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let open = state.target.file().and_then(|file| File::metadata(file).ok()).map(id);
        let there = fs::metadata(Path::new(&self.path)).ok().map(id);
        open.is_some() && open == there
    }
}
