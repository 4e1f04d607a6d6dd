//! The thread that reads every pipe and writes every file.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::signal::SigSet;
use visor_units::announce::capture::{Captured, Piece};
use visor_units::announce::{Heard, Output, decoded};
use visor_units::config::repr_bytes;
use visor_units::engine::Key;
use visor_units::name::ProcessName;
use visor_units::unit::LogLevel;

use super::backlog::Put;
use super::file::FileSink;
use super::forward::Mail;
use super::hub::{Hub, Stream};
use super::mailbox::Mailbox;
use super::main_log::MainLog;
use super::pipe::{Capture, Pipe, Read};
use super::pump::{Attachment, Cleared, Missing, Order, Prepared, Route, Shared};
use super::record::Record;
use super::rotate::Limits;
use super::tag::Identity;
use super::trouble::Written;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Reads of one pipe before the others have their turn.
const TURN: usize = 16;

/// How long the end of the daemon waits for the journal, syslog and slow readers; longer than the forwarder itself does.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// The token of the mailbox in epoll; pipes and special files count from 1.
const MAILBOX: u64 = 0;

pub(super) struct Worker {
    epoll: Epoll,
    mailbox: Mailbox<Order>,
    shared: Arc<Shared>,
    main: MainLog,
    pipes: HashMap<u64, Pipe>,
    runs: HashMap<Key, Vec<Run>>,
    /// Processes that were reaped before they were attached.
    reaped_early: HashSet<(Key, u32)>,
    /// The daemon's standard output, if anything was printed there.
    printer: Option<Arc<FileSink>>,
    /// Special files that wait for their reader.
    blocked: HashMap<u64, Arc<FileSink>>,
    last_token: u64,
    scratch: Box<[u8]>,
}

/// One process and its pipes that are still open.
struct Run {
    pid: u32,
    hub: Arc<Hub>,
    tokens: Vec<u64>,
    /// Whether the core hears of it.
    is_tapped: bool,
}

impl Worker {
    pub(super) fn new(
        mailbox: Mailbox<Order>,
        shared: Arc<Shared>,
        main: MainLog,
    ) -> Result<Self, Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&mailbox, EpollEvent::new(EpollFlags::EPOLLIN, MAILBOX))?;
        Ok(Self {
            epoll,
            mailbox,
            shared,
            main,
            pipes: HashMap::new(),
            runs: HashMap::new(),
            reaped_early: HashSet::new(),
            printer: None,
            blocked: HashMap::new(),
            last_token: MAILBOX,
            scratch: vec![0; CHUNK].into(),
        })
    }

    /// Works until it is told to stop.
    ///
    /// # Errors
    /// As epoll_wait(2): it cannot go on, and has said so.
    pub(super) fn run(mut self) -> Result<(), Errno> {
        // Signals are the control plane's. A failure here would only cost an EINTR now and then.
        let _blocked = SigSet::all().thread_block();
        let mut events = vec![EpollEvent::empty(); 256];
        loop {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue,
                Err(error) => return self.give_up(error),
            };
            for event in &events[..count] {
                match event.data() {
                    MAILBOX => {
                        if self.obey().is_break() {
                            return Ok(());
                        }
                    }
                    token if self.blocked.contains_key(&token) => self.unblock(token),
                    token => self.pump(token),
                }
            }
        }
    }

    fn give_up(mut self, error: Errno) -> Result<(), Errno> {
        let text = format!("log thread cannot wait for output: {error}");
        self.main.say(Record::new(LogLevel::Critical, &text));
        Err(error)
    }
}

/// A run whose pipes are being added.
struct Source<'a> {
    key: Key,
    identity: Identity<'a>,
    name: Arc<ProcessName>,
    hub: Arc<Hub>,
}

/// What came of a pipe's turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It is empty, or others have their turn.
    Over,
    /// What it leads to is full.
    Full,
    /// It has ended.
    End,
}

