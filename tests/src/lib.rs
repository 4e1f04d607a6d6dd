//! The fixture of the stories: a directory of its own, the real binaries, real components, and waiting on conditions.
#![forbid(unsafe_code)]

mod browser;
mod http;
mod port;
mod process;
mod sandbox;
mod stage;

pub use browser::{Browser, Looks};
pub use http::{Reply, http};
pub use process::Running;
pub use sandbox::{Sandbox, may_unshare, sandboxed};
pub use stage::{METHODS, ON_SOCKET, Output, Stage, run, under};

use std::io::Write as _;
use std::time::{Duration, Instant};

/// How long a condition may take before a story has failed: long, because it bounds a hang and measures nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` gives something.
///
/// # Panics
/// If it gives nothing for a minute; `what` says what was waited for.
pub fn wait_until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    waited(condition).unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// What `condition` gives, as soon as it gives something; `None` after a minute.
fn waited<T>(mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let found = condition();
        if found.is_some() || begun.elapsed() >= PATIENCE {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Says that the test of this thread is skipped, past the runner, which keeps what a passing test prints to itself.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    let line = format!("skipped {name}: {reason}\n");
    // Where standard error is gone, nobody reads.
    drop(std::io::stderr().write_all(line.as_bytes()));
}

/// A binary of this workspace, beside the test that runs.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn binary(name: &str) -> std::path::PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let path = test.ancestors().nth(2).expect("target/PROFILE").join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --workspace` first", path.display());
    path
}
