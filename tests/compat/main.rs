//! The real Supervisor 4.3.0 and visord beside each other. One file read by both has the same meaning or meets the same
//! refusal; the clients, asked the same, say the same ([`clients`]), and the small programs beside them do the same ([`faces`]).
//!
//! The reference is installed by `tests/run` into `target/reference`; where it is not there, the tests say so and pass.

mod both;
mod clients;
mod daemons;
mod elsewhere;
mod events;
mod faces;
mod fastcgi;
mod logs;
mod superlance;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use visor_tests::{Output, binary, run, skip};

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("compat").join(name)
}

/// The Python that has the reference.
fn reference() -> Option<PathBuf> {
    let target = binary("visord");
    let python = target.ancestors().nth(2)?.join("reference/bin/python");
    if !python.exists() {
        skip(&format!("no reference Supervisor at {}; tests/run installs it", python.display()));
        return None;
    }
    Some(python)
}

/// Whether a table of `status` has a process in a state.
fn shows(table: &str, name: &str, state: &str) -> bool {
    table.lines().any(|line| line.split_whitespace().take(2).eq([name, state]))
}

fn files(beginning: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(here("files")).expect("the files");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let kind = ["refused", "differs"].into_iter().find(|kind| name.starts_with(kind));
        kind.unwrap_or("accepted") == beginning
    });
    assert!(!paths.is_empty());
    paths.sort();
    paths
}

fn theirs(python: &Path, file: &Path) -> Output {
    run(Command::new(python).arg(here("meaning.py")).arg(file).current_dir("/"))
}

fn ours(file: &Path) -> Output {
    run(Command::new(binary("visord")).args(["--check", "--json", "-c"]).arg(file).current_dir("/"))
}

/// Keeps of `value` what `shape` has, so that keys of visord's own do not count.
fn like(value: &Value, shape: &Value) -> Value {
    match (value, shape) {
        (Value::Object(mine), Value::Object(shape)) => {
            let kept = shape.iter().map(|(key, inner)| (key.clone(), like(&mine[key], inner)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        (Value::Array(mine), Value::Array(shape)) if mine.len() == shape.len() => {
            mine.iter().zip(shape).map(|(value, shape)| like(value, shape)).collect()
        }
        _ => value.clone(),
    }
}

#[test]
fn an_accepted_file_means_the_same() {
    let Some(python) = reference() else { return };
    for file in files("accepted") {
        let (theirs, ours) = (theirs(&python, &file), ours(&file));
        assert_eq!(
            (theirs.code, ours.code),
            (0, 0),
            "{}:\n{}\n{}",
            file.display(),
            theirs.err,
            ours.err
        );
        let theirs: Value = serde_json::from_str(&theirs.out).expect("their JSON");
        let ours: Value = serde_json::from_str(&ours.out).expect("our JSON");
        assert_eq!(like(&ours, &theirs), theirs, "{}", file.display());
    }
}

#[test]
fn a_refused_file_is_refused_in_the_same_words() {
    let Some(python) = reference() else { return };
    for file in files("refused") {
        let (theirs, ours) = (theirs(&python, &file), ours(&file));
        assert_eq!((theirs.code, ours.code), (2, 2), "{}", file.display());
        let ours: Value = serde_json::from_str(&ours.out).expect("our JSON");
        let said =
            theirs.err.lines().find_map(|line| line.strip_prefix("Error: ")).expect("their text");
        assert_eq!(
            ours["error"].as_str().expect("our text").trim_start_matches("Error: "),
            said,
            "{}",
            file.display()
        );
    }
}

/// Files that Supervisor refuses and visord runs: what Supervisor says of them, and why visord does not.
const DIFFERENCES: [(&str, &str, &str); 1] = [(
    "differs-directory.conf",
    "The directory named as part of the path /no/such/directory/web.log does not exist in section 'program:web'",
    "one wiped log directory kept every program of the machine from running",
)];

#[test]
fn a_file_that_only_supervisor_refuses_is_listed() {
    let Some(python) = reference() else { return };
    let found = files("differs");
    assert_eq!(found.len(), DIFFERENCES.len(), "a difference needs its reason");
    for (name, text, reason) in DIFFERENCES {
        let file = here("files").join(name);
        let (theirs, ours) = (theirs(&python, &file), ours(&file));
        assert_eq!((theirs.code, ours.code), (2, 0), "{name} ({reason}): {}", ours.err);
        assert!(theirs.err.contains(text), "{name}: {}", theirs.err);
        let ours: Value = serde_json::from_str(&ours.out).expect("our JSON");
        assert_eq!(ours["error"], Value::Null, "{name}");
        assert_eq!(ours["diagnostics"][0]["severity"], "warning", "{name} is said");
    }
}
