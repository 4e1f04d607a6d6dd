//! One daemon, theirs or ours, with a directory of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use visor_tests::{binary, wait_until};

/// Whose daemon it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Reference,
    Ours,
}

/// A daemon that runs. Dropping it ends it.
pub(crate) struct Daemon {
    directory: TempDir,
    child: Child,
}

impl Daemon {
    /// Starts one with `programs` in its file, `visord.conf`, and waits until it listens on `s.sock`. `python` is that of
    /// the reference.
    pub(crate) fn start(kind: Kind, python: &Path, programs: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("rpc").tempdir().expect("a directory");
        let place = directory.path();
        let text = format!(
            "[unix_http_server]\nfile=%(here)s/s.sock\n\
             [supervisord]\nlogfile=%(here)s/d.log\npidfile=%(here)s/d.pid\nchildlogdir=%(here)s\n\
             [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
             [supervisorctl]\nserverurl=unix://%(here)s/s.sock\n\
             [visord]\nsocket=%(here)s/bus\nbus=off\njournal=off\n{programs}"
        );
        fs::write(place.join("visord.conf"), text).expect("a file");
        let program = match kind {
            Kind::Reference => python.with_file_name("supervisord"),
            Kind::Ours => binary("visord"),
        };
        let said = File::create(place.join("terminal")).expect("a file");
        let both = said.try_clone().expect("a second descriptor");
        let child = Command::new(program)
            .arg("-n")
            .arg("-c")
            .arg(place.join("visord.conf"))
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(said)
            .stderr(both)
            .spawn()
            .expect("a daemon");
        wait_until("the daemon to listen", || place.join("s.sock").exists().then_some(()));
        Self { directory, child }
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// One of its files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    /// What it said on the terminal.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.path("terminal")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Ok(pid) = self.child.id().try_into() {
            // It may have ended by itself; then there is nothing left to end.
            let _gone = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        drop(self.child.wait());
    }
}
