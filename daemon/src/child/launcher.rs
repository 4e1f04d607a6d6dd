//! The thread that launches programs, so that thousands of starts never hold up the core.

use std::ffi::{CString, NulError, OsString};
use std::io;
use std::iter;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use visor_units::engine::Key;
use visor_units::unit::{LogLevel, Program};

use super::account::{Known, account};
use super::command::{CommandError, CommandLine};
use super::environment;
use super::failure::explain;
use super::pipes::Pipes;
use super::resources;
use super::sockets::Sockets;
use super::spawn::{Child, Recipe, Spawner};

/// Names one run of a program: 128 random bits, formatted as an id of sd-id128(3) is.
use visor_units::invocation::InvocationId;

/// A program to be launched.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// Which process it becomes.
    pub(crate) key: Key,
    /// Its settings.
    pub(crate) program: Arc<Program>,
    /// The daemon's.
    pub(crate) settings: Arc<Settings>,
    /// Whether it is an event listener, whose standard output is a protocol.
    pub(crate) is_listener: bool,
    /// The file for its standard output, AUTO already named; `None` is no file.
    pub(crate) stdout_log: Option<PathBuf>,
    /// The file for its standard error, AUTO already named; `None` is no file.
    pub(crate) stderr_log: Option<PathBuf>,
}

/// What every program gets from the daemon.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// `SUPERVISOR_SERVER_URL`, where there is a server.
    pub(crate) server_url: Option<String>,
    /// The environment that programs inherit ([`environment::inherited`]).
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Soft and hard limit on descriptors ([`super::limits::raise_descriptors`]).
    pub(crate) nofile: Option<(u64, u64)>,
}

/// What came of a [`Launch`].
#[derive(Debug)]
pub(crate) enum Launched {
    /// There is a process.
    Started {
        /// Which.
        key: Key,
        /// Its process id.
        pid: u32,
        /// Its pidfd.
        pidfd: OwnedFd,
        /// Names the run.
        invocation: InvocationId,
        /// The writing end of its standard input, non-blocking.
        stdin: OwnedFd,
        /// Why its program does not run in it (`couldn't chdir to /x: ENOENT`). It says so itself on its standard error
        /// and ends with exit code 127.
        setup_failure: Option<String>,
    },
    /// There is none.
    Failed {
        /// Which.
        key: Key,
        /// Supervisor's `spawnerr`.
        error: String,
    },
}

/// Where the output of programs goes: the log pump, seen from the launcher.
pub(crate) trait OutputRoom: Send + 'static {
    /// What was opened for one process.
    type Prepared;

    /// Opens what the output of this process goes to. Runs on the launcher thread, which may block.
    ///
    /// # Errors
    /// If something cannot be opened: the launch fails with it.
    fn prepare(&self, launch: &Launch) -> Result<Self::Prepared, Errno>;

    /// Takes over the output of a process that was launched. Called before the launch is reported.
    fn attach(&self, prepared: Self::Prepared, output: Output);

    /// Writes a line into the daemon's log.
    fn say(&self, level: LogLevel, text: &str);
}

/// The output of a process that was launched.
#[derive(Debug)]
pub(crate) struct Output {
    /// Which process.
    pub(crate) key: Key,
    /// Its process id.
    pub(crate) pid: u32,
    /// Names this run.
    pub(crate) invocation: InvocationId,
    /// The reading end of its standard output, non-blocking.
    pub(crate) stdout: OwnedFd,
    /// The reading end of its standard error, non-blocking; `None` with `redirect_stderr`.
    pub(crate) stderr: Option<OwnedFd>,
}

/// The handle of the launcher thread, which ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Launcher {
    queue: Sender<Order>,
}

/// What the thread can be told.
enum Order {
    Launch(Box<Launch>),
    Probe(Arc<Program>),
    Release(Key),
    Stop(SyncSender<()>),
}

impl Launcher {
    /// Starts the thread. Everything launched is reported on the receiver, in order; it ends only if the thread does.
    /// To be called before many descriptors are open: launching is the faster the lower those are that it gets.
    ///
    /// # Errors
    /// If there are no resources for a thread.
    pub(crate) fn start<R: OutputRoom>(room: R) -> io::Result<(Self, UnboundedReceiver<Launched>)> {
        let (queue, launches) = channel();
        let (reports, results) = unbounded_channel();
        let spawner = Spawner::new()?;
        let (groups, sockets) = (Known::new(), Sockets::default());
        let mut worker = Worker { room, spawner, groups, sockets };
        thread::Builder::new()
            .name("launcher".to_owned())
            .spawn(move || worker.run(&launches, &reports))?;
        Ok((Self { queue }, results))
    }

    /// Queues a launch and returns at once.
    pub(crate) fn launch(&self, launch: Launch) {
        self.order(Order::Launch(Box::new(launch)));
    }

    /// Tries whether the socket of this program can be made, and says so in the log.
    pub(crate) fn probe(&self, program: Arc<Program>) {
        self.order(Order::Probe(program));
    }

    /// Says that a process is down and will not come back by itself: it needs its socket no more.
    pub(crate) fn release(&self, key: Key) {
        self.order(Order::Release(key));
    }

    /// Returns when everything that was queued is done, or `patience` is over.
    pub(crate) fn finish(&self, patience: Duration) {
        let (done, wait) = sync_channel(1);
        self.order(Order::Stop(done));
        // An error is a thread that hangs or has ended; there is nothing more to be had from it.
        let _done = wait.recv_timeout(patience);
    }

    fn order(&self, order: Order) {
        // The receiver lives as long as any handle does.
        let _queued = self.queue.send(order);
    }
}

