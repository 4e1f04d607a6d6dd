//! One configuration, run by Supervisor and by visord.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use visor_tests::{binary, under, wait_until};

/// A daemon that runs in a directory of its own. Dropping this ends it.
pub(crate) struct Run {
    dir: TempDir,
    daemon: Option<std::process::Child>,
}

/// The two of them, called `supervisord` both; `None` where there is no reference.
pub(crate) fn daemons() -> Option<(PathBuf, PathBuf, TempDir)> {
    let theirs = super::reference()?.with_file_name("supervisord");
    let named = tempfile::tempdir().expect("a temporary directory");
    let ours = named.path().join("supervisord");
    symlink(binary("visord"), &ours).expect("a link");
    Some((theirs, ours, named))
}

impl Run {
    /// A directory in which `prepare` has laid out what is needed, `conf` among it, not started yet.
    pub(crate) fn prepared(prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        prepare(dir.path());
        // Several visords beside each other need a socket each; to Supervisor this section means nothing.
        let conf = dir.path().join("conf");
        let own = format!("[visord]\nsocket={}/bus\nbus=off\njournal=off\n", dir.path().display());
        fs::write(&conf, fs::read_to_string(&conf).expect("conf") + &own).expect("conf");
        Self { dir, daemon: None }
    }

    /// Starts the daemon in the foreground, through `words`.
    pub(crate) fn start(&mut self, daemon: &Path, words: &[&str]) {
        let mut command = Command::new(daemon);
        command.args(["-n", "-c"]).arg(self.path("conf"));
        let mut command = under(words, &command);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.daemon = Some(command.spawn().expect("a daemon"));
    }

    /// A file in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What is in a file; nothing if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until a file holds a text so many times.
    pub(crate) fn wait_for(&self, name: &str, text: &str, times: usize) {
        wait_until(&format!("{text:?} in {name}"), || {
            (self.text(name).matches(text).count() >= times).then_some(())
        });
    }

    /// Sends the daemon a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let daemon = self.daemon.as_ref().expect("a started daemon");
        kill(Pid::from_raw(daemon.id().try_into().expect("a pid")), signal).expect("kill");
    }

    /// Ends the daemon in order.
    pub(crate) fn end(&mut self) {
        self.signal(Signal::SIGTERM);
        let mut daemon = self.daemon.take().expect("a started daemon");
        assert_eq!(daemon.wait().expect("wait").code(), Some(0));
    }

    /// Lines of the daemon's log that have one of these texts, without their time and the directory.
    pub(crate) fn log_lines(&self, texts: &[&str]) -> Vec<String> {
        let here = self.dir.path().display().to_string();
        let log = self.text("main.log").replace(&here, "HERE");
        let about = |line: &&str| texts.iter().any(|text| line.contains(text));
        log.lines().filter(about).map(|line| line[24..].to_owned()).collect()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // After a failure; what matters was told.
            drop(daemon.kill());
            drop(daemon.wait());
            eprintln!("--- main.log\n{}", self.text("main.log"));
        }
    }
}
