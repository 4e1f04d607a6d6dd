//! The handle of the thread that moves output.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use tokio::sync::{Notify, oneshot};
use visor_units::engine::Key;
use visor_units::invocation::InvocationId;
use visor_units::name::ProcessName;
use visor_units::unit::{Daemon, LogFormat, LogLevel, Output, Program};

use super::backlog::Budget;
use super::file::FileSink;
use super::follow::{Listener, Range, Source};
use super::forward::{Forward, Mail};
use super::hub::{Channel, Hub, Stream};
use super::mailbox::{Post, mailbox};
use super::main_log::MainLog;
use super::record::Record;
use super::registry::Registry;
use super::rotate::Limits;
use super::special::leads_to_journal;
use super::tail::Tail;
use super::tap::{Tap, Tapped, tap};
use super::trouble::{Kind, Trouble};
use super::worker::Worker;

/// How long the end of the daemon waits for its log.
const PATIENCE: Duration = Duration::from_secs(10);

/// The thread that reads what programs write, and puts it where it belongs. Every copy means the same thread.
#[derive(Clone)]
pub(crate) struct Pump {
    post: Post<Order>,
    shared: Arc<Shared>,
}

/// What the handle and the thread both see.
pub(super) struct Shared {
    hubs: Mutex<HashMap<Key, Arc<Hub>>>,
    registry: Arc<Registry>,
    journal: bool,
    strip_ansi: AtomicBool,
    /// The daemon's own log.
    main: Arc<Hub>,
    pub(super) tail: Tail,
    pub(super) budget: Arc<Budget>,
    pub(super) forward: Post<Mail>,
    pub(super) tap: Tap,
    lost: Notify,
}

/// Tells when the thread that has it ends in another way than it should.
struct LastWill {
    shared: Arc<Shared>,
    /// Whether the thread was told to end.
    is_void: bool,
}

impl LastWill {
    fn hold_for(mut self, run: impl FnOnce() -> Result<(), Errno>) {
        self.is_void = run().is_ok();
    }
}

impl Drop for LastWill {
    fn drop(&mut self) {
        if !self.is_void {
            self.shared.lost.notify_one();
        }
    }
}

/// Starts a thread whose death is noticed.
fn spawn(
    name: &str,
    shared: &Arc<Shared>,
    run: impl FnOnce() -> Result<(), Errno> + Send + 'static,
) -> io::Result<()> {
    let will = LastWill { shared: Arc::clone(shared), is_void: false };
    thread::Builder::new().name(name.to_owned()).spawn(move || will.hold_for(run)).map(drop)
}

/// What the thread can be told.
pub(super) enum Order {
    Attach(Box<(Prepared, Attachment)>),
    Finish(Key, u32),
    Forget(Vec<Key>),
    Reopen,
    Configure(Box<Daemon>),
    /// A program's log, or else the daemon's own.
    Clear(Option<(Key, Stream)>, oneshot::Sender<Cleared>),
    Say(Box<Record>),
    /// Something for the daemon's standard output.
    Print(Vec<u8>),
    /// There is room again for what was held back.
    Resume,
    Stop(SyncSender<()>),
    #[cfg(test)]
    Die,
}

/// Log files that are open for a run that has not begun.
pub(crate) struct Prepared {
    /// Name of the section that describes the program.
    pub(super) program: String,
    pub(super) hub: Arc<Hub>,
    pub(super) stdout: Route,
    pub(super) stderr: Option<Route>,
    pub(super) is_listener: bool,
}

/// Where one stream goes.
#[derive(Default)]
pub(super) struct Route {
    pub(super) sink: Option<Arc<FileSink>>,
    /// The file that it should go to and cannot.
    pub(super) missing: Option<Missing>,
    pub(super) journal: bool,
    pub(super) syslog: bool,
    pub(super) strip_ansi: bool,
    /// The form of its lines in the file.
    pub(super) format: Option<LogFormat>,
    /// Whether it is what a listener says.
    pub(super) is_protocol: bool,
    /// Whether every piece of it is announced.
    pub(super) events: bool,
    /// Room for what stands between the capture marks; 0 is none.
    pub(super) capture: usize,
}

