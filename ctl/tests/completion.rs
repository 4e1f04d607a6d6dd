//! The bash completion script in a real bash, with the real binary's answers or a stub's.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/completions/visorctl.bash");

/// Calls the function as bash does when Tab is pressed at the end of `line`, with `visorctl` found in `bin`.
fn complete(bin: &Path, line: &str) -> Vec<String> {
    let call = r#"
        source "$1"
        COMP_LINE=$2 COMP_POINT=${#2}
        _visorctl visorctl
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["--norc", "-c", call, "bash", SCRIPT, line])
        .env("PATH", path)
        .output()
        .unwrap();
    // `compopt` only works while bash itself completes; nothing else may be said.
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.lines().all(|line| line.contains("compopt")), "{errors}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// A directory with a `visorctl` that offers these words and writes down the words it was given.
fn stub(offers: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("visorctl");
    let words = dir.path().join("words");
    let offers = offers.join("' '");
    let script = format!(
        "#!/bin/sh\nprintf '%s|' \"$COMPLETE\" \"$@\" >{}\nprintf '%s\\n' '{offers}'\n",
        words.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn words(stub: &tempfile::TempDir) -> String {
    fs::read_to_string(stub.path().join("words")).unwrap()
}

fn binary_directory() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_visorctl")).parent().unwrap().to_owned()
}

#[test]
fn a_name_with_a_colon_is_one_word_and_only_its_rest_is_offered() {
    let stub = stub(&["workers:w_00", "workers:*"]);
    assert_eq!(complete(stub.path(), "visorctl start workers:"), ["w_00", "*"]);
    assert_eq!(words(&stub), "bash|--|visorctl|start|workers:|");
}

#[test]
fn a_new_word_is_offered_whole() {
    let stub = stub(&["web", "workers:w_00"]);
    assert_eq!(complete(stub.path(), "visorctl start "), ["web", "workers:w_00"]);
    assert_eq!(words(&stub), "bash|--|visorctl|start||");
}

#[test]
fn the_value_of_an_option_is_offered_without_the_option() {
    let stub = stub(&["--socket=/run/visord/"]);
    assert_eq!(complete(stub.path(), "visorctl --socket=/run/v"), ["/run/visord/"]);
}

#[test]
fn verbs_and_signals_come_from_the_binary() {
    let bin = binary_directory();
    assert_eq!(complete(&bin, "visorctl re"), ["restart", "reread", "remove", "reload"]);
    assert_eq!(complete(&bin, "visorctl signal SIGUSR"), ["SIGUSR1", "SIGUSR2"]);
}
