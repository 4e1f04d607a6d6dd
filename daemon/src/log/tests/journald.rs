//! A journald of one's own, and what is in its journal.

use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::again::{again, passed};
use super::namespaces::{NAMESPACES, namespaces_can_be_had};

/// Tells the inner run of a test who its journald is.
const JOURNALD: &str = "VISORD_TEST_JOURNALD";

/// A journald that this test has for itself.
pub(super) struct Journald {
    pid: Pid,
    restarted: Option<Child>,
}

impl Journald {
    /// Runs the test named `test` again in namespaces of its own, beside a real journald. That run gets the journald;
    /// the outer one gets `None`, after the inner one has succeeded or could not be made.
    pub(super) fn beside(test: &str) -> Option<Self> {
        if let Ok(pid) = std::env::var(JOURNALD) {
            let pid = Pid::from_raw(pid.parse().expect("pid"));
            return Some(Self { pid, restarted: None });
        }
        if !namespaces_can_be_had() {
            return None;
        }
        let script = ["sh", "-c", include_str!("journald.sh"), "journald.sh"];
        let command = [NAMESPACES, &script].concat();
        passed(&again(test, &command).output().expect("unshare"));
        None
    }

    pub(super) fn pause(&self) {
        kill(self.pid, Signal::SIGSTOP).expect("stop journald");
        // Stopped only when the kernel says so.
        while !stat(self.pid).is_some_and(|stat| stat.contains(") T ")) {
            std::thread::yield_now();
        }
    }

    pub(super) fn resume(&self) {
        kill(self.pid, Signal::SIGCONT).expect("continue journald");
    }

    pub(super) fn kill(&self) {
        kill(self.pid, Signal::SIGKILL).expect("kill journald");
        while stat(self.pid).is_some_and(|stat| !stat.contains(") Z ")) {
            std::thread::yield_now();
        }
    }

    pub(super) fn restart(&mut self) {
        let socket = std::path::Path::new("/run/systemd/journal/socket");
        std::fs::remove_file(socket).expect("old socket");
        let child = Command::new("/lib/systemd/systemd-journald")
            .env("SYSTEMD_LOG_TARGET", "null")
            .spawn()
            .expect("journald");
        self.pid = Pid::from_raw(child.id().cast_signed());
        self.restarted = Some(child);
        while !socket.exists() {
            std::thread::yield_now();
        }
    }

    /// The entries that match, oldest first, after everything sent before now has been written.
    pub(super) fn entries(&self, matches: &[&str]) -> Vec<Value> {
        let synced = Command::new("journalctl").arg("--sync").status().expect("journalctl");
        assert!(synced.success());
        let output = Command::new("journalctl")
            .args(["--quiet", "--all", "--output=json"])
            .args(matches)
            .output()
            .expect("journalctl");
        output
            .stdout
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("JSON"))
            .collect()
    }

    /// Waits until there are so many entries that match.
    pub(super) fn wait_for(&self, count: usize, matches: &[&str]) -> Vec<Value> {
        loop {
            let entries = self.entries(matches);
            if entries.len() >= count {
                return entries;
            }
        }
    }
}

impl Drop for Journald {
    fn drop(&mut self) {
        if let Some(child) = &mut self.restarted {
            let _ended = child.kill();
            let _status = child.wait();
        }
    }
}

/// The text of a field, whatever bytes it has.
pub(super) fn bytes(entry: &Value, field: &str) -> Vec<u8> {
    match &entry[field] {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(bytes) => bytes
            .iter()
            .map(|byte| u8::try_from(byte.as_u64().expect("byte")).expect("byte"))
            .collect(),
        other => panic!("{field} is {other}"),
    }
}

/// The text of a field.
pub(super) fn text(entry: &Value, field: &str) -> String {
    String::from_utf8(bytes(entry, field)).expect("text")
}

/// What the kernel says of a process; `None` once it is gone.
fn stat(pid: Pid) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()
}
