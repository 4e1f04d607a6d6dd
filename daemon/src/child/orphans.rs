//! Burying what was adopted: the descendants of programs that put themselves into the background, and, where visord is
//! process 1, everything that nobody waits for.

use std::future;
use std::io;

use nix::sys::prctl;
use tokio::signal::unix::{Signal, SignalKind, signal};
use visor_units::exit::ExitStatus;

/// A process that was adopted, has ended, and was reaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Buried {
    /// The process id it had.
    pub(crate) pid: u32,
    /// How it ended.
    pub(crate) status: ExitStatus,
}

/// Reaps adopted processes.
///
/// They are told from our own children by who is their parent: the kernel gives orphans to the main thread, and our
/// own are children of the launcher thread. `__WNOTHREAD` waits for the former alone, so an exit status that the
/// reaper is going to ask for cannot be taken away, not even that of a child too young to be known, and a zombie of
/// ours does not stand in front of theirs.
pub(crate) struct Orphans {
    child_ended: Signal,
    /// Whether there may be more without another SIGCHLD.
    more: bool,
}

impl Orphans {
    /// Adopts, from now on, the orphans among all descendants. To be called on the main thread, inside the runtime.
    ///
    /// # Errors
    /// If SIGCHLD cannot be handled.
    pub(crate) fn adopt() -> io::Result<Self> {
        let child_ended = signal(SignalKind::child())?;
        prctl::set_child_subreaper(true)?;
        Ok(Self { child_ended, more: true })
    }

    /// The next orphan to have ended, which is thereby reaped. To be awaited on the main thread; nothing is lost if the
    /// future is dropped.
    pub(crate) async fn next(&mut self) -> Buried {
        loop {
            if self.more {
                match bury() {
                    Some(buried) => return buried,
                    None => self.more = false,
                }
            }
            if self.child_ended.recv().await.is_none() {
                // The runtime is shutting down.
                future::pending::<()>().await;
            }
            self.more = true;
        }
    }
}

fn bury() -> Option<Buried> {
    let mut status = 0;
    // SAFETY: `status` is a live value.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WNOTHREAD) };
    let pid = u32::try_from(pid).ok().filter(|pid| *pid != 0)?;
    Some(Buried { pid, status: ExitStatus::from_wait_status(status) })
}
