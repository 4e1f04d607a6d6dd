//! `%(name)s`: which names are known where, and how often a value is expanded.

use crate::host::{accepted, program, program_text, refused};

#[test]
fn names_that_a_program_knows() {
    for (line, command) in [
        ("command=%(program_name)s %(group_name)s", "x x"),
        ("command=%(here)s %(host_node_name)s", "/etc/sv node7"),
        ("command=%(process_num)02d/%(numprocs)d", "00/1"),
        ("command=%(ENV_HOME)s%(ENV_EMPTY)s", "/root"),
        ("command=date +%%Y", "date +%Y"),
        ("environment=HOME=\"/w\"\ncommand=%(ENV_HOME)s", "/w"),
        ("environment=NEW=\"1\"\ncommand=%(ENV_NEW)s", "1"),
    ] {
        assert_eq!(program(line).command, command, "{line:?}");
    }
}

#[test]
fn names_that_are_not_known_there() {
    let unknown = |label: &str, name: &str| format!("for '{label}' contains names ('{name}')");
    for (lines, label, name) in [
        ("command=%(nope)s", "program:x.command", "nope"),
        ("numprocs=%(process_num)d", "program:x.numprocs", "process_num"),
        ("priority=%(program_name)s", "program:x.priority", "program_name"),
        ("environment=A=\"1\",B=\"%(ENV_A)s\"", "environment", "ENV_A"),
        ("environment=A=\"1\"\nstartsecs=%(ENV_A)s", "program:x.startsecs", "ENV_A"),
    ] {
        let refusal = refused(&program_text(lines));
        assert!(refusal.contains(&unknown(label, name)), "{lines:?}: {refusal}");
    }
    let text = "[supervisord]\nidentifier=%(host_node_name)s\n";
    assert!(refused(text).contains(&unknown("supervisord.identifier", "host_node_name")));
    let text = "[supervisord]\n[inet_http_server]\nport=%(here)s\n";
    assert!(refused(text).contains(&unknown("inet_http_server.port", "here")));
}

#[test]
fn the_names_that_are_known_are_listed() {
    assert_eq!(
        refused("[supervisord]\nidentifier=%(x)s\n"),
        "Format string '%(x)s' for 'supervisord.identifier' contains names ('x') which cannot be \
         expanded. Available names: ENV_EMPTY, ENV_HOME, ENV_PORT, here"
    );
}

#[test]
fn log_files_and_the_daemons_environment_are_expanded_twice() {
    let file = |value: &str| {
        let program = program(&format!("stdout_logfile={value}"));
        serde_json::to_value(program.stdout.logfile).expect("JSON")["path"].clone()
    };
    assert_eq!(file("/tmp/%(program_name)s.log"), "/tmp/x.log");
    assert_eq!(file("/tmp/100%%%%.log"), "/tmp/100%.log");
    assert!(
        refused(&program_text("stdout_logfile=/tmp/100%%.log"))
            .contains("Format string '/tmp/100%.log' for 'stdout_logfile' is badly formatted")
    );
    let plan = accepted("[supervisord]\nenvironment=A=\"5%%%%\"\n");
    assert_eq!(plan.daemon.environment["A"], "5%");
    assert!(
        refused("[supervisord]\nenvironment=A=\"5%%\"\n").contains("for 'environment' is badly")
    );
}

#[test]
fn the_daemons_environment_reaches_programs_and_their_expansions() {
    let plan = accepted(
        "[supervisord]\nenvironment=A=\"1\",B=\"2\"\n\
         [program:x]\ncommand=%(ENV_A)s%(ENV_B)s\nenvironment=B=\"3\"\n",
    );
    let program = &plan.groups[0].programs[0];
    assert_eq!(program.command, "13");
    let pairs: Vec<_> = program.environment.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(pairs, ["A=1", "B=3"]);
}

#[test]
fn a_percent_sign_is_nothing_but_two_of_them() {
    assert_eq!(program("command=50%%").command, "50%");
    for (text, at) in [("%5%", 2), ("%(process_num)%", 14)] {
        let refusal = refused(&program_text(&format!("command={text}")));
        let said = format!("unsupported format character '%' (0x25) at index {at}");
        assert!(refusal.contains(&said), "{text}: {refusal}");
    }
}

#[test]
fn a_bare_conversion_is_refused_where_python_would_write_its_table_of_names() {
    let refusal = refused(&program_text("command=date +%s"));
    assert!(refusal.starts_with(
        "Format string 'date +%s' for 'program:x.command' is badly formatted: %s has no name"
    ));
}
