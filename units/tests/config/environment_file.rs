//! `environment_file`.

use visor_units::config::{Loaded, Request};

use crate::host::{MAIN, Table, program_text};

const FILE: &str = "/etc/sv/web.env";

/// The main file with this option, and one environment file.
fn load(option: &str, file: &str) -> Loaded {
    Table::new(program_text(option)).with(FILE, file).load()
}

/// What the process gets besides its `environment`, as `NAME=value` words.
fn secrets(loaded: &Loaded) -> String {
    let plan = loaded.plan.as_ref().unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let secrets = &plan.groups[0].programs[0].secrets.0;
    secrets.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// Each problem with its file and place.
fn problems(loaded: &Loaded) -> Vec<String> {
    let shown = loaded.diagnostics.iter().map(|found| {
        let span = found.span.as_ref().expect("a place");
        format!("{}:{}:{}: {}", span.file, span.line, span.column, found.message)
    });
    shown.collect()
}

#[test]
fn paths_are_relative_to_the_main_file_and_later_files_go_first() {
    for option in
        ["web.env", "/etc/sv/web.env", "%(here)s/web.env", "-web.env", "-gone.env web.env"]
    {
        let loaded = load(&format!("environment_file={option}"), "A=1\nB='2 3'\n");
        assert_eq!(secrets(&loaded), "A=1 B=2 3", "{option}");
        assert_eq!(problems(&loaded), [""; 0], "{option}");
    }
    let text = program_text("environment_file=web.env\n  other.env\nenvironment=A=0,C=0");
    let loaded = Table::new(text).with(FILE, "A=1\nB=1").with("/etc/sv/other.env", "B=2").load();
    assert_eq!(secrets(&loaded), "A=1 B=2");
    let plan = loaded.plan.expect("accepted");
    assert_eq!(plan.groups[0].programs[0].environment["A"], "0", "what is shown is kept apart");
}

#[test]
fn a_file_that_cannot_be_read_is_refused_unless_it_may_be_missing() {
    let missing = "could not read environment file /etc/sv/gone.env: entity not found";
    let loaded = load("environment_file=web.env gone.env", "A=1");
    assert_eq!(problems(&loaded), [format!("{MAIN}:4:26: {missing}")]);
    assert_eq!(loaded.refusal.as_deref(), Some(missing));
    let hint = loaded.diagnostics[0].hint.as_deref();
    assert_eq!(hint, Some("make the file, or write `-/etc/sv/gone.env` if it may be missing"));
    // It is optional for one and not for the other.
    let text = "[supervisord]\n[program:a]\ncommand=x\nenvironment_file=-gone.env\n\
                [program:b]\ncommand=x\nenvironment_file=gone.env\n";
    let loaded = Table::new(text).load();
    assert_eq!(problems(&loaded), [format!("{MAIN}:7:18: {missing}")]);
}

#[test]
fn what_is_wrong_in_a_file_has_its_place_there_and_not_its_text() {
    let loaded = load("environment_file=web.env", "A=1\nexport TOKEN=geheim\ngeheim\nB=\"geheim\n");
    assert_eq!(
        problems(&loaded),
        [
            "/etc/sv/web.env:2:1: what stands before the `=` is no name of a variable; the line is ignored",
            "/etc/sv/web.env:3:1: this line assigns nothing and is ignored",
            "/etc/sv/web.env:4:3: this quote is never closed",
        ]
    );
    assert_eq!(loaded.refusal.as_deref(), Some("this quote is never closed"));
    assert!(!format!("{loaded:?}").contains("geheim"), "secrets are not shown: {loaded:#?}");
    let loaded = load("environment_file=web.env", "B=geheim\n");
    assert!(!format!("{loaded:?}").contains("geheim"), "secrets are not shown");
}

#[test]
fn a_file_is_read_once_however_many_processes_have_it() {
    let text = program_text("environment_file=web.env\nnumprocs=3\nprocess_name=%(process_num)s");
    let loaded = Table::new(text).with(FILE, "nonsense\nA=1").load();
    assert_eq!(problems(&loaded).len(), 1);
    assert_eq!(loaded.sources.len(), 2);
    assert_eq!(loaded.plan.expect("accepted").groups[0].programs[2].secrets.0["A"], "1");
}

#[test]
fn expansions_do_not_see_it_and_what_changes_in_it_is_a_change() {
    let option = "environment_file=web.env\ncommand=x %(ENV_TOKEN)s";
    assert!(load(option, "TOKEN=geheim").refusal.expect("refused").contains("ENV_TOKEN"));
    let [old, new] = ["A=1", "A=2"].map(|file| load("environment_file=web.env", file));
    let [old, new] = [old, new].map(|loaded| loaded.plan.expect("accepted").groups.remove(0));
    assert!(!old.means_the_same(&new));
}

#[test]
fn without_the_machine_no_file_is_read() {
    let request = Request { file: MAIN.into(), no_host: true, ..Request::default() };
    let loaded = Table::new(program_text("environment_file=gone.env")).load_as(&request);
    assert_eq!(secrets(&loaded), "");
}