/// Orders.
impl Worker {
    fn obey(&mut self) -> ControlFlow<()> {
        let orders: Vec<Order> = self.mailbox.collect().collect();
        for order in orders {
            match order {
                Order::Attach(attach) => self.attach(attach.0, attach.1),
                Order::Finish(key, pid) => self.finish(key, pid),
                Order::Forget(keys) => self.forget(&keys),
                Order::Reopen => self.reopen(),
                Order::Configure(settings) => self.main.configure(&settings),
                Order::Clear(what, done) => {
                    // Whoever asked may have gone.
                    drop(done.send(self.clear(what)));
                }
                Order::Say(record) => self.say(*record),
                Order::Print(bytes) => self.print(&bytes),
                Order::Resume => self.unpark(),
                Order::Stop(done) => {
                    self.stop(&done);
                    return ControlFlow::Break(());
                }
                #[cfg(test)]
                Order::Die => panic!("as the test wants"),
            }
        }
        ControlFlow::Continue(())
    }

    fn attach(&mut self, prepared: Prepared, attachment: Attachment) {
        let Prepared { program, hub, stdout, stderr, is_listener } = prepared;
        let Attachment { key, name, pid, invocation, stdout: out, stderr: err } = attachment;
        self.drain_runs(key);
        let identity = Identity { program: &program, name: &name, pid, invocation };
        let source = Source { key, identity, name: Arc::new(name.clone()), hub };
        let is_tapped = is_listener
            || [Some(&stdout), stderr.as_ref()].into_iter().flatten().any(Route::is_tapped);
        if is_listener {
            self.shared.tap.send(Heard::Began { key, pid });
        }
        let mut tokens = Vec::new();
        tokens.extend(self.add(&source, Stream::Stdout, out, stdout));
        if let (Some(fd), Some(route)) = (err, stderr) {
            tokens.extend(self.add(&source, Stream::Stderr, fd, route));
        }
        self.runs.entry(key).or_default().push(Run { pid, hub: source.hub, tokens, is_tapped });
        if self.reaped_early.remove(&(key, pid)) {
            self.finish(key, pid);
        }
    }

    fn add(
        &mut self,
        source: &Source<'_>,
        stream: Stream,
        fd: OwnedFd,
        route: Route,
    ) -> Option<u64> {
        let channel = source.hub.channel(stream);
        channel.place(route.sink.clone());
        if route.journal || route.syslog {
            channel.backlog.begin(source.identity.tag(stream, route.journal, route.syslog));
        }
        let run = (source.key, source.identity.pid);
        let (name, hub) = (Arc::clone(&source.name), Arc::clone(&source.hub));
        let pipe = Pipe::new(fd, stream, route, run, name, hub);
        let token = self.next_token();
        match pipe.and_then(|pipe| self.watch(token, &pipe).map(|()| pipe)) {
            Ok(pipe) => {
                pipe.sink.iter().for_each(|sink| sink.enter());
                self.pipes.insert(token, pipe);
                Some(token)
            }
            Err(error) => {
                let text = format!("cannot read {} of {}: {error}", stream.name(), source.name);
                self.say(Record::new(LogLevel::Critical, &text).about(&source.name));
                None
            }
        }
    }

    fn finish(&mut self, key: Key, pid: u32) {
        let Some(run) = self.take_run(key, pid) else {
            self.reaped_early.insert((key, pid));
            return;
        };
        for token in run.tokens {
            if let Some(mut pipe) = self.pipes.remove(&token) {
                self.drain(&mut pipe);
                self.close(pipe);
            }
        }
        if run.is_tapped {
            self.shared.tap.send(Heard::Finished { key, pid });
        }
        if !self.runs.contains_key(&key) {
            run.hub.channel(Stream::Stdout).place(None);
            run.hub.channel(Stream::Stderr).place(None);
        }
    }

    fn take_run(&mut self, key: Key, pid: u32) -> Option<Run> {
        let runs = self.runs.get_mut(&key)?;
        let index = runs.iter().position(|run| run.pid == pid)?;
        let run = runs.remove(index);
        if runs.is_empty() {
            self.runs.remove(&key);
        }
        Some(run)
    }

