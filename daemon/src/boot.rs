//! The order of start-up, readable as a list.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::stat::{Mode, umask};
use visor_dbus::Notices;
use visor_units::announce::Announcer;
use visor_units::config::Plan;
use visor_units::engine::{Engine, Mood};
use visor_units::unit::{Daemon, LogLevel};

use crate::args::{self, Args};
use crate::authority::Judge;
use crate::child::launcher::Launcher;
use crate::child::orphans::Orphans;
use crate::child::reap::Reaper;
use crate::child::{leftover, limits};
use crate::configuration::{Configuration, OLD_NAME, SUPERVISOR_VERSION};
use crate::core::Core;
use crate::door::door;
use crate::fastcgi::Sharers;
use crate::http::Servers;
use crate::listen::Site;
use crate::log::{MainLog, Pump, Record, Tapped, clear_auto_logs};
use crate::notify::Notify;
use crate::perform::Paths;
use crate::reload::Fixed;
use crate::settings::{Settings, auto_dir};
use crate::signal::Signals;
use crate::socket::{Listener, SocketError};
use crate::stdin::Inputs;
use crate::{bus, clock, config, privilege};

/// Something failed that is not the user's mistake.
const OPERATING: u8 = 1;
/// A wrong command line or configuration.
const USAGE: u8 = 2;

/// How long the end waits for threads that read.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// What it listens on: for buses, and for HTTP.
type Sockets = (Option<Listener>, Servers);

/// Why the daemon did not come up: what to print, and the exit status.
struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Something in the command line, the configuration or the machine that the user must change.
    fn usage(text: impl ToString) -> Self {
        Self { text: text.to_string(), code: USAGE }
    }
}

/// Runs the program called `program` with the words after its name. `name` is the last part of that: it decides which
/// face is shown.
pub(crate) fn main(
    program: &str,
    name: &str,
    words: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    match Args::parse(words) {
        Err(text) => fail(program, &Failure::usage(text)),
        Ok(args) if args.has("help") => print(&args::usage(name)),
        Ok(args) if args.has("version") => print(&format!("{}\n", version(name))),
        Ok(args) if args.has("check") => config::check(program, &args),
        Ok(args) => match start(program, name, args) {
            Ok(code) => ExitCode::from(code),
            Err(failure) => fail(program, &failure),
        },
    }
}

/// The version that is printed: under the old name that of the Supervisor it stands for, since scripts decide by it.
fn version(name: &str) -> &'static str {
    if name == OLD_NAME { SUPERVISOR_VERSION } else { env!("CARGO_PKG_VERSION") }
}

/// Tells a failure in Supervisor's two lines.
fn fail(program: &str, failure: &Failure) -> ExitCode {
    let Failure { text, code } = failure;
    let help = if *code == USAGE { format!("\nFor help, use {program} -h") } else { String::new() };
    // A terminal that is gone cannot be told anything.
    drop(writeln!(io::stderr(), "Error: {text}{help}"));
    ExitCode::from(*code)
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(OPERATING),
    }
}

/// Start-up, step by step, and the code to end with. What fails before the log is open is told on the terminal.
fn start(program: &str, name: &str, args: Args) -> Result<u8, Failure> {
    let configuration = Configuration::find(program, name, &args).map_err(Failure::usage)?;
    let (plan, warnings) = configuration.load_aloud().map_err(Failure::usage)?;
    let mut log = MainLog::new(name);
    for text in &warnings {
        log.say(Record::new(LogLevel::Warn, text));
    }
    // Its warnings are among those already, with their place.
    for (level, text) in plan.messages.iter().filter(|(level, _)| *level > LogLevel::Warn) {
        log.say(Record::new(*level, text));
    }
    let site = Site::prepare(plan.visord.socket.as_deref(), plan.daemon.user.as_ref());
    if let Some((level, text)) =
        privilege::assume(plan.daemon.user.as_ref()).map_err(Failure::usage)?
    {
        log.say(Record::new(level, &text));
    }
    for text in limits::ensure(plan.daemon.minfds.max(limits::OWN_FILES), plan.daemon.minprocs)
        .map_err(Failure::usage)?
    {
        log.say(Record::new(LogLevel::Info, &text));
    }
    let nofile = limits::raise_descriptors();
    limits::survive_file_size();
    // Before anything of a daemon that may be running already is touched, its log among it.
    let (listener, is_alone) = listen(&site, name, &mut log)?;
    if let Some(record) = end_leftovers() {
        log.say(record);
    }
    let servers = Servers::open(&plan).map_err(Failure::usage)?;
    log.open(&plan.daemon, plan.visord.journal)
        .map_err(|error| Failure { text: unopened(&plan.daemon, &error), code: OPERATING })?;
    if is_alone {
        clean_up(&plan.daemon, &mut log);
    }
    if !plan.daemon.nodaemon {
        daemonise(&plan.daemon, &mut log).map_err(Failure::usage)?;
    }
    let settings = Settings::new(&plan, configuration.file(), nofile, clock::now().wall);
    let outcome = in_runtime(serve(configuration, plan, settings, log, (listener, servers)));
    outcome.map_err(|error| Failure { text: error.to_string(), code: OPERATING })
}

/// One thread for everything that decides and answers; launching and log pumping have theirs.
fn in_runtime<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = tokio::task::LocalSet::new().block_on(&runtime, work);
    // A thread that looks up an account or reads a file may hang; the end does not wait for it.
    runtime.shutdown_timeout(LAST_THREADS);
    outcome
}

