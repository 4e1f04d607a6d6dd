//! Dependency order, seen from outside.

use visor_tests::Stage;

/// Each writes a line when it starts and when it is asked to stop.
fn program(name: &str, extra: &str) -> String {
    format!(
        "[program:{name}]\nredirect_stderr=true\nstdout_logfile=%(here)s/story\nstartsecs=0\n{extra}\n\
         command=sh -c 'trap \"echo {name} down; exit 0\" TERM && echo {name} up && while :; do sleep 0.01; done'\n"
    )
}

#[test]
fn what_is_required_starts_first_and_stops_last() {
    let programs = [
        program("web", "requires=app"),
        program("app", "requires=db"),
        program("db", "startsecs=1"),
    ]
    .concat();
    let mut stage =
        Stage::new(&programs.replace("startsecs=0\nstartsecs=1", "startsecs=1")).started();
    for name in ["db", "app", "web"] {
        stage.reaches(name, "RUNNING");
    }
    stage.end();
    let story: Vec<String> = stage.read("story").lines().map(str::to_owned).collect();
    assert_eq!(story, ["db up", "app up", "web up", "web down", "app down", "db down"]);
}

#[test]
fn a_failed_requirement_is_the_reason_shown() {
    let stage = Stage::new(
        "[program:db]\ncommand=/no/such/file\nstartretries=0\n[program:web]\ncommand=sleep 1000\nrequires=db\n",
    )
    .started();
    let row = stage.wait_for("web", "FATAL");
    assert_eq!(row["sub_state"], "dependency-failed");
    let shown = stage.ctl(&["status", "web"]);
    assert!(shown.out.contains("dependency db failed"), "{}", shown.out);
}

#[test]
fn a_cycle_is_refused_with_every_edge() {
    let stage =
        Stage::new("[program:a]\ncommand=true\nrequires=b\n[program:b]\ncommand=true\nafter=a\n");
    let output = visor_tests::run(&mut stage.daemon_command());
    assert_eq!(output.code, 2);
    for part in ["a", "b", "requires", "after", "visord.conf"] {
        assert!(output.err.contains(part), "no {part} in\n{}", output.err);
    }
}
