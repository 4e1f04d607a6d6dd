//! Watching children end, each through its pidfd.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};
use visor_units::engine::Key;
use visor_units::exit::ExitStatus;
use visor_units::signal::Signal;

use super::kill;

/// How many ends are taken in one go.
const BATCH: usize = 64;

/// A child that has ended and was reaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Which.
    pub(crate) key: Key,
    /// The process id it had.
    pub(crate) pid: u32,
    /// How it ended.
    pub(crate) status: ExitStatus,
}

/// Every child that runs. One descriptor stands for all of them, so an idle daemon sleeps whatever their number, and
/// nothing is paid for those that did not end.
pub(crate) struct Reaper {
    watched: AsyncFd<PidfdSet>,
    /// Children that could not be added to it. They are asked one by one whenever some child has ended.
    unwatched: BTreeSet<u32>,
    child_ended: SignalStream,
    children: BTreeMap<u32, Watched>,
    ended: VecDeque<Ended>,
}

struct Watched {
    key: Key,
    pidfd: OwnedFd,
}

struct PidfdSet(Epoll);

impl AsRawFd for PidfdSet {
    fn as_raw_fd(&self) -> RawFd {
        self.0.0.as_raw_fd()
    }
}

impl Reaper {
    /// A reaper with nothing to watch. To be called inside the runtime.
    ///
    /// # Errors
    /// If the system has no descriptor to spare.
    pub(crate) fn new() -> io::Result<Self> {
        let set = PidfdSet(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?);
        // SAFETY: the set owns its descriptor, never changes it, and is closed only after its registration.
        let watched = unsafe { AsyncFd::register_with_interest(set, Interest::READABLE) }
            .map_err(|error| error.into_parts().1)?;
        Ok(Self {
            watched,
            unwatched: BTreeSet::new(),
            child_ended: signal(SignalKind::child())?,
            children: BTreeMap::new(),
            ended: VecDeque::new(),
        })
    }

    /// Begins to watch a child. Its end is heard in any case.
    ///
    /// # Errors
    /// If it has to be watched in another way, which costs more: the system has no memory for it, or the user watches too
    /// much (`ENOSPC`).
    pub(crate) fn watch(&mut self, key: Key, pid: u32, pidfd: OwnedFd) -> io::Result<()> {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, u64::from(pid));
        let added = self.watched.get_ref().0.add(&pidfd, event);
        self.children.insert(pid, Watched { key, pidfd });
        if added.is_err() {
            self.unwatched.insert(pid);
            // It may have ended before it was known.
            self.reap(pid);
        }
        Ok(added?)
    }

    /// Sends a signal to a child, or to the whole of its process group. A child that has ended is no failure.
    ///
    /// # Errors
    /// The system's reason: `EPERM`, `EINVAL`.
    pub(crate) fn signal(&self, pid: u32, signal: Signal, whole_group: bool) -> Result<(), Errno> {
        match self.children.get(&pid) {
            None => Ok(()),
            Some(_) if whole_group => kill::group(pid, signal),
            Some(child) => kill::process(child.pidfd.as_fd(), signal),
        }
    }

    /// The next child to have ended, which is thereby reaped. Nothing is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Ended {
        loop {
            if let Some(ended) = self.ended.pop_front() {
                return ended;
            }
            self.wait().await;
        }
    }

    /// Waits until some have ended and reaps these.
    async fn wait(&mut self) {
        let mut events = [EpollEvent::empty(); BATCH];
        let ready = tokio::select! {
            ready = self.watched.readable() => ready,
            Some(()) = self.child_ended.recv(), if !self.unwatched.is_empty() => {
                return self.unwatched.clone().into_iter().for_each(|pid| self.reap(pid));
            }
        };
        let Ok(mut guard) = ready else {
            // The runtime is shutting down.
            return future::pending().await;
        };
        let count = guard.get_inner().0.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
        if count < events.len() {
            guard.clear_ready();
        }
        for event in &events[..count] {
            if let Ok(pid) = u32::try_from(event.data()) {
                self.reap(pid);
            }
        }
    }

    fn reap(&mut self, pid: u32) {
        let Some(status) = wait_status(pid) else { return };
        let Some(child) = self.children.remove(&pid) else { return };
        self.unwatched.remove(&pid);
        // A child of another thread may hold a copy of the pidfd until it executes, so closing ours is not enough.
        // What fails here fails because it is no longer watched.
        let _removed = self.watched.get_ref().0.delete(&child.pidfd);
        self.ended.push_back(Ended { key: child.key, pid, status });
    }
}

/// Reaps `pid`; `None` if it has not ended. nix's waitpid would lose the status of a child that a real-time signal
/// killed.
fn wait_status(pid: u32) -> Option<ExitStatus> {
    let mut status = 0;
    // SAFETY: `status` is a live value; the pid is that of an unreaped child, so no other process can have it.
    match unsafe { libc::waitpid(pid.cast_signed(), &raw mut status, libc::WNOHANG) } {
        0 => None,
        // Somebody else has reaped it. The engine must hear of its end nevertheless.
        -1 => Some(ExitStatus::Other(u16::MAX)),
        _ => Some(ExitStatus::from_wait_status(status)),
    }
}
