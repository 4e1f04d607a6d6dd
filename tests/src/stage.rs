//! A directory with a configuration, and the daemon that runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::{binary, wait_until};

/// One daemon with its files. Dropping it ends the daemon.
pub struct Stage {
    dir: TempDir,
    daemon: Option<Child>,
    environment: Vec<(String, String)>,
}

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
        // Other users of a story must be able to look in.
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("chmod");
        let stage = Self { dir, daemon: None, environment: Vec::new() };
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

    /// The path of a file on the stage.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
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
        wait_until(&format!("{text:?} in {name}"), || self.read(name).contains(text).then_some(()));
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
        let mut command = Command::new(binary("visord"));
        command.arg("-c").arg(self.path("visord.conf")).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null());
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
        self.daemon = Some(command.stdout(log).stderr(both).spawn().expect("visord"));
    }

    /// Process id of the daemon.
    ///
    /// # Panics
    /// If it was not started.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.daemon.as_ref().expect("a started daemon").id()).expect("a pid")
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
        kill(Pid::from_raw(self.pid()), signal).expect("a living daemon");
    }

    /// Waits for the daemon to end and gives its exit code.
    ///
    /// # Panics
    /// If it was not started.
    pub fn ended(&mut self) -> i32 {
        let mut daemon = self.daemon.take().expect("a started daemon");
        let status = wait_until("the daemon to end", || daemon.try_wait().expect("wait"));
        status.code().unwrap_or(-1)
    }

    /// Runs `visorctl` against this daemon.
    #[must_use]
    pub fn ctl(&self, words: &[&str]) -> Output {
        run(Command::new(binary("visorctl")).arg("--socket").arg(self.path("bus")).args(words))
    }

    /// Runs `visorctl` against this daemon beside the story, its output in a file of the stage.
    #[must_use]
    pub fn ctl_beside(&self, words: &[&str], output: &str) -> Child {
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
        let Some(mut daemon) = self.daemon.take() else { return };
        if let Ok(pid) = i32::try_from(daemon.id()) {
            // It may have ended by itself; then there is nothing left to end.
            let _gone = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        drop(daemon.wait());
        if std::thread::panicking() {
            eprintln!(
                "--- terminal\n{}\n--- visord.log\n{}",
                self.read("terminal"),
                self.read("visord.log")
            );
        }
    }
}

/// `command` with `words` before it.
#[must_use]
pub fn under(words: &[&str], command: &Command) -> Command {
    let mut line = words.iter().map(AsRef::as_ref).chain([command.get_program()]);
    let mut wrapped = Command::new(line.next().expect("a program"));
    wrapped.args(line).args(command.get_args()).stdin(Stdio::null());
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