struct Worker<R> {
    room: R,
    spawner: Spawner,
    /// Groups of accounts with their primary group, remembered while there is a queue: a thousand starts ask the user
    /// database once, and the next start sees what was changed in it.
    groups: Known,
    sockets: Sockets,
}

impl<R: OutputRoom> Worker<R> {
    fn run(&mut self, orders: &Receiver<Order>, reports: &UnboundedSender<Launched>) {
        while let Ok(first) = orders.recv() {
            for order in iter::once(first).chain(orders.try_iter()) {
                match order {
                    Order::Launch(launch) => {
                        let launched = self.launch(&launch);
                        if reports.send(launched).is_err() {
                            return;
                        }
                    }
                    Order::Probe(program) => self.probe(&program),
                    Order::Release(key) => {
                        let Self { room, sockets, .. } = self;
                        sockets.release(key, &|text| room.say(LogLevel::Info, text));
                    }
                    // Whoever waits may have given up.
                    Order::Stop(done) => drop(done.send(())),
                }
            }
            self.groups.clear();
        }
    }

    fn probe(&self, program: &Program) {
        let Some(socket) = &program.socket else { return };
        let say = |text: &str| self.room.say(LogLevel::Info, text);
        if let Err(error) = self.sockets.probe(program, socket, &say) {
            self.room.say(LogLevel::Error, &error);
        }
    }

    fn launch(&mut self, launch: &Launch) -> Launched {
        let key = launch.key;
        self.try_launch(launch).unwrap_or_else(|error| {
            let process = &launch.program.name.process;
            Launched::Failed { key, error: error.text(process) }
        })
    }

    fn try_launch(&mut self, launch: &Launch) -> Result<Launched, LaunchError> {
        let program = &*launch.program;
        self.hold_socket(launch)?;
        let line = resolve(&launch.program, &launch.settings)?;
        let pipes = Pipes::open(program.redirect_stderr).map_err(LaunchError::Output)?;
        let prepared = self.room.prepare(launch).map_err(LaunchError::Output)?;
        let Child { pid, pidfd, failure } = self.spawn(launch, &line, &pipes)?;
        let setup_failure = failure.map(|(step, errno)| explain(step, errno, program, &line));
        if let Some(text) = &setup_failure {
            pipes.report(text);
        }
        let (key, invocation) = (launch.key, new_invocation());
        let stdout = pipes.stdout.0.into();
        let stderr = pipes.stderr.map(|(reader, _)| reader.into());
        self.room.attach(prepared, Output { key, pid, invocation, stdout, stderr });
        let stdin = pipes.stdin.1.into();
        Ok(Launched::Started { key, pid, pidfd, invocation, stdin, setup_failure })
    }

    /// Sees to it that the socket is there which the program is to get.
    fn hold_socket(&mut self, launch: &Launch) -> Result<(), LaunchError> {
        let Some(socket) = &launch.program.socket else { return Ok(()) };
        let Self { room, sockets, .. } = self;
        let say = |text: &str| room.say(LogLevel::Info, text);
        sockets.hold(launch.key, &launch.program, socket, &say).map_err(LaunchError::Socket)
    }

    fn spawn(
        &mut self,
        launch: &Launch,
        line: &CommandLine,
        pipes: &Pipes,
    ) -> Result<Child, LaunchError> {
        let program = &*launch.program;
        let environment = environment::of_program(&launch.settings, program)?;
        let directory = program.directory.as_deref().map(CString::new).transpose()?;
        let recipe = Recipe {
            executable: &line.executable,
            words: &line.words,
            environment: &environment,
            stdio: pipes.child_ends(self.sockets.of(launch.key)),
            directory: directory.as_deref(),
            umask: program.umask,
            account: account(&mut self.groups, program),
            limits: &resources::limits(&program.resources, launch.settings.nofile),
            nice: program.resources.nice,
        };
        self.spawner.spawn(&recipe).map_err(LaunchError::Spawn)
    }
}

/// Finds the file and the words of a program's command, now.
///
/// # Errors
/// If there is nothing that can be run.
pub(crate) fn resolve(program: &Program, settings: &Settings) -> Result<CommandLine, CommandError> {
    let own_path = program.secrets.0.get("PATH").or_else(|| program.environment.get("PATH"));
    let own_path = own_path.map(|path| path.as_ref());
    CommandLine::resolve(&program.command, own_path, environment::daemon_path(settings))
}

/// Why there is no process.
enum LaunchError {
    Command(CommandError),
    NullByte,
    Socket(String),
    Output(Errno),
    Spawn(Errno),
}

impl LaunchError {
    /// Supervisor's text for it, about a process of that name.
    fn text(&self, name: &str) -> String {
        match self {
            Self::Command(error) => error.to_string(),
            Self::Socket(error) => error.clone(),
            Self::NullByte => format!("can't spawn '{name}': embedded null byte"),
            Self::Output(Errno::EMFILE) | Self::Spawn(Errno::EMFILE) => {
                format!("too many open files to spawn '{name}'")
            }
            Self::Output(errno) => {
                format!("unknown error making dispatchers for '{name}': {errno:?}")
            }
            Self::Spawn(Errno::EAGAIN) => {
                format!("Too many processes in process table to spawn '{name}'")
            }
            Self::Spawn(errno) => format!("unknown error during fork for '{name}': {errno:?}"),
        }
    }
}

impl From<CommandError> for LaunchError {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl From<NulError> for LaunchError {
    fn from(_: NulError) -> Self {
        Self::NullByte
    }
}

fn new_invocation() -> InvocationId {
    let mut id = [0; 16];
    // SAFETY: writes at most that many bytes there. So few come at once; before the system has any randomness it waits.
    unsafe { libc::getrandom(id.as_mut_ptr().cast(), id.len(), 0) };
    // A random UUID (RFC 9562, version 4), as systemd's ids are.
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    InvocationId(id)
}
