//! Waiting for a file to appear, asleep: inotify(7) on the nearest directory above it that is there.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent};
use tokio::net::unix::pipe::Receiver;

/// A watch on the next thing that must appear for a path to be there.
#[derive(Debug)]
pub(crate) struct Watch {
    inotify: Inotify,
    /// The same descriptor; tokio reads pipes and whatever else is read like one.
    readable: Receiver,
    /// What must appear in the watched directory.
    name: OsString,
}

impl Watch {
    /// Begins to watch for `path`: what appears after this is seen. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// If the system has no inotify, or no watch left.
    pub(crate) fn on(path: &Path) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let readable = Receiver::from_owned_fd_unchecked(inotify.as_fd().try_clone_to_owned()?)?;
        let name = watch_above(&inotify, path)?;
        Ok(Self { inotify, readable, name })
    }

    /// Waits until what is watched for appears, or the watched directory goes. Look then, and watch anew.
    ///
    /// # Errors
    /// If the events cannot be read.
    pub(crate) async fn changed(&self) -> io::Result<()> {
        loop {
            self.readable.readable().await?;
            // Reading through tokio is what tells it that the descriptor is drained.
            let events = self.readable.try_io(|| Ok(self.inotify.read_events()?));
            match events {
                Ok(events) if events.iter().any(|event| self.concerns(event)) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn concerns(&self, event: &InotifyEvent) -> bool {
        let gone = AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_IGNORED
            | AddWatchFlags::IN_Q_OVERFLOW;
        event.name.as_ref() == Some(&self.name) || event.mask.intersects(gone)
    }
}

/// Watches the nearest directory above `path` that is there; the name that must appear in it.
fn watch_above(inotify: &Inotify, path: &Path) -> io::Result<OsString> {
    let flags = AddWatchFlags::IN_CREATE
        | AddWatchFlags::IN_MOVED_TO
        | AddWatchFlags::IN_DELETE_SELF
        | AddWatchFlags::IN_MOVE_SELF
        | AddWatchFlags::IN_ONLYDIR;
    let mut below = path;
    while let (Some(directory), Some(name)) = (below.parent(), below.file_name()) {
        match inotify.add_watch(directory, flags) {
            Ok(_) => return Ok(name.to_owned()),
            Err(nix::errno::Errno::ENOENT) => below = directory,
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not an absolute path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_file_two_directories_down_is_seen_coming() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        let watch = Watch::on(&path).unwrap();
        std::fs::write(directory.path().join("other"), "").unwrap();
        std::fs::create_dir(directory.path().join("a")).unwrap();
        watch.changed().await.unwrap();
        let watch = Watch::on(&path).unwrap();
        std::fs::write(&path, "").unwrap();
        watch.changed().await.unwrap();
    }

    #[tokio::test(flavor = "current_thread")]
    async fn other_files_and_the_past_wake_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bus");
        std::fs::write(&path, "").unwrap();
        let watch = Watch::on(&path).unwrap();
        std::fs::write(directory.path().join("other"), "").unwrap();
        let changed = watch.changed();
        tokio::pin!(changed);
        // The event of the other file is there already, so one poll is enough to have judged it.
        tokio::select! {
            biased;
            _ = &mut changed => panic!("woken"),
            () = tokio::task::yield_now() => {}
        }
        std::fs::remove_dir_all(directory.path()).unwrap();
        changed.await.unwrap();
    }
}