/// Lets the log have its thread, runs everything else until the end, and has the last line written.
async fn serve(
    configuration: Configuration,
    plan: Plan,
    settings: Settings,
    log: MainLog,
    sockets: Sockets,
) -> io::Result<u8> {
    let (pump, tapped) = Pump::start(log)?;
    let outcome = match assemble(configuration, plan, settings, (&pump, tapped), sockets) {
        Ok(core) => core.run().await,
        Err(error) => Err(error),
    };
    if let Err(error) = &outcome {
        // One that left its terminal has nowhere else to say it.
        pump.say(Record::new(LogLevel::Critical, &format!("visord cannot go on: {error}")));
    }
    if let Some(record) = end_leftovers() {
        pump.say(record);
    }
    pump.stop();
    outcome
}

/// Ends what is in this service and is no program of ours: an earlier daemon's, or put into the background by one.
fn end_leftovers() -> Option<Record> {
    let count = leftover::end();
    let text = format!("ended {count} processes that were left running in this service");
    (count > 0).then(|| Record::new(LogLevel::Warn, &text))
}

/// Makes the rooms and connects them. What comes of it only has to be run. To be called inside a
/// [`LocalSet`](tokio::task::LocalSet).
///
/// # Errors
/// If there is no descriptor or thread to be had.
pub(crate) fn assemble(
    configuration: Configuration,
    plan: Plan,
    settings: Settings,
    (pump, tapped): (&Pump, Tapped),
    (listener, mut servers): Sockets,
) -> io::Result<Core> {
    pump.set_strip_ansi(plan.daemon.strip_ansi);
    let (launcher, launched) = Launcher::start(pump.clone())?;
    let notices = Notices::new();
    let (door, requests) = door(Arc::new(configuration), pump.clone(), notices.clone());
    let judge = Judge::new(nix::unistd::geteuid().as_raw());
    let log = pump.clone();
    bus::serve(listener, plan.visord.bus, (door.clone(), judge, notices.clone()), move |report| {
        let level = if report.is_warning { LogLevel::Warn } else { LogLevel::Info };
        log.say(Record::new(level, &report.text));
    });
    servers.serve(&door);
    servers.announce(&door);
    let fixed = Fixed::of(&plan);
    let mut effects = Vec::new();
    let mut engine = Engine::new(plan.groups, clock::now(), &mut effects);
    engine.set_exit_when(plan.visord.exit_when);
    let mut core = Core {
        engine,
        launcher,
        launched,
        pump: pump.clone(),
        settings,
        notices,
        requests,
        door,
        servers,
        reaper: Reaper::new()?,
        orphans: Orphans::adopt()?,
        signals: Signals::install()?,
        notify: Notify::from_environment(clock::now()),
        paths: Paths::default(),
        sharers: Sharers::default(),
        asked: HashMap::new(),
        inputs: Inputs::default(),
        announcer: Announcer::new(&plan.daemon.identifier),
        tapped,
        bereft: None,
        launching: BTreeSet::new(),
        pending: VecDeque::new(),
        last_change: None,
        mood: Mood::Running,
        fixed,
        pidfile: None,
        next: None,
        finished: None,
    };
    // Signals are heard by now, so whoever reads the file can send one.
    core.move_pidfile(&plan.daemon.pidfile);
    core.perform_all(effects);
    core.say_started();
    Ok(core)
}

fn unopened(daemon: &Daemon, error: &io::Error) -> String {
    let visor_units::unit::MainLog::Path(path) = &daemon.logfile else { return error.to_string() };
    format!("could not open the log file {path}: {error}; set logfile= in [supervisord], or -l")
}

/// Binds the peer-to-peer socket; and whether this is the only daemon for all we know. Several supervisords on one machine
/// never got in each other's way, and their clients do not come here: under that name a daemon does without the usual
/// place if another has it.
fn listen(site: &Site, name: &str, log: &mut MainLog) -> Result<(Option<Listener>, bool), Failure> {
    match site.listen(log) {
        Ok(listener) => Ok((listener, true)),
        Err(error) if name == OLD_NAME && !site.is_chosen() => {
            let text = format!("visorctl and the bus do not reach this one: {}", taken(&error));
            log.say(Record::new(LogLevel::Warn, &text));
            Ok((None, false))
        }
        Err(error) => Err(Failure::usage(taken(&error))),
    }
}

fn taken(error: &SocketError) -> String {
    format!("{error}; to run another visord beside it, give it a socket= of its own in [visord]")
}

/// Removes AUTO logs of an earlier run, now that no other instance is there that could still write them.
fn clean_up(daemon: &Daemon, log: &mut MainLog) {
    if daemon.nocleanup {
        return;
    }
    for record in clear_auto_logs(&auto_dir(daemon), &daemon.identifier) {
        log.say(record);
    }
}

/// Leaves the terminal (daemon(3)). Must come before there are threads.
fn daemonise(daemon: &Daemon, log: &mut MainLog) -> Result<(), String> {
    log.say(Record::new(LogLevel::Info, "daemonizing the supervisord process"));
    nix::unistd::daemon(true, false).map_err(|errno| format!("could not daemonize: {errno}"))?;
    if let Some(directory) = &daemon.directory {
        let record = match std::env::set_current_dir(directory) {
            Ok(()) => Record::new(LogLevel::Info, &format!("set current directory: '{directory}'")),
            Err(error) => {
                Record::new(LogLevel::Critical, &format!("can't chdir into '{directory}': {error}"))
            }
        };
        log.say(record);
    }
    umask(Mode::from_bits_truncate(daemon.umask));
    Ok(())
}