    fn forget(&mut self, keys: &[Key]) {
        self.reaped_early.retain(|(key, _)| !keys.contains(key));
        self.shared.hubs().retain(|key, _| !keys.contains(key));
    }

    fn reopen(&mut self) {
        for sink in self.shared.registry().all() {
            if let Some(trouble) = sink.reopen() {
                self.say(Record::new(LogLevel::Error, &trouble.to_string()));
            }
        }
        let mut said = Vec::new();
        for pipe in self.pipes.values_mut() {
            let Some(Missing { path, limits }) = &pipe.missing else { continue };
            if let Ok(sink) = self.shared.registry().open_anywhere(path, *limits, &mut said) {
                let text = format!("log file {} of {} is open now", path.display(), pipe.name);
                said.push(Record::new(LogLevel::Info, &text).about(&pipe.name));
                pipe.lead_to(sink);
            }
        }
        said.into_iter().for_each(|record| self.say(record));
    }

    fn clear(&mut self, what: Option<(Key, Stream)>) -> Cleared {
        let sink = match what {
            Some((key, stream)) => {
                self.shared.hubs().get(&key).and_then(|hub| hub.channel(stream).sink())
            }
            None => self.main.hub().channel(Stream::Stdout).sink(),
        };
        let Some(trouble) = sink.and_then(|sink| sink.clear()) else { return Ok(()) };
        let text = trouble.to_string();
        self.say(Record::new(LogLevel::Error, &text));
        Err(text)
    }

    /// Lets the forwarder send what it has, and slow readers take what they have not taken; then tells the one who waits.
    fn stop(&self, done: &SyncSender<()>) {
        self.shared.tail.stop();
        let (forwarded, wait) = sync_channel(1);
        self.shared.forward.send(Mail::Stop(forwarded));
        let end = Instant::now() + LAST_WORDS;
        self.blocked.values().for_each(|sink| sink.flush_until(end));
        let _forwarded = wait.recv_timeout(end.saturating_duration_since(Instant::now()));
        // The one who waits may have given up.
        let _told = done.send(());
    }

    fn print(&mut self, bytes: &[u8]) {
        if self.printer.is_none() {
            // A standard output that is closed takes nothing.
            let sink = self.shared.registry().open(Path::new("/dev/stdout"), Limits::NEVER).ok();
            self.printer = sink.inspect(|sink| sink.enter());
        }
        if let Some(sink) = self.printer.clone() {
            let written = sink.write(bytes);
            self.follow_up(&sink, written);
        }
    }

    fn say(&mut self, record: Record) {
        if self.main.say(record) {
            self.shared.tail.ring();
        }
        for sink in self.main.sinks().to_vec() {
            if sink.is_blocked() {
                self.block(&sink);
            }
        }
    }
}

/// Pipes.
impl Worker {
    /// Gives one pipe its turn.
    fn pump(&mut self, token: u64) {
        let Some(mut pipe) = self.pipes.remove(&token) else { return };
        match self.turn(&mut pipe, TURN) {
            // The last of its writers has closed it; the program may live on.
            Turn::End => return self.close(pipe),
            Turn::Full => self.park(&mut pipe),
            Turn::Over => {}
        }
        self.pipes.insert(token, pipe);
    }

    fn turn(&mut self, pipe: &mut Pipe, reads: usize) -> Turn {
        for _ in 0..reads {
            if pipe.is_full(&self.shared.budget, &self.shared.tap) {
                return Turn::Full;
            }
            match self.read(pipe) {
                Read::Bytes(count) if count < CHUNK => return Turn::Over,
                Read::Bytes(_) => {}
                Read::Empty => return Turn::Over,
                Read::End => return Turn::End,
            }
        }
        Turn::Over
    }

    /// Takes everything that was written before now, whether there is room for it or not.
    fn drain(&mut self, pipe: &mut Pipe) {
        let mut left = pipe.capacity();
        while left > 0
            && let Read::Bytes(count) = self.read(pipe)
        {
            left = left.saturating_sub(count);
        }
    }

