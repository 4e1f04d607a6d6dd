//! Started as `pidproxy` this is Supervisor's pidproxy: it starts a program that goes into the background, stays in the
//! foreground in its place, and passes signals on to the process whose number stands in a file.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, absolute};
use std::process::{Child, Command, ExitCode};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The name under which it is reached.
pub(crate) const NAME: &str = "pidproxy";

/// Signals that are passed on.
const PASSED_ON: [Signal; 6] = [
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGQUIT,
];

/// Those after which there is nothing left to do.
const LAST: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT];

/// Runs it: `program` is what it was started as, and the words are the pid file and the command.
pub(crate) fn main(program: &str, words: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.collect();
    let [pidfile, command, arguments @ ..] = words.as_slice() else {
        say(&format!(
            "pidproxy -- starts a command, and passes signals on to the process named in a pid file\n\n\
             Usage: {program} <pidfile name> <command> [<cmdarg1> ...]\n"
        ));
        return ExitCode::FAILURE;
    };
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot wait for signals: {error}")),
    };
    match runtime.block_on(run(pidfile.as_ref(), command.as_ref(), arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        // To whoever waits for this process it is as if the command had ended, which is what Supervisor's makes of it.
        Err(error) => fail(&format!("{}: {error}", command.display())),
    }
}

/// Starts the command and stays until it ends, or until a signal is the last.
async fn run(pidfile: &Path, command: &Path, arguments: &[OsString]) -> io::Result<()> {
    // Before there is a child, so that nothing is missed.
    let mut told = listen()?;
    let mut ended = signal(SignalKind::child())?;
    let mut child = start(command, arguments)?;
    loop {
        tokio::select! {
            Some(()) = ended.recv() => {
                if child.try_wait()?.is_some() {
                    return Ok(());
                }
            }
            Some(signal) = told.recv() => {
                if pass_on(pidfile, signal) && LAST.contains(&signal) {
                    return Ok(());
                }
            }
        }
    }
}

/// The signals to pass on, as they come.
fn listen() -> io::Result<UnboundedReceiver<Signal>> {
    let (sender, told) = unbounded_channel();
    for passed in PASSED_ON {
        let mut stream = signal(SignalKind::from_raw(passed as i32))?;
        let sender = sender.clone();
        drop(tokio::spawn(async move {
            while stream.recv().await.is_some() && sender.send(passed).is_ok() {}
        }));
    }
    Ok(told)
}

/// The command as it is typed, without a search in `PATH`.
fn start(command: &Path, arguments: &[OsString]) -> io::Result<Child> {
    Command::new(absolute(command)?).arg0(command).args(arguments).spawn()
}

/// Whether there was a process to pass it on to, or one that is gone.
fn pass_on(pidfile: &Path, signal: Signal) -> bool {
    let Some(pid) = read(pidfile) else {
        say(&format!("Can't read child pidfile {}!\n", pidfile.display()));
        return false;
    };
    if let Err(error) = kill(pid, signal) {
        say(&format!("Can't signal the process {pid} of {}: {error}\n", pidfile.display()));
    }
    true
}

/// The number in the file; one that is no process's own is none.
fn read(pidfile: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pidfile).ok()?;
    text.trim().parse().ok().filter(|pid| *pid > 0).map(Pid::from_raw)
}

fn fail(text: &str) -> ExitCode {
    // Where standard error is gone, nobody reads.
    drop(writeln!(io::stderr(), "pidproxy: {text}"));
    ExitCode::SUCCESS
}

fn say(text: &str) {
    // The same of standard output.
    drop(io::stdout().write_all(text.as_bytes()));
}
