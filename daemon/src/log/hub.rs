//! What is known of a program's output for as long as the program is: it outlives each of its runs.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::backlog::Backlog;
use super::file::FileSink;
use super::lines::Lines;
use super::recent::Recent;
use super::trail::Trail;

pub(crate) use visor_units::announce::Stream;

/// The two streams of one program.
#[derive(Default)]
pub(super) struct Hub {
    stdout: Channel,
    stderr: Channel,
}

impl Hub {
    pub(super) fn channel(&self, stream: Stream) -> &Channel {
        match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        }
    }
}

/// One stream of one program.
#[derive(Default)]
pub(super) struct Channel {
    /// Bytes read from it so far.
    pub(super) read: AtomicU64,
    /// Lines that the journal or syslog did not get.
    pub(super) dropped: AtomicU64,
    /// What is on its way there.
    pub(super) backlog: Backlog,
    lines: Mutex<Lines>,
    place: Mutex<Place>,
}

/// Where the stream goes, and who reads along.
#[derive(Default)]
struct Place {
    sink: Option<Arc<FileSink>>,
    /// Why there is none, if there should be one.
    trouble: Option<String>,
    recent: Recent,
    trails: Vec<Weak<Trail>>,
    /// How many read `recent`.
    listeners: usize,
}

impl Channel {
    /// Says where the stream goes from now on, and leads everybody there who follows its file.
    pub(super) fn place(&self, sink: Option<Arc<FileSink>>) {
        let mut place = self.lock();
        place.trails.retain(|trail| trail.strong_count() > 0);
        if let Some(sink) = &sink {
            place
                .trails
                .iter()
                .filter_map(Weak::upgrade)
                .for_each(|trail| sink.readers().join(&trail));
        }
        place.sink = sink;
    }

    /// Says why the stream does not go to its file, or that it does.
    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        self.lock().trouble = trouble;
    }

    /// Why output is missing in its file.
    pub(super) fn trouble(&self) -> Option<String> {
        let (trouble, sink) = {
            let place = self.lock();
            (place.trouble.clone(), place.sink.clone())
        };
        trouble.or_else(|| sink?.trouble())
    }

    /// Where the stream goes.
    pub(super) fn sink(&self) -> Option<Arc<FileSink>> {
        self.lock().sink.clone()
    }

    /// Counts what was read.
    pub(super) fn count(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts lines that the journal or syslog did not get.
    pub(super) fn lose(&self, lines: u64) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
    }

    /// The lines that are being sent. For the forwarder alone.
    pub(super) fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a trail through the file the stream goes to, or through `path` if it does not go anywhere now. `None` is:
    /// there is no file to be read, only what [`Self::remember`] kept.
    ///
    /// # Errors
    /// As open(2) of `path`.
    pub(super) fn trail(&self, path: Option<&Path>) -> io::Result<Option<Arc<Trail>>> {
        // Opened before the lock is taken: the pump, which takes it too, must not wait for that.
        let idle = match self.sink() {
            Some(_) => None,
            None => path.map(open_regular).transpose()?.flatten().map(Arc::new),
        };
        let mut place = self.lock();
        let file = place.sink.as_ref().map_or(idle, |sink| sink.readers().file());
        let Some(file) = file else { return Ok(None) };
        let trail = Arc::new(Trail::begin(file));
        if let Some(sink) = &place.sink {
            sink.readers().join(&trail);
        }
        place.trails.push(Arc::downgrade(&trail));
        Ok(Some(trail))
    }

    /// Keeps output for those who cannot read it from a file. Returns whether somebody waits for it.
    pub(super) fn remember(&self, bytes: &[u8]) -> bool {
        let mut place = self.lock();
        place.recent.push(bytes);
        place.listeners > 0
    }

    /// Does something with what was kept.
    pub(super) fn with_recent<T>(&self, act: impl FnOnce(&mut Recent) -> T) -> T {
        act(&mut self.lock().recent)
    }

    /// Counts one more who reads what was kept.
    pub(super) fn listen(&self) {
        self.lock().listeners += 1;
    }

    /// Counts one less.
    pub(super) fn stop_listening(&self) {
        self.lock().listeners -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a file for reading, if it is one. Anything else would have to be waited for.
fn open_regular(path: &Path) -> io::Result<Option<File>> {
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}