    fn close(&mut self, mut pipe: Pipe) {
        self.scan(&mut pipe, None);
        if let Some(mut formatter) = pipe.formatter.take() {
            self.write(&mut pipe, formatter.finish());
        }
        if let Some(sink) = pipe.sink.clone() {
            let written = pipe.leave(&sink);
            self.follow_up(&sink, written);
        }
        if pipe.is_forwarded {
            self.announce(&pipe, pipe.channel().backlog.end());
        }
    }

    fn drain_runs(&mut self, key: Key) {
        let runs = self.runs.get(&key).into_iter().flatten();
        let tokens: Vec<u64> = runs.flat_map(|run| run.tokens.iter().copied()).collect();
        for token in tokens {
            if let Some(mut pipe) = self.pipes.remove(&token) {
                self.drain(&mut pipe);
                self.pipes.insert(token, pipe);
            }
        }
    }

    fn read(&mut self, pipe: &mut Pipe) -> Read {
        let mut scratch = std::mem::take(&mut self.scratch);
        let read = pipe.read(&mut scratch);
        if let Read::Bytes(count) = read {
            self.deliver(pipe, &scratch[..count]);
        }
        self.scratch = scratch;
        read
    }

    fn deliver(&mut self, pipe: &mut Pipe, bytes: &[u8]) {
        pipe.channel().count(bytes.len());
        if pipe.is_protocol {
            let said = Heard::Said { key: pipe.key, pid: pipe.pid, bytes: bytes.to_vec() };
            self.shared.tap.send(said);
        }
        if pipe.capture.is_some() {
            self.scan(pipe, Some(bytes));
        } else {
            self.record(pipe, bytes, None);
        }
    }

