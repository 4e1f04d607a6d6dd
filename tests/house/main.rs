//! Rules of the house: what is true of the repository itself, whatever the programs do. One file per thing judged.
#![forbid(unsafe_code)]

mod documents;
mod examples;
mod imports;
mod packaging;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("a directory above tests/").to_owned()
}

/// The text of a file of the repository.
fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every file below a directory of the repository whose name ends so, as paths from the root, sorted.
fn files_below(directory: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![root().join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of the repository") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root()).expect("a path below the root").to_owned();
            match name.to_str() {
                Some(_) if path.is_dir() => directories.push(path),
                Some(name) if name.ends_with(ending) => found.push(name.to_owned()),
                _ => {}
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no *{ending} below {directory}");
    found
}

/// Whether a command is there; if not, says that the test of this thread is skipped.
fn has(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|directory| directory.join(tool).is_file());
    if !there {
        visor_tests::skip(&format!("needs {tool}"));
    }
    there
}
