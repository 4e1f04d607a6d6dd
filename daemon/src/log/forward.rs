//! The thread that sends lines to the journal and to syslog. Here one may wait for them.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::SigSet;

use super::backlog::{Budget, Piece};
use super::datagram::Refused;
use super::hub::{Channel, Hub, Stream};
use super::journal::{self, BATCH, Journal};
use super::lines::{Lines, Outlet};
use super::mailbox::{Mailbox, Post};
use super::own::Own;
use super::pump::Order;
use super::record::Record;
use super::syslog::{self, Syslog};

/// Bytes of begun lines over all streams from which on long ones are cut.
const BEGUN_MAX: usize = 16 << 20;

/// How long the end of the daemon waits for a journal that is behind.
const LAST_WORDS: Duration = Duration::from_secs(1);

const MAILBOX: u64 = 0;

/// What the thread can be told.
pub(super) enum Mail {
    /// A stream has something.
    Ready(Arc<Hub>, Stream),
    /// A message of the daemon, for the journal.
    Own(Box<Record>),
    /// A line of the daemon's log, for syslog.
    Line(String),
    /// Send what there is and end.
    Stop(SyncSender<()>),
}

/// What the thread is made from. (The rest is made in it.)
pub(super) struct Forward {
    pub(super) mail: Mailbox<Mail>,
    /// The name of the daemon's program.
    pub(super) ident: String,
    pub(super) budget: Arc<Budget>,
    pub(super) pump: Post<Order>,
}

struct Forwarder {
    epoll: Epoll,
    mailbox: Mailbox<Mail>,
    budget: Arc<Budget>,
    pump: Post<Order>,
    journal: Journal,
    syslog: Syslog,
    own: Own,
    own_lines: VecDeque<String>,
    /// Streams that may have something, in turn.
    ready: VecDeque<Work>,
    /// Streams that wait for the journal, and for syslog.
    waiting: [Waiting; 2],
    /// Bytes of lines that were begun.
    begun: usize,
    ending: Option<(SyncSender<()>, Instant)>,
}

type Work = (Arc<Hub>, Stream);

#[derive(Default)]
struct Waiting {
    streams: Vec<Work>,
    /// The connection that epoll watches.
    watched: Option<u64>,
}

/// What came of a stream's turn.
enum Turn {
    /// It has nothing more.
    Idle,
    /// It may have more.
    More,
    /// It waits for this.
    Blocked(Outlet),
}

impl Forward {
    /// Works until it is told to stop.
    pub(super) fn run(self) -> Result<(), Errno> {
        // Signals are the control plane's.
        let _blocked = SigSet::all().thread_block();
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&self.mail, EpollEvent::new(EpollFlags::EPOLLIN, MAILBOX))?;
        let forwarder = Forwarder {
            epoll,
            mailbox: self.mail,
            budget: self.budget,
            pump: self.pump,
            journal: Journal::new(journal::SOCKET.into()),
            syslog: Syslog::new(syslog::SOCKET.into(), self.ident.clone()),
            own: Own::new(self.ident),
            own_lines: VecDeque::new(),
            ready: VecDeque::new(),
            waiting: Default::default(),
            begun: 0,
            ending: None,
        };
        forwarder.run()
    }
}

impl Forwarder {
    fn run(mut self) -> Result<(), Errno> {
        let mut events = [EpollEvent::empty(); 4];
        loop {
            let count = match self.epoll.wait(&mut events, self.timeout()) {
                Ok(count) => count,
                Err(Errno::EINTR) => 0,
                Err(error) => return Err(error),
            };
            for event in &events[..count] {
                match event.data() {
                    MAILBOX => self.collect(),
                    token if token == token_of(Outlet::Journal) => self.wake(Outlet::Journal),
                    _ => self.wake(Outlet::Syslog),
                }
            }
            self.send_own();
            self.wake_stranded();
            if let Some(work) = self.ready.pop_front() {
                self.work(work);
            }
            if self.end_if_done().is_break() {
                return Ok(());
            }
        }
    }

    fn timeout(&self) -> EpollTimeout {
        if !self.ready.is_empty() {
            return EpollTimeout::ZERO;
        }
        match &self.ending {
            None => EpollTimeout::NONE,
            Some((_, deadline)) => {
                let left = deadline.saturating_duration_since(Instant::now());
                EpollTimeout::try_from(left).unwrap_or(EpollTimeout::ZERO)
            }
        }
    }

    fn collect(&mut self) {
        let mail: Vec<Mail> = self.mailbox.collect().collect();
        for mail in mail {
            match mail {
                Mail::Ready(hub, stream) => self.ready.push_back((hub, stream)),
                Mail::Own(record) => self.own.add(*record),
                Mail::Line(line) => self.own_lines.push_back(line),
                Mail::Stop(done) => self.ending = Some((done, Instant::now() + LAST_WORDS)),
            }
        }
    }

    fn send_own(&mut self) {
        if !self.own.send(&mut self.journal) {
            self.watch(Outlet::Journal);
        }
        while let Some(line) = self.own_lines.front() {
            if self.syslog.send(None, line.as_bytes()) == Err(Refused::Busy) {
                return self.watch(Outlet::Syslog);
            }
            self.own_lines.pop_front();
        }
    }

