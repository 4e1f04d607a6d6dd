//! A process of a story, which ends with it.

use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{wait_until, waited};

/// A process that a story started. Dropping this asks it to end, and waits until it has.
pub struct Running(Child);

impl Running {
    /// Starts a command.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// If it has ended and was waited for.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("a living process");
    }

    /// Waits for its end and gives its exit code; -1 if a signal ended it.
    pub fn ended(&mut self) -> i32 {
        let status = wait_until("the process to end", || self.0.try_wait().expect("wait"));
        status.code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to end.
        let mut has_ended = || self.0.try_wait().expect("wait");
        if has_ended().is_some() {
            return;
        }
        let _gone = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        if waited(|| self.0.try_wait().expect("wait")).is_none() {
            eprintln!("process {} does not end, and is killed", self.0.id());
            drop(self.0.kill());
            drop(self.0.wait());
        }
    }
}
