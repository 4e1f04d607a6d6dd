//! Signals to children.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use nix::errno::Errno;
use visor_units::signal::Signal;

/// Sends `signal` to the process behind `pidfd`, and to no other that may have got its number since. One that is
/// already gone is no failure: its exit is on the way.
///
/// # Errors
/// `EPERM`, `EINVAL` …
pub(crate) fn process(pidfd: BorrowedFd<'_>, signal: Signal) -> Result<(), Errno> {
    let no_info = ptr::null::<libc::siginfo_t>();
    // SAFETY: the descriptor is open, and a null siginfo is allowed.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal.0, no_info, 0)
    };
    delivered(Errno::result(result).map(drop))
}

/// Sends `signal` to the process group that `leader` leads. The leader must not have been reaped: until then no other
/// group can have its number. A group with nobody left in it is no failure.
///
/// # Errors
/// `EPERM` if not one of the group could be signalled, `EINVAL`.
pub(crate) fn group(leader: u32, signal: Signal) -> Result<(), Errno> {
    // A pid is never so large; -1, 0 and 1 would mean everybody, ourselves, and everybody.
    let group = i32::try_from(leader).ok().filter(|pid| *pid > 1).ok_or(Errno::EINVAL)?;
    // SAFETY: takes numbers only.
    let result = unsafe { libc::kill(-group, signal.0) };
    delivered(Errno::result(result).map(drop))
}

fn delivered(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::ESRCH) => Ok(()),
        other => other,
    }
}