    /// Looks for capture marks in what comes, or in what was kept back when nothing comes any more.
    fn scan(&mut self, pipe: &mut Pipe, bytes: Option<&[u8]>) {
        let Some(Capture { mut scanner, mut captured }) = pipe.capture.take() else { return };
        let take = |piece: Piece<'_>| match piece {
            Piece::Plain(bytes) => self.record(pipe, bytes, None),
            Piece::Inside(bytes) => self.record(pipe, bytes, Some(&mut captured)),
            Piece::End => self.captured(pipe, captured.take()),
        };
        match bytes {
            Some(bytes) => scanner.feed(bytes, take),
            None => scanner.finish(take),
        }
        pipe.capture = Some(Capture { scanner, captured });
    }

    /// Puts output where it belongs; what is captured, nowhere else but to those who hear all of it.
    fn record(&mut self, pipe: &mut Pipe, bytes: &[u8], captured: Option<&mut Captured>) {
        let mut stripper = pipe.stripper.take();
        let bytes = stripper.as_mut().map_or(bytes, |stripper| stripper.strip(bytes));
        match captured {
            Some(captured) => captured.push(bytes),
            None => self.keep(pipe, bytes),
        }
        if self.main.wants(LogLevel::Debug) {
            self.say(copy(pipe, bytes));
        }
        if pipe.events {
            self.shared.tap.send(announced(pipe, false, bytes.to_vec()));
        }
        if let Some(stripper) = &mut stripper {
            stripper.rest();
        }
        pipe.stripper = stripper;
    }

    fn keep(&mut self, pipe: &mut Pipe, bytes: &[u8]) {
        match pipe.formatter.take() {
            None => self.write(pipe, bytes),
            Some(mut formatter) => {
                self.write(pipe, formatter.feed(bytes));
                pipe.formatter = Some(formatter);
            }
        }
        self.forward(pipe, bytes);
    }

    /// Writes to the file, or keeps for those who would read from it.
    fn write(&mut self, pipe: &mut Pipe, bytes: &[u8]) {
        if let Some(sink) = pipe.sink.clone() {
            let written = pipe.write(&sink, bytes);
            self.follow_up(&sink, written);
        }
        if pipe.is_remembered && pipe.channel().remember(bytes) {
            self.shared.tail.ring();
        }
    }

    fn captured(&mut self, pipe: &Pipe, bytes: Vec<u8>) {
        self.shared.tap.send(announced(pipe, true, bytes));
        let text = format!("'{}' {} emitted a comm event", pipe.name.process, pipe.stream.name());
        self.say(Record::new(LogLevel::Debug, &text).about(&pipe.name));
    }

    /// Sends output on to the journal and to syslog.
    fn forward(&self, pipe: &Pipe, bytes: &[u8]) {
        if pipe.is_forwarded {
            let channel = pipe.channel();
            let put = channel.backlog.put(bytes, pipe.is_held_back(), &self.shared.budget);
            self.announce(pipe, put);
        }
    }

    fn announce(&self, pipe: &Pipe, put: Put) {
        pipe.channel().lose(put.dropped);
        if put.announce {
            self.shared.forward.send(Mail::Ready(Arc::clone(&pipe.hub), pipe.stream));
        }
    }

    fn follow_up(&mut self, sink: &Arc<FileSink>, written: Written) {
        if written.blocked {
            self.block(sink);
        }
        if written.followed {
            self.shared.tail.ring();
        }
        for trouble in written.troubles {
            self.say(Record::new(LogLevel::Error, &trouble.to_string()));
        }
    }

    /// Waits for the reader of a special file.
    fn block(&mut self, sink: &Arc<FileSink>) {
        if self.blocked.values().any(|blocked| Arc::ptr_eq(blocked, sink)) {
            return;
        }
        let token = self.next_token();
        let event = EpollEvent::new(EpollFlags::EPOLLOUT, token);
        // What epoll cannot watch never blocks.
        if sink.with_descriptor(|fd| self.epoll.add(fd, event)).is_ok() {
            self.blocked.insert(token, Arc::clone(sink));
        }
    }

    fn unblock(&mut self, token: u64) {
        let Some(sink) = self.blocked.get(&token).cloned() else { return };
        let written = sink.flush();
        if !written.blocked {
            self.blocked.remove(&token);
            let _gone = sink.with_descriptor(|fd| self.epoll.delete(fd));
            self.unpark();
        }
        self.follow_up(&sink, written);
    }

    /// Stops watching a pipe. Watching it for nothing is not enough: its end would be reported again and again.
    fn park(&mut self, pipe: &mut Pipe) {
        if !pipe.parked {
            pipe.parked = true;
            let _gone = self.epoll.delete(&pipe.fd);
        }
    }

    /// Watches the parked pipes again that lead to where there is room now.
    fn unpark(&mut self) {
        let mut failed = Vec::new();
        for (token, pipe) in &mut self.pipes {
            if pipe.parked && !pipe.is_full(&self.shared.budget, &self.shared.tap) {
                let event = EpollEvent::new(EpollFlags::EPOLLIN, *token);
                match self.epoll.add(&pipe.fd, event) {
                    Ok(()) => pipe.parked = false,
                    Err(error) => failed.push((Arc::clone(&pipe.name), error)),
                }
            }
        }
        for (name, error) in failed {
            let text = format!("cannot read output of {name}: {error}");
            self.say(Record::new(LogLevel::Critical, &text).about(&name));
        }
    }

    fn watch(&self, token: u64, pipe: &Pipe) -> Result<(), Errno> {
        self.epoll.add(&pipe.fd, EpollEvent::new(EpollFlags::EPOLLIN, token))
    }

    fn next_token(&mut self) -> u64 {
        self.last_token += 1;
        self.last_token
    }
}

/// Output that is to be announced.
fn announced(pipe: &Pipe, is_capture: bool, data: Vec<u8>) -> Heard {
    let (name, stream) = (ProcessName::clone(&pipe.name), pipe.stream);
    Heard::Output(Box::new(Output { name, pid: pipe.pid, stream, is_capture, data }))
}

/// The copy of a program's output in the daemon's log, at level debug.
fn copy(pipe: &Pipe, bytes: &[u8]) -> Record {
    let text = format!("'{}' {} output:", pipe.name.process, pipe.stream.name());
    let record = Record::new(LogLevel::Debug, &text).about(&pipe.name);
    let output = if pipe.is_protocol { repr_bytes(bytes) } else { decoded(bytes) };
    record.output(&output)
}
