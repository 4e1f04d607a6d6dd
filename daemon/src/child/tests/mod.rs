//! Real children, from a configured program to its exit status.

mod orphans;
mod reap;
mod refused;
mod setup;
mod sockets;

use std::env;
use std::ffi::CString;
use std::fs::File;
use std::io::{PipeReader, Read, Write as _};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Uid, fork};
use tokio::sync::mpsc::UnboundedReceiver;
use visor_units::engine::Key;
use visor_units::exit::ExitStatus;
use visor_units::name::ProcessName;
use visor_units::signal::Signal;
use visor_units::unit::{LogLevel, Program};

use super::environment;
use super::launcher::{Launch, Launched, Launcher, Output, OutputRoom, Settings};
use super::reap::Reaper;

/// A room that opens log files as the real one does, and hands the pipes on to the test.
struct ToTest {
    outputs: Sender<Output>,
    said: Arc<Mutex<Vec<String>>>,
}

impl OutputRoom for ToTest {
    type Prepared = Option<File>;

    fn prepare(&self, launch: &Launch) -> Result<Option<File>, Errno> {
        let file = launch.stdout_log.as_ref().map(File::create).transpose();
        file.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap()))
    }

    fn attach(&self, _prepared: Option<File>, output: Output) {
        self.outputs.send(output).unwrap();
    }

    fn say(&self, _level: LogLevel, text: &str) {
        self.said.lock().unwrap().push(text.to_owned());
    }
}

/// A launcher and a reaper, as the core has them.
struct Nursery {
    launcher: Launcher,
    results: UnboundedReceiver<Launched>,
    outputs: Receiver<Output>,
    /// What the launcher has written into the log.
    said: Arc<Mutex<Vec<String>>>,
    reaper: Reaper,
}

/// A child that runs.
struct Running {
    pid: u32,
    /// Held open, as the core does.
    stdin: OwnedFd,
    output: Output,
    setup_failure: Option<String>,
}

/// What a child left behind.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    setup_failure: Option<String>,
}

impl Nursery {
    fn new() -> Self {
        let (sender, outputs) = channel();
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let room = ToTest { outputs: sender, said: said.clone() };
        let (launcher, results) = Launcher::start(room).unwrap();
        Self { launcher, results, outputs, said, reaper: Reaper::new().unwrap() }
    }

    async fn launched(&mut self, launch: Launch) -> Launched {
        self.launcher.launch(launch);
        self.results.recv().await.unwrap()
    }

    async fn start(&mut self, launch: Launch) -> Running {
        match self.launched(launch).await {
            Launched::Started { key, pid, pidfd, stdin, setup_failure, .. } => {
                self.reaper.watch(key, pid, pidfd).unwrap();
                Running { pid, stdin, output: self.outputs.recv().unwrap(), setup_failure }
            }
            Launched::Failed { error, .. } => panic!("{error}"),
        }
    }

    /// Starts a program, waits for its end and reads all its output.
    async fn run(&mut self, launch: Launch) -> Done {
        let running = self.start(launch).await;
        let ended = self.reaper.next().await;
        assert_eq!((ended.key, ended.pid), (running.output.key, running.pid));
        Done {
            status: ended.status,
            stdout: read_to_end(running.output.stdout),
            stderr: running.output.stderr.map(read_to_end).unwrap_or_default(),
            setup_failure: running.setup_failure,
        }
    }

    /// What a successful run of `script` prints.
    async fn output_of(&mut self, program: Program) -> String {
        let done = self.run(launch(program)).await;
        assert_eq!((done.status, done.stderr.as_str()), (ExitStatus::Exited(0), ""));
        done.stdout
    }

    async fn refusal(&mut self, launch: Launch) -> String {
        match self.launched(launch).await {
            Launched::Failed { error, .. } => error,
            started @ Launched::Started { .. } => panic!("{started:?}"),
        }
    }
}

/// Reads until nobody has the other end any more.
fn read_to_end(fd: OwnedFd) -> String {
    fcntl(&fd, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    let mut text = String::new();
    PipeReader::from(fd).read_to_string(&mut text).unwrap();
    text
}

fn program(command: &str) -> Program {
    Program::new(ProcessName::new("group", "name"), command)
}

/// A shell script as a program.
fn shell(script: &str) -> Program {
    assert!(!script.contains(['"', '\\']), "the script goes in double quotes");
    program(&format!("/bin/sh -c \"{script}\""))
}

fn launch(program: Program) -> Launch {
    let settings = Settings { environment: environment::inherited(), ..Settings::default() };
    launch_with(settings, program)
}

fn launch_with(settings: Settings, program: Program) -> Launch {
    Launch {
        is_listener: false,
        key: Key(7),
        program: Arc::new(program),
        settings: Arc::new(settings),
        stdout_log: None,
        stderr_log: None,
    }
}

fn c_strings(texts: &[&str]) -> Vec<CString> {
    texts.iter().map(|text| CString::new(*text).unwrap()).collect()
}

/// Whether the tests run as root; if not, says that one is skipped.
pub(crate) fn is_root(test: &str) -> bool {
    let root = Uid::current().is_root();
    if !root {
        // Past the runner, which keeps what a passing test prints to itself.
        let line = format!("skipped {test}: needs root\n");
        drop(std::io::stderr().write_all(line.as_bytes()));
    }
    root
}

/// Set in the processes that [`in_own_process`] starts.
const OWN_PROCESS: &str = "VISORD_TEST_IN_OWN_PROCESS";

/// Runs `body`, which is all of a test, as the only and main thread of a process: for what changes the whole process, and
/// for what depends on being the main thread. The harness is run again for this one test, so that nothing of the others
/// is there, and then forks away from its own threads.
pub(crate) fn in_own_process(body: impl FnOnce()) {
    if env::var_os(OWN_PROCESS).is_none() {
        return run_this_test_alone();
    }
    // SAFETY: the other threads are the harness's and wait for this one. The child never returns to them.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            let failed = catch_unwind(AssertUnwindSafe(body)).is_err();
            // SAFETY: ends the process without running anything of the harness's.
            unsafe { libc::_exit(i32::from(failed)) }
        }
        ForkResult::Parent { child } => {
            assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
        }
    }
}

fn run_this_test_alone() {
    let thread = thread::current();
    let test = thread.name().expect("the harness names its threads after the tests");
    let mut command = Command::new(env::current_exe().unwrap());
    let output =
        command.args([test, "--exact", "--nocapture"]).env(OWN_PROCESS, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// As `#[tokio::test]`, in a process of its own.
fn async_in_own_process(body: impl AsyncFnOnce()) {
    in_own_process(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(body());
    });
}
