//! What the binary answers before it becomes a daemon. That Cargo builds it for a run of all tests rests on this file.
#![forbid(unsafe_code)]

use std::process::{Command, Output};

fn visord(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_visord")).args(words).output().expect("visord")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn version_and_help_go_to_standard_output() {
    for (word, beginning) in [("--version", env!("CARGO_PKG_VERSION")), ("--help", "visord -- ")] {
        let output = visord(&[word]);
        assert_eq!(output.status.code(), Some(0), "{word}");
        assert!(text(&output.stdout).starts_with(beginning), "{}", text(&output.stdout));
        assert_eq!(text(&output.stderr), "", "{word}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2_and_a_hint() {
    let output = visord(&["--bogus"]);
    assert_eq!(output.status.code(), Some(2));
    let program = env!("CARGO_BIN_EXE_visord");
    let said = format!("Error: option --bogus not recognized\nFor help, use {program} -h\n");
    assert_eq!(text(&output.stderr), said);
}

#[test]
fn a_file_that_is_not_there_ends_with_2() {
    let output = visord(&["-c", "/no/such/file"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/no/such/file"), "{}", text(&output.stderr));
}

#[test]
fn a_file_is_not_blamed_for_the_command_line() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("good.conf").display().to_string();
    std::fs::write(&file, "[supervisord]\n").expect("written");
    let output = visord(&["-c", &file, "--umask", "9"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("invalid value for --umask '9'"), "{said}");
    assert!(!said.contains(&file), "{said}");
}
