//! What the documents say, against what is there.

use std::fs;
use std::path::Path;
use std::process::Command;

use visor_tests::{binary, run};

use super::{root, text};

/// The options that a help text lists, in their long spelling.
fn options(help: &str) -> Vec<&str> {
    let lines = help.lines().filter(|line| line.starts_with("  -") || line.starts_with("      --"));
    lines.filter_map(|line| line.split_whitespace().find(|word| word.starts_with("--"))).collect()
}

/// The parts of the README between the lines that begin and end a block of this language.
fn blocks<'a>(readme: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    readme.split(&begin).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_manual_names_every_option() {
    let help = run(Command::new(binary("visord")).arg("--help"));
    let options = options(&help.out);
    assert!(options.contains(&"--configuration"), "{}", help.out);
    let manual = text("packaging/man/visord.8").replace("\\-", "-");
    let words: Vec<&str> =
        manual.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').collect();
    let missing: Vec<_> = options.iter().filter(|option| !words.contains(option)).collect();
    assert!(missing.is_empty(), "not in visord.8: {missing:?}");
}

/// A name with a `*` is there if its directory has a file that ends like it.
fn is_there(name: &str) -> bool {
    let Some((before, ending)) = name.split_once('*') else { return root().join(name).exists() };
    let Ok(mut entries) = fs::read_dir(root().join(before)) else { return false };
    entries.any(|entry| entry.expect("an entry").file_name().to_string_lossy().ends_with(ending))
}

#[test]
fn the_readme_names_files_that_exist() {
    let readme = text("README.md");
    let words = readme.split(|c: char| c.is_whitespace() || "`()|,;".contains(c));
    let names: Vec<&str> = words
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| {
            let first = Path::new(word).components().next();
            word.contains('/')
                && !word.starts_with(['/', '.'])
                && first.is_some_and(|first| root().join(first).is_dir())
        })
        .collect();
    assert!(names.contains(&"packaging/examples/first.conf"), "{names:?}");
    let missing: Vec<_> = names.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_readme_uses_commands_that_exist() {
    let readme = text("README.md");
    let commands = blocks(&readme, "console").concat();
    let verbs: Vec<&str> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("$ visorctl ")?.split(' ').next())
        .collect();
    assert!(verbs.contains(&"start"), "{verbs:?}");
    for verb in verbs {
        let help = run(Command::new(binary("visorctl")).args([verb, "--help"]));
        assert_eq!(help.code, 0, "visorctl {verb}: {}", help.err);
    }
}

#[test]
fn the_configurations_of_the_readme_have_no_problems() {
    let readme = text("README.md");
    let configurations = blocks(&readme, "ini");
    assert!(!configurations.is_empty());
    let place = tempfile::tempdir().expect("a temporary directory");
    let file = place.path().join("visord.conf");
    for configuration in configurations {
        fs::write(&file, configuration).expect("a file");
        let words = ["--check", "--strict", "--no-host", "-c"];
        let output = run(Command::new(binary("visord")).args(words).arg(&file));
        assert_eq!(output.code, 0, "{configuration}\n{}{}", output.out, output.err);
    }
}
