//! What no source file may say.

use super::{files_below, text};

/// The crates, and the file where each of their trees of modules begins.
const CRATES: [(&str, &str); 5] = [
    ("units", "units/src/lib.rs"),
    ("dbus", "dbus/src/lib.rs"),
    ("ctl", "ctl/src/main.rs"),
    ("daemon", "daemon/src/lib.rs"),
    ("tests", "tests/src/lib.rs"),
];

/// Where the daemon lets itself be unsafe, against the lint of the workspace: its children, and one borrowed descriptor.
const UNSAFE_PLACES: [&str; 2] = ["daemon/src/lib.rs", "daemon/src/log/special.rs"];

/// What only the crates around `units` may touch. Its clippy.toml names single functions; these are whole modules.
const OUTSIDE: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "async fn",
];

/// Longer than this, a file has more than one concern.
const LONGEST: usize = 600;

/// The lines of a source file that are not comments, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn the_crate_that_decides_touches_no_clock_no_file_and_no_environment() {
    for name in files_below("units/src", ".rs") {
        for (number, line) in code(&text(&name)) {
            let touched = OUTSIDE.iter().find(|outside| line.contains(**outside));
            assert!(touched.is_none(), "{name}:{number}: {line}");
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_but_in_the_daemon() {
    for (krate, begins) in CRATES {
        let forbidden = text(begins).lines().any(|line| line == "#![forbid(unsafe_code)]");
        assert_eq!(forbidden, krate != "daemon", "{begins}");
    }
}

#[test]
fn unsafe_code_of_the_daemon_has_its_places() {
    let mut names = files_below("daemon", ".rs");
    let lets_itself = |text: &str| {
        code(text).any(|(_, line)| line.contains("unsafe_code") && !line.contains("forbid"))
    };
    names.retain(|name| lets_itself(&text(name)));
    assert_eq!(names, UNSAFE_PLACES);
}

#[test]
fn a_file_has_one_concern() {
    let names = CRATES.iter().flat_map(|(directory, _)| files_below(directory, ".rs"));
    let long: Vec<String> = names.filter(|name| text(name).lines().count() > LONGEST).collect();
    assert!(long.is_empty(), "over {LONGEST} lines: {long:?}");
}
