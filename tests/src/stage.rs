//! A directory with a configuration, and the daemon that runs it.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, umask};
use serde_json::Value;
use tempfile::TempDir;

use crate::port::Port;
use crate::{Running, binary, wait_until};

/// One daemon with its files. Dropping it ends the daemon, and shows what it said if the test fails.
pub struct Stage {
    dir: TempDir,
    program: PathBuf,
    environment: Vec<(String, String)>,
    port: OnceLock<Port>,
    daemon: Option<Running>,
}

/// The section without which servers have no methods.
pub const METHODS: &str = "[rpcinterface:supervisor]\n\
                           supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";

/// Sections for a server on `http`, a socket on the stage, and for its clients; more of `[supervisorctl]` may follow.
pub const ON_SOCKET: &str = "[unix_http_server]\nfile=%(here)s/http\n\
                             [supervisorctl]\nserverurl=unix://%(here)s/http\n";

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Output {
    /// Exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Stage {
    /// A stage with `programs` (the sections after `[supervisord]`) as its configuration, not started yet.
    #[must_use]
    pub fn new(programs: &str) -> Self {
        let dir =
            tempfile::Builder::new().prefix("visor").tempdir().expect("a temporary directory");
        // Other users of a story must be able to look in, whatever the umask of who runs it.
        umask(Mode::S_IWGRP | Mode::S_IWOTH);
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("chmod");
        let stage = Self {
            dir,
            program: binary("visord"),
            environment: Vec::new(),
            port: OnceLock::new(),
            daemon: None,
        };
        stage.configure(programs);
        stage
    }

    /// Replaces the configuration.
    pub fn configure(&self, programs: &str) {
        let here = self.dir.path().display();
        let text = format!(
            "[supervisord]\nlogfile={here}/visord.log\npidfile={here}/visord.pid\nchildlogdir={here}\nnodaemon=true\n\
             [visord]\nsocket={here}/bus\nbus=off\njournal=off\n{programs}"
        );
        self.write("visord.conf", &text);
    }

    /// Sets a variable for the daemon.
    #[must_use]
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts another daemon in the place of visord.
    #[must_use]
    pub fn with_daemon(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// A TCP port on 127.0.0.1 that is this stage's alone.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.get_or_init(Port::free).number()
    }

    /// The path of a file on the stage.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where a daemon that has [`ON_SOCKET`] is asked.
    #[must_use]
    pub fn url(&self) -> String {
        format!("unix://{}", self.path("http").display())
    }

    /// Writes a file on the stage.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file on the stage");
    }

    /// Reads a file on the stage; empty if there is none.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        fs::read(self.path(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Waits until a file on the stage contains a text. What the daemon has done may not be in its log yet.
    ///
    /// # Panics
    /// If it never does.
    pub fn says(&self, name: &str, text: &str) {
        self.says_times(name, text, 1);
    }

    /// Waits until a file on the stage contains a text so many times.
    ///
    /// # Panics
    /// If it never does.
    pub fn says_times(&self, name: &str, text: &str, times: usize) {
        wait_until(&format!("{text:?} in {name}"), || {
            (self.read(name).matches(text).count() >= times).then_some(())
        });
    }

    /// Everything in the files of the stage whose names begin so (AUTO logs), oldest name first.
    #[must_use]
    pub fn read_matching(&self, beginning: &str) -> String {
        let entries = fs::read_dir(self.dir.path()).expect("the stage");
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
            .iter()
            .filter(|name| name.starts_with(beginning))
            .map(|name| self.read(name))
            .collect()
    }

    /// The command that starts the daemon on this stage.
    #[must_use]
    pub fn daemon_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(self.path("visord.conf")).envs(self.environment.iter().cloned());
        command.current_dir(self.dir()).stdin(Stdio::null());
        command
    }

    /// Starts the daemon and waits until it answers.
    #[must_use]
    pub fn started(self) -> Self {
        self.started_under(&[])
    }

    /// Starts the daemon through a command that becomes it, or waits for it (`prlimit --nofile=64`), and waits until it
    /// answers.
    #[must_use]
    pub fn started_under(mut self, words: &[&str]) -> Self {
        self.launch_under(words);
        wait_until("the daemon to answer", || (self.ctl(&["version"]).code == 0).then_some(()));
        self
    }

    /// Starts the daemon as [`Self::started_under`] does, and does not wait.
    pub fn launch_under(&mut self, words: &[&str]) {
        let log = fs::File::create(self.path("terminal")).expect("a file on the stage");
        let both = log.try_clone().expect("a second descriptor");
        let mut command = under(words, &self.daemon_command());
        self.daemon = Some(Running::start(command.stdout(log).stderr(both)));
    }

    /// Starts the daemon and does not wait.
    pub fn launch(&mut self) {
        self.launch_under(&[]);
    }

    /// Starts a daemon that has [`ON_SOCKET`], and waits until it listens there.
    pub fn launch_listening(&mut self) {
        self.launch();
        let socket = self.path("http");
        wait_until("the daemon to listen", || UnixStream::connect(&socket).ok());
    }

    fn daemon(&self) -> &Running {
        self.daemon.as_ref().expect("a started daemon")
    }

    /// Process id of the daemon.
    ///
    /// # Panics
    /// If it was not started.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.daemon().pid().as_raw()
    }

    /// Resident memory of the daemon in KiB.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a daemon");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Sends a signal to the daemon.
    pub fn signal(&self, signal: Signal) {
        self.daemon().signal(signal);
    }

    /// Waits for the daemon to end and gives its exit code.
    ///
    /// # Panics
    /// If it was not started.
    pub fn ended(&mut self) -> i32 {
        self.daemon.take().expect("a started daemon").ended()
    }

    /// Ends the daemon in order.
    ///
    /// # Panics
    /// If it was not started, or fails.
    pub fn end(&mut self) {
        self.signal(Signal::SIGTERM);
        assert_eq!(self.ended(), 0, "the exit code of the daemon");
    }

    /// Runs `visorctl` against this daemon.
    #[must_use]
    pub fn ctl(&self, words: &[&str]) -> Output {
        run(Command::new(binary("visorctl")).arg("--socket").arg(self.path("bus")).args(words))
    }

    /// Runs `visorctl` against this daemon beside the story, its output in a file of the stage.
    #[must_use]
    pub fn ctl_beside(&self, words: &[&str], output: &str) -> std::process::Child {
        let file = fs::File::create(self.path(output)).expect("a file on the stage");
        let both = file.try_clone().expect("a second descriptor");
        let mut command = Command::new(binary("visorctl"));
        command.arg("--socket").arg(self.path("bus")).args(words);
        command.stdin(Stdio::null()).stdout(file).stderr(both).spawn().expect("visorctl")
    }

    /// The rows of `visorctl status --json`.
    #[must_use]
    pub fn rows(&self) -> Vec<Value> {
        let output = self.ctl(&["status", "--json"]);
        let parsed: Value = serde_json::from_str(&output.out).unwrap_or(Value::Null);
        let rows = parsed.as_array().or_else(|| parsed["processes"].as_array());
        rows.cloned().unwrap_or_default()
    }

    /// The row of one process.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<Value> {
        self.rows().into_iter().find(|row| row["id"] == id)
    }

    /// Waits until a process is in a state, and gives its row.
    #[must_use]
    pub fn wait_for(&self, id: &str, state: &str) -> Value {
        wait_until(&format!("{id} to be {state}"), || {
            self.row(id).filter(|row| row["state"] == state)
        })
    }

    /// `text` with `HERE` for the directory of the stage.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        text.replace(&self.dir().display().to_string(), "HERE")
    }

    /// Waits until a process is in a state.
    pub fn reaches(&self, id: &str, state: &str) {
        drop(self.wait_for(id, state));
    }

    /// The pid of a process that is in a state with one.
    #[must_use]
    pub fn pid_of(&self, id: &str) -> i32 {
        self.row(id)
            .and_then(|row| row["pid"].as_i64())
            .and_then(|pid| i32::try_from(pid).ok())
            .unwrap_or(0)
    }

    /// The directory of the stage.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.daemon.take());
        if std::thread::panicking() {
            for file in ["terminal", "visord.log"] {
                eprintln!("--- {} of {}\n{}", file, self.dir().display(), self.read(file));
            }
        }
    }
}

/// `command` with `words` before it.
#[must_use]
pub fn under(words: &[&str], command: &Command) -> Command {
    let mut line = words.iter().map(AsRef::as_ref).chain([command.get_program()]);
    let mut wrapped = Command::new(line.next().expect("a program"));
    wrapped.args(line).args(command.get_args()).stdin(Stdio::null());
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started.
pub fn run(command: &mut Command) -> Output {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Output {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