impl Route {
    /// Whether the core hears of it.
    pub(super) const fn is_tapped(&self) -> bool {
        self.is_protocol || self.events || self.capture > 0
    }

    /// What a listener says goes to the core, and to a file if there is one.
    fn into_protocol(self) -> Self {
        let Self { sink, missing, strip_ansi, .. } = self;
        Self { sink, missing, strip_ansi, is_protocol: true, ..Self::default() }
    }
}

/// A log file that could not be opened.
pub(super) struct Missing {
    pub(super) path: PathBuf,
    pub(super) limits: Limits,
}

/// A process that was launched.
pub(crate) struct Attachment {
    /// Its handle.
    pub(crate) key: Key,
    /// Its name.
    pub(crate) name: ProcessName,
    /// Its process id.
    pub(crate) pid: u32,
    /// Names this run (`INVOCATION_ID`).
    pub(crate) invocation: InvocationId,
    /// The reading end of its standard output.
    pub(crate) stdout: OwnedFd,
    /// The reading end of its standard error; `None` where that goes where standard output goes.
    pub(crate) stderr: Option<OwnedFd>,
}

/// Whether a log was emptied; if not, why.
pub(crate) type Cleared = Result<(), String>;

/// Which log to read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Log<'a> {
    /// The daemon's own.
    Daemon,
    /// Output of a program.
    Program {
        /// Which.
        key: Key,
        /// Which of its streams.
        stream: Stream,
        /// Its log file, AUTO name resolved, for when it does not run; `None` is no file.
        path: Option<&'a Path>,
    },
}

/// Figures of one program's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Bytes read from both streams, over all runs.
    pub(crate) log_bytes: u64,
    /// Lines that the journal did not get.
    pub(crate) journal_dropped: u64,
    /// Why output is missing in a log file; empty if none is.
    pub(crate) trouble: String,
}

impl Pump {
    /// Starts the thread. It takes over the daemon's own log. To be called after the daemon has forked. What the core is
    /// to hear of output comes out at the other end.
    ///
    /// # Errors
    /// If there is no descriptor or thread to be had.
    pub(crate) fn start(mut main: MainLog) -> io::Result<(Self, Tapped)> {
        let (forward, mail) = mailbox()?;
        let (post, mailbox) = mailbox()?;
        let (tap, tapped) = tap(post.clone());
        let shared = Arc::new(Shared {
            hubs: Mutex::default(),
            registry: Arc::clone(main.registry()),
            journal: main.has_journal(),
            strip_ansi: AtomicBool::new(false),
            main: Arc::clone(main.hub()),
            tail: Tail::default(),
            budget: Arc::default(),
            forward: forward.clone(),
            lost: Notify::new(),
            tap,
        });
        let ident = main.ident().to_owned();
        let forwarder =
            Forward { mail, ident, budget: Arc::clone(&shared.budget), pump: post.clone() };
        main.set_forward(forward);
        let worker = Worker::new(mailbox, Arc::clone(&shared), main)?;
        spawn("log-forward", &shared, move || forwarder.run())?;
        spawn("log-pump", &shared, move || worker.run())?;
        Ok((Self { post, shared }, tapped))
    }

    /// Waits until one of the threads has died, which none ever does. Told once.
    pub(crate) async fn lost(&self) {
        self.shared.lost.notified().await;
    }