    /// Gives one stream its turn.
    fn work(&mut self, work: Work) {
        let channel = work.0.channel(work.1);
        match self.turn(channel) {
            Turn::Idle => {}
            Turn::More => self.ready.push_back(work),
            Turn::Blocked(outlet) => {
                self.waiting[outlet as usize].streams.push(work);
                self.watch(outlet);
            }
        }
    }

    fn turn(&mut self, channel: &Channel) -> Turn {
        let mut lines = channel.lines();
        if let Err(outlet) = self.deliver(channel, &mut lines) {
            return Turn::Blocked(outlet);
        }
        let freed = lines.release(&mut self.begun);
        if channel.backlog.done(freed, &self.budget) {
            self.pump.send(Order::Resume);
        }
        match channel.backlog.take() {
            None => return Turn::Idle,
            Some(Piece::Begin(tag)) => lines.begin(*tag),
            Some(Piece::Bytes(bytes)) => lines.add(bytes, self.begun > BEGUN_MAX),
            Some(Piece::Gap(count)) => lines.gap(count),
            Some(Piece::End) => lines.end(),
        }
        Turn::More
    }

    /// Sends the lines of one piece to each place they go to. An error is the place that is behind.
    fn deliver(&mut self, channel: &Channel, lines: &mut Lines) -> Result<(), Outlet> {
        for outlet in [Outlet::Journal, Outlet::Syslog] {
            while let Some(result) = self.send(outlet, lines) {
                match result {
                    Ok(count) => lines.advance(outlet, count),
                    Err(Refused::Busy) => return Err(outlet),
                    Err(Refused::Gone) => {
                        channel.lose(lines.give_up(outlet, usize::MAX));
                        break;
                    }
                    Err(Refused::Invalid) => channel.lose(lines.give_up(outlet, 1)),
                }
            }
        }
        Ok(())
    }

    /// Sends some of the lines that `outlet` does not have. `None` is: it has all.
    fn send(&mut self, outlet: Outlet, lines: &mut Lines) -> Option<Result<usize, Refused>> {
        match outlet {
            Outlet::Journal => self.send_to_journal(lines),
            Outlet::Syslog => {
                let process = lines.tag().syslog.as_deref()?;
                let pending = lines.pending(outlet, 1);
                Some(self.syslog.send(Some(process), pending.first()?).map(|()| 1))
            }
        }
    }

    fn send_to_journal(&mut self, lines: &mut Lines) -> Option<Result<usize, Refused>> {
        let fields = lines.tag().journal.as_deref()?;
        if let Some(text) = lines.unsaid() {
            let said = self.journal.notice(fields, &text);
            return Some(said.map(|()| {
                lines.said();
                0
            }));
        }
        let pending = lines.pending(Outlet::Journal, BATCH);
        if pending.is_empty() { None } else { Some(self.journal.send(fields, &pending)) }
    }

    /// Waits for a place that is behind.
    fn watch(&mut self, outlet: Outlet) {
        let generation = self.generation(outlet);
        let Self { epoll, journal, syslog, waiting, .. } = self;
        let waiting = &mut waiting[outlet as usize];
        if waiting.watched == Some(generation) {
            return;
        }
        let connection = match outlet {
            Outlet::Journal => journal.socket().connection(),
            Outlet::Syslog => syslog.socket().connection(),
        };
        let event = EpollEvent::new(EpollFlags::EPOLLOUT, token_of(outlet));
        if connection.is_some_and(|fd| epoll.add(fd, event).is_ok()) {
            waiting.watched = Some(generation);
        }
    }

    /// Gives those who wait for a place another try.
    fn wake(&mut self, outlet: Outlet) {
        let Self { epoll, journal, syslog, waiting, ready, .. } = self;
        let waiting = &mut waiting[outlet as usize];
        let socket = match outlet {
            Outlet::Journal => journal.socket(),
            Outlet::Syslog => syslog.socket(),
        };
        if waiting.watched.take() == Some(socket.generation())
            && let Some(fd) = socket.connection()
        {
            // What was not there any more needs no removing.
            let _gone = epoll.delete(fd);
        }
        ready.extend(waiting.streams.drain(..));
    }

    /// Wakes those whose wait would never end, because the connection they wait for has been given up.
    fn wake_stranded(&mut self) {
        for outlet in [Outlet::Journal, Outlet::Syslog] {
            let watched = self.waiting[outlet as usize].watched;
            if watched.is_some_and(|generation| generation != self.generation(outlet)) {
                self.wake(outlet);
            }
        }
    }

    fn generation(&self, outlet: Outlet) -> u64 {
        match outlet {
            Outlet::Journal => self.journal.socket().generation(),
            Outlet::Syslog => self.syslog.socket().generation(),
        }
    }

    fn end_if_done(&mut self) -> ControlFlow<()> {
        let Some((done, deadline)) = &self.ending else { return ControlFlow::Continue(()) };
        let idle = self.ready.is_empty()
            && self.own.is_empty()
            && self.own_lines.is_empty()
            && self.waiting.iter().all(|waiting| waiting.streams.is_empty());
        if !idle && Instant::now() < *deadline {
            return ControlFlow::Continue(());
        }
        // The one who waits may have given up.
        let _told = done.send(());
        ControlFlow::Break(())
    }
}

const fn token_of(outlet: Outlet) -> u64 {
    1 + outlet as u64
}
