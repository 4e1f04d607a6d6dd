//! Manual pages and completion scripts, made of what the code knows and compared with those that are checked in.

mod options;
mod verbs;

use std::fs;
use std::path::PathBuf;

use clap_complete::env::{EnvCompleter, Fish, Zsh};

use crate::complete;

/// Set, it has the checked-in files written instead of compared.
const REWRITE: &str = "VISORD_REWRITE";

fn compare_or_rewrite(file: &str, made: &[u8]) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging")).join(file);
    if std::env::var_os(REWRITE).is_some() {
        fs::write(&path, made).unwrap();
    }
    let kept = fs::read(&path).unwrap();
    let (kept, made) = (String::from_utf8_lossy(&kept), String::from_utf8_lossy(made));
    assert!(kept == made, "packaging/{file} is out of date: run the tests with {REWRITE}=1");
}

#[test]
fn the_manual_of_the_command_line_is_up_to_date() {
    compare_or_rewrite("man/visorctl.1", &verbs::page().unwrap());
}

#[test]
fn the_manual_of_the_configuration_is_up_to_date() {
    compare_or_rewrite("man/visord.conf.5", options::page().as_bytes());
}

#[test]
fn the_completion_scripts_are_up_to_date() {
    let scripts: [(&str, &dyn EnvCompleter); 2] =
        [("completions/_visorctl", &Zsh), ("completions/visorctl.fish", &Fish)];
    for (file, shell) in scripts {
        compare_or_rewrite(file, &complete::script(shell).unwrap());
    }
}