    /// Opens the log files of a run to come. `stdout_path` and `stderr_path` are the files, AUTO names resolved; `None`
    /// or an empty path is no file. Of one that cannot be opened it is said, and the program runs without it. What a
    /// listener says on its standard output goes to the core, and not to the journal or to syslog.
    ///
    /// # Errors
    /// As open(2), if there are no descriptors left.
    pub(crate) fn prepare(
        &self,
        key: Key,
        program: &Program,
        is_listener: bool,
        stdout_path: Option<&Path>,
        stderr_path: Option<&Path>,
    ) -> io::Result<Prepared> {
        let hub = self.shared.hub(key);
        let route = |stream, output, path| {
            let channel = hub.channel(stream);
            self.route(program, channel, output, path)
        };
        let stdout = route(Stream::Stdout, &program.stdout, stdout_path)?;
        let stdout = if is_listener { stdout.into_protocol() } else { stdout };
        let stderr = if program.redirect_stderr {
            None
        } else {
            Some(route(Stream::Stderr, &program.stderr, stderr_path)?)
        };
        let (_, name) = program.origin.section.split_once(':').unwrap_or_default();
        let name = if name.is_empty() { &*program.name.process } else { name };
        Ok(Prepared { program: name.to_owned(), hub, stdout, stderr, is_listener })
    }

    /// Takes over the pipes of a process that was launched.
    pub(crate) fn attach(&self, prepared: Prepared, attachment: Attachment) {
        self.post.send(Order::Attach(Box::new((prepared, attachment))));
    }

    /// Says that a process was reaped: what it wrote is taken from its pipes, and they are closed, whoever else may
    /// still hold them. May come before its [`Self::attach`].
    pub(crate) fn finish(&self, key: Key, pid: u32) {
        self.post.send(Order::Finish(key, pid));
    }

    /// Says that these processes will not come back.
    pub(crate) fn forget(&self, keys: Vec<Key>) {
        self.post.send(Order::Forget(keys));
    }

    /// Opens every log file anew (USR2).
    pub(crate) fn reopen(&self) {
        self.post.send(Order::Reopen);
    }

    /// Lets the daemon's own log go where these settings say from now on. If that cannot be opened, it goes on as before
    /// and says so.
    pub(crate) fn configure(&self, settings: &Daemon) {
        self.post.send(Order::Configure(Box::new(settings.clone())));
    }

    /// Empties a log file. What is not a file, or is not open, stays as it is. What comes back says when that is done, or
    /// why it could not be.
    pub(crate) fn clear(&self, key: Key, stream: Stream) -> oneshot::Receiver<Cleared> {
        self.clear_any(Some((key, stream)))
    }

    /// Empties the daemon's own log file, in the same way.
    pub(crate) fn clear_main(&self) -> oneshot::Receiver<Cleared> {
        self.clear_any(None)
    }

    fn clear_any(&self, what: Option<(Key, Stream)>) -> oneshot::Receiver<Cleared> {
        let (done, wait) = oneshot::channel();
        self.post.send(Order::Clear(what, done));
        wait
    }

    /// Makes the thread panic.
    #[cfg(test)]
    pub(super) fn die(&self) {
        self.post.send(Order::Die);
    }

    /// Writes a message into the daemon's own log.
    pub(crate) fn say(&self, record: Record) {
        self.post.send(Order::Say(Box::new(record)));
    }

    /// Prints on the daemon's standard output, as far as that takes it.
    pub(crate) fn print(&self, bytes: Vec<u8>) {
        self.post.send(Order::Print(bytes));
    }

    /// Whether escape sequences are taken out of the output of programs that are launched from now on
    /// (`[supervisord] strip_ansi`).
    pub(crate) fn set_strip_ansi(&self, strip: bool) {
        self.shared.strip_ansi.store(strip, Ordering::Relaxed);
    }

    /// A descriptor from which a log can be read, through every rotation. For a log that is not a file, it begins with
    /// what was kept of the latest output.
    ///
    /// # Errors
    /// `NotFound` if the file is not there, `QuotaExceeded` if too many are reading already, else as open(2).
    pub(crate) fn open_log(&self, log: Log<'_>, range: Range) -> io::Result<OwnedFd> {
        let (hub, stream, path) = match log {
            Log::Daemon => (Arc::clone(&self.shared.main), Stream::Stdout, None),
            Log::Program { key, stream, path } => (self.shared.hub(key), stream, path),
        };
        let path = path.filter(|path| !path.as_os_str().is_empty());
        let source = match hub.channel(stream).trail(path)? {
            Some(trail) => Source::File(trail),
            None => Source::Recent(Listener::new(hub, stream)),
        };
        self.shared.tail.open(source, range)
    }

