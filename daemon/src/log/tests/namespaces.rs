//! Where a test may mount and kill as it likes.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Goes before a command: namespaces in which it disturbs nobody, and ends with the test.
pub(super) const NAMESPACES: &[&str] = &[
    "unshare",
    "--mount",
    "--propagation=private",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// Whether they are allowed here. If not, says that the test is skipped.
pub(super) fn namespaces_can_be_had() -> bool {
    let mut command = Command::new(NAMESPACES[0]);
    command.args(&NAMESPACES[1..]).arg("true").stderr(Stdio::null());
    let can = command.status().is_ok_and(|status| status.success());
    if !can {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // Past the runner, which keeps what a passing test prints to itself.
        let line = format!("skipped {test}: needs namespaces\n");
        drop(std::io::stderr().write_all(line.as_bytes()));
    }
    can
}
