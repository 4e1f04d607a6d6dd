//! How threads hand work to a thread that sleeps in epoll: a queue, and a bell it can wait for.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryIter, channel};

use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};

/// Wakes one thread. Ringing twice before it looks wakes it once.
pub(super) struct Bell {
    fd: EventFd,
    rung: AtomicBool,
}

impl Bell {
    pub(super) fn new() -> Result<Self, Errno> {
        let fd = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?;
        Ok(Self { fd, rung: AtomicBool::new(false) })
    }

    /// Wakes the thread, or makes its next wait return at once.
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // The counter never overflows: it is 1 at most, because of `rung`.
            let _written = self.fd.write(1);
        }
    }

    /// Makes the bell ready to ring again. To be called before looking for work, so that none is missed.
    pub(super) fn hush(&self) {
        let _count = self.fd.read();
        // A swap, not a store: it must see what the last ringer queued.
        self.rung.swap(false, Ordering::AcqRel);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The sending side.
pub(super) struct Post<T> {
    queue: Sender<T>,
    bell: Arc<Bell>,
}

impl<T> Clone for Post<T> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), bell: Arc::clone(&self.bell) }
    }
}

impl<T> Post<T> {
    /// Hands `message` over. If the thread has ended, the message is dropped: nobody is left to act on it.
    pub(super) fn send(&self, message: T) {
        if self.queue.send(message).is_ok() {
            self.bell.ring();
        }
    }

    /// Wakes the thread without a message.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }
}

/// The receiving side.
pub(super) struct Mailbox<T> {
    queue: Receiver<T>,
    bell: Arc<Bell>,
}

impl<T> Mailbox<T> {
    /// What has arrived by now. Silences the bell first.
    pub(super) fn collect(&self) -> TryIter<'_, T> {
        self.bell.hush();
        self.queue.try_iter()
    }
}

impl<T> AsFd for Mailbox<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

/// A queue into a thread that waits for its descriptor to be readable.
pub(super) fn mailbox<T>() -> Result<(Post<T>, Mailbox<T>), Errno> {
    let (sender, receiver) = channel();
    let bell = Arc::new(Bell::new()?);
    Ok((Post { queue: sender, bell: Arc::clone(&bell) }, Mailbox { queue: receiver, bell }))
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    fn rings(mailbox: &Mailbox<u8>) -> bool {
        let mut fds = [PollFd::new(mailbox.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).expect("poll") == 1
    }

    #[test]
    fn the_bell_rings_from_the_first_message_until_all_are_collected() {
        let (post, mailbox) = mailbox().expect("eventfd");
        assert!(!rings(&mailbox));
        post.send(1);
        post.send(2);
        assert!(rings(&mailbox));
        assert_eq!(mailbox.collect().collect::<Vec<u8>>(), [1, 2]);
        assert!(!rings(&mailbox));
        post.ring();
        assert!(rings(&mailbox));
        assert_eq!(mailbox.collect().count(), 0);
        assert!(!rings(&mailbox));
    }
}