    /// Figures of a program's output; zeros for one that never ran.
    pub(crate) fn stats(&self, key: Key) -> Stats {
        let hubs = self.shared.hubs();
        let Some(hub) = hubs.get(&key) else { return Stats::default() };
        let [out, err] = [Stream::Stdout, Stream::Stderr].map(|stream| hub.channel(stream));
        let sum =
            |a: &AtomicU64, b: &AtomicU64| a.load(Ordering::Relaxed) + b.load(Ordering::Relaxed);
        Stats {
            log_bytes: sum(&out.read, &err.read),
            journal_dropped: sum(&out.dropped, &err.dropped),
            trouble: out.trouble().or_else(|| err.trouble()).unwrap_or_default(),
        }
    }

    /// Ends the thread, after everything it was told has been done. Returns when it has, or seems not to.
    pub(crate) fn stop(&self) {
        let (done, wait) = sync_channel(1);
        self.post.send(Order::Stop(done));
        // An error means that the thread has ended already, or hangs on a disk that does not answer.
        let _done = wait.recv_timeout(PATIENCE);
    }

    fn route(
        &self,
        program: &Program,
        channel: &Channel,
        output: &Output,
        path: Option<&Path>,
    ) -> io::Result<Route> {
        let journal = output.journal && self.shared.journal;
        let path = path.filter(|path| !path.as_os_str().is_empty());
        // What the journal gets with fields it should not get again as plain text.
        let path = path.filter(|path| !(journal && leads_to_journal(path)));
        let (sink, missing) = match path {
            Some(path) => self.open_sink(program, channel, output.into(), journal, path)?,
            None => (None, None),
        };
        Ok(Route {
            sink,
            missing,
            journal,
            syslog: output.syslog,
            strip_ansi: self.shared.strip_ansi.load(Ordering::Relaxed),
            format: program.log_format.clone(),
            is_protocol: false,
            events: output.events_enabled,
            capture: usize::try_from(output.capture_maxbytes).unwrap_or_default(),
        })
    }

    /// Opens the log file of a stream, or says and remembers why the program runs without it.
    fn open_sink(
        &self,
        program: &Program,
        channel: &Channel,
        limits: Limits,
        journal: bool,
        path: &Path,
    ) -> io::Result<(Option<Arc<FileSink>>, Option<Missing>)> {
        let mut said = Vec::new();
        let (opened, trouble) = match self.shared.registry.open_anywhere(path, limits, &mut said) {
            Ok(sink) => ((Some(sink), None), None),
            Err(error) if is_shortage(&error) => return Err(error),
            Err(error) => {
                let path = path.to_owned();
                let text = Trouble { path: path.clone(), kind: Kind::NotOpened(error) }.to_string();
                said.push(without_file(&text, &program.name, journal));
                ((None, Some(Missing { path, limits })), Some(text))
            }
        };
        said.into_iter().for_each(|record| self.say(record));
        channel.set_trouble(trouble);
        Ok(opened)
    }
}

/// Whether something is short that a later launch may find.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM))
}

fn without_file(text: &str, name: &ProcessName, journal: bool) -> Record {
    let rest = if journal { "its output goes to the journal" } else { "its output is not kept" };
    Record::new(LogLevel::Error, &format!("{text}; {name} runs without it, {rest}")).about(name)
}

impl Shared {
    pub(super) fn hubs(&self) -> MutexGuard<'_, HashMap<Key, Arc<Hub>>> {
        self.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hub(&self, key: Key) -> Arc<Hub> {
        Arc::clone(self.hubs().entry(key).or_default())
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }
}
