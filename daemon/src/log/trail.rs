//! What a reader of a growing file has still to read, while the file is rotated under it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::last_lines::last_lines;

/// Rotated files that are held open for a reader that is behind. The oldest of more is given up.
const STRETCHES_MAX: usize = 8;

/// What is saved for a reader of a file that is emptied, in bytes.
const SAVED_MAX: u64 = 256 * 1024;

/// The files a reader has to read, in order. The last one is still written.
#[derive(Default)]
pub(super) struct Trail {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    stretches: VecDeque<Stretch>,
    /// Bytes that were gone before they were read, and have not been reported yet.
    lost: u64,
}

/// A part of what is to be read, from `at` on.
struct Stretch {
    text: Text,
    at: u64,
}

enum Text {
    File(Arc<File>),
    /// The end of a file that was emptied.
    Saved(Vec<u8>),
}

/// What a read found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// So many bytes.
    Bytes(usize),
    /// So many bytes are gone. What follows is read next.
    Lost(u64),
    /// Somebody else has emptied the file. It is read from its beginning next.
    Emptied,
    /// Nothing until the file grows.
    End,
}

impl Trail {
    /// Begins at the beginning of `file`.
    pub(super) fn begin(file: Arc<File>) -> Self {
        let stretch = Stretch { text: Text::File(file), at: 0 };
        let inner = Inner { stretches: VecDeque::from([stretch]), lost: 0 };
        Self { inner: Mutex::new(inner) }
    }

    /// Goes to `at` of what is there now, or to its end if that comes before. Returns the bytes from there to the end.
    ///
    /// # Errors
    /// As fstat(2).
    pub(super) fn seek(&self, at: u64) -> io::Result<u64> {
        self.seek_to(|_, size| Ok(at.min(size)))
    }

    /// Goes to the last `count` bytes of what is there now. Returns the bytes from there to the end.
    ///
    /// # Errors
    /// As fstat(2).
    pub(super) fn seek_back(&self, count: u64) -> io::Result<u64> {
        self.seek_to(|_, size| Ok(size.saturating_sub(count)))
    }

    /// Goes to the last `count` lines of what is there now. Returns the bytes from there to the end.
    ///
    /// # Errors
    /// As pread(2).
    pub(super) fn seek_lines(&self, count: u64) -> io::Result<u64> {
        self.seek_to(|file, size| last_lines(size, count, |at, buffer| file.read_at(buffer, at)))
    }

    fn seek_to(&self, find: impl FnOnce(&File, u64) -> io::Result<u64>) -> io::Result<u64> {
        let mut inner = self.lock();
        let Some(Stretch { text: Text::File(file), at }) = inner.stretches.front_mut() else {
            return Ok(0);
        };
        let size = file.metadata()?.len();
        *at = find(file, size)?;
        Ok(size - *at)
    }

    /// Says that from now on `file` is written. If that is another file than before, it is read from its present end on.
    pub(super) fn continue_with(&self, file: &Arc<File>) {
        let mut inner = self.lock();
        if !inner.stretches.back().is_some_and(|last| last.is_of(file)) {
            let at = size_of(file);
            inner.add(Stretch { text: Text::File(Arc::clone(file)), at });
        }
    }

    /// Says that `file`, which has `size` bytes, is about to be emptied: saves what has not been read.
    pub(super) fn save(&self, file: &Arc<File>, size: u64) {
        let mut inner = self.lock();
        let Some(last) = inner.stretches.back_mut().filter(|last| last.is_of(file)) else { return };
        let at = std::mem::replace(&mut last.at, size);
        let from = at.max(size.saturating_sub(SAVED_MAX));
        let mut saved = vec![0; usize::try_from(size.saturating_sub(from)).unwrap_or_default()];
        if file.read_exact_at(&mut saved, from).is_err() {
            saved.clear();
        }
        inner.lost += size.saturating_sub(at) - saved.len() as u64;
        if !saved.is_empty()
            && let Some(last) = inner.stretches.pop_back()
        {
            inner.add(Stretch { text: Text::Saved(saved), at: 0 });
            inner.add(last);
        }
    }

    /// Says that `file` has been emptied, and nothing written to it since.
    pub(super) fn restart(&self, file: &Arc<File>) {
        let mut inner = self.lock();
        if let Some(last) = inner.stretches.back_mut().filter(|last| last.is_of(file)) {
            last.at = 0;
        }
    }

    /// Reads on.
    ///
    /// # Errors
    /// As pread(2).
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<Found> {
        let mut inner = self.lock();
        loop {
            if inner.lost > 0 {
                return Ok(Found::Lost(std::mem::take(&mut inner.lost)));
            }
            let Some(stretch) = inner.stretches.front_mut() else { return Ok(Found::End) };
            if stretch.at > stretch.size() {
                stretch.at = 0;
                return Ok(Found::Emptied);
            }
            let count = stretch.read(buffer)?;
            if count > 0 {
                return Ok(Found::Bytes(count));
            }
            if inner.stretches.len() < 2 {
                return Ok(Found::End);
            }
            inner.stretches.pop_front();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, stretch: Stretch) {
        self.stretches.push_back(stretch);
        if self.stretches.len() > STRETCHES_MAX
            && let Some(oldest) = self.stretches.pop_front()
        {
            self.lost += oldest.size().saturating_sub(oldest.at);
        }
    }
}

impl Stretch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.text {
            Text::File(file) => file.read_at(buffer, self.at)?,
            Text::Saved(text) => {
                let from = usize::try_from(self.at).unwrap_or(usize::MAX);
                text.get(from..).unwrap_or_default().read(buffer)?
            }
        };
        self.at += count as u64;
        Ok(count)
    }

    fn size(&self) -> u64 {
        match &self.text {
            Text::File(file) => size_of(file),
            Text::Saved(text) => text.len() as u64,
        }
    }

    fn is_of(&self, file: &Arc<File>) -> bool {
        let id = |file: &File| file.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
        match &self.text {
            Text::Saved(_) => false,
            Text::File(own) if Arc::ptr_eq(own, file) => true,
            Text::File(own) => id(own).ok().is_some_and(|own| id(file).ok() == Some(own)),
        }
    }
}

fn size_of(file: &File) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}
