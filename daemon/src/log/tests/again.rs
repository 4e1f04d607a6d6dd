//! Runs one test again, in a process of its own.

use std::process::{Command, Output};

/// Tells a run that it is the inner one.
const INNER: &str = "VISORD_TEST_INNER";

/// Whether this is the inner run.
pub(super) fn is_inner() -> bool {
    std::env::var_os(INNER).is_some()
}

/// The command that runs only `test`, as the inner run. `before` goes before it on the command line.
pub(super) fn again(test: &str, before: &[&str]) -> Command {
    let own = std::env::current_exe().expect("test binary");
    let mut words = before.iter();
    let mut command = match words.next() {
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(own);
            command
        }
        None => Command::new(own),
    };
    command.args(["--exact", test, "--nocapture"]).env(INNER, "1");
    command
}

/// The standard output of an inner run that must have succeeded.
pub(super) fn passed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
    text
}
