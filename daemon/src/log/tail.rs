//! The thread that serves those who read logs. It starts with the first of them.

use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::SigSet;
use nix::unistd::pipe2;

use super::follow::{Follower, Range, Seats, Source, Wait};
use super::mailbox::{Mailbox, Post, mailbox};

/// How many may read at the same time.
const READERS_MAX: usize = 64;

const MAILBOX: u64 = 0;

/// What the thread can be told.
enum Mail {
    /// Somebody begins to read.
    New(Follower),
    /// The end.
    Stop,
}

/// The handle of the thread.
#[derive(Default)]
pub(super) struct Tail {
    post: OnceLock<Post<Mail>>,
    starting: Mutex<()>,
    seats: Arc<Seats>,
}

impl Tail {
    /// Begins to serve a new reader. Returns its end of the pipe.
    ///
    /// # Errors
    /// `QuotaExceeded` if there are too many, and as pipe(2).
    pub(super) fn open(&self, source: Source, range: Range) -> io::Result<OwnedFd> {
        let seat = self.seats.take(READERS_MAX).ok_or(io::ErrorKind::QuotaExceeded)?;
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        self.post()?.send(Mail::New(Follower::new(writer, source, range, seat)));
        Ok(reader)
    }

    /// Says that something that is followed has grown.
    pub(super) fn ring(&self) {
        if let Some(post) = self.post.get() {
            post.ring();
        }
    }

    /// Ends the thread. Readers find the end of what they have read.
    pub(super) fn stop(&self) {
        if let Some(post) = self.post.get() {
            post.send(Mail::Stop);
        }
    }

    fn post(&self) -> io::Result<&Post<Mail>> {
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(post) = self.post.get() {
            return Ok(post);
        }
        let (post, mailbox) = mailbox()?;
        let server = Server::new(mailbox)?;
        thread::Builder::new().name("log-tail".into()).spawn(move || server.run())?;
        Ok(self.post.get_or_init(|| post))
    }
}

struct Server {
    epoll: Epoll,
    mailbox: Mailbox<Mail>,
    readers: HashMap<u64, (Follower, Wait)>,
    last_token: u64,
}

impl Server {
    fn new(mailbox: Mailbox<Mail>) -> Result<Self, Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&mailbox, EpollEvent::new(EpollFlags::EPOLLIN, MAILBOX))?;
        Ok(Self { epoll, mailbox, readers: HashMap::new(), last_token: MAILBOX })
    }

    fn run(mut self) -> Result<(), Errno> {
        // Signals are the control plane's.
        let _blocked = SigSet::all().thread_block();
        let mut events = [EpollEvent::empty(); READERS_MAX + 1];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error),
            };
            for event in &events[..count] {
                match event.data() {
                    MAILBOX => {
                        let flow = self.collect();
                        self.serve_waiting();
                        if flow.is_break() {
                            return Ok(());
                        }
                    }
                    token if event.events().contains(EpollFlags::EPOLLERR) => self.leave(token),
                    token => self.serve(token),
                }
            }
        }
    }

    /// Takes new readers in.
    fn collect(&mut self) -> ControlFlow<()> {
        let mail: Vec<Mail> = self.mailbox.collect().collect();
        for mail in mail {
            let Mail::New(reader) = mail else { return ControlFlow::Break(()) };
            self.last_token += 1;
            let event = EpollEvent::new(EpollFlags::empty(), self.last_token);
            // A reader that cannot be watched is sent away: its pipe closes.
            if self.epoll.add(&reader, event).is_ok() {
                self.readers.insert(self.last_token, (reader, Wait::More));
            }
        }
        ControlFlow::Continue(())
    }

    /// Serves those who wait for more.
    fn serve_waiting(&mut self) {
        let waiting = self.readers.iter().filter(|(_, (_, wait))| *wait == Wait::More);
        let waiting: Vec<u64> = waiting.map(|(token, _)| *token).collect();
        waiting.into_iter().for_each(|token| self.serve(token));
    }

    fn serve(&mut self, token: u64) {
        let Some((reader, wait)) = self.readers.get_mut(&token) else { return };
        let before = *wait;
        *wait = reader.serve();
        // Its end is reported in any case.
        let flags = match *wait {
            Wait::Nothing => return self.leave(token),
            Wait::Reader => EpollFlags::EPOLLOUT,
            Wait::More => EpollFlags::empty(),
        };
        if *wait != before {
            let mut event = EpollEvent::new(flags, token);
            if self.epoll.modify(&*reader, &mut event).is_err() {
                self.leave(token);
            }
        }
    }

    /// Lets a reader go. Closing its pipe ends the watch.
    fn leave(&mut self, token: u64) {
        self.readers.remove(&token);
    }
}
