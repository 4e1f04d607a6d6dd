//! Whole files, as people write them.

use visor_units::config::{Request, Severity};
use visor_units::signal::Signal;
use visor_units::unit::{Autorestart, Group, LogFile, Program};

use crate::host::{MAIN, Table, accepted, warnings};

fn group<'a>(groups: &'a [std::sync::Arc<Group>], name: &str) -> &'a Group {
    groups.iter().find(|group| &*group.name == name).expect("the group is there")
}

#[test]
fn a_shop() {
    let text = include_str!("samples/shop.conf");
    assert_eq!(warnings(text), []);
    let plan = accepted(text);
    let names: Vec<&str> = plan.groups.iter().map(|group| &*group.name).collect();
    assert_eq!(names, ["watch", "db", "workers", "web"]);
    let web: &Program = &group(&plan.groups, "web").programs[2];
    assert_eq!(web.name.to_string(), "web:web_02");
    assert_eq!(web.command, "/usr/bin/web\n--port 8000\n--worker 2");
    assert_eq!(web.environment["NAME"], "web, number 2");
    assert_eq!(web.environment["MODE"], "live");
    assert_eq!(web.stdout.logfile, LogFile::Path("/var/log/web_2.log".into()));
    assert!(web.killasgroup && web.stderr.logfile == LogFile::None);
    assert_eq!((web.origin.line, web.origin.section.as_str()), (37, "program:web"));
    let workers = group(&plan.groups, "workers");
    assert_eq!(workers.ordering.names()[2], ["db"]);
    assert_eq!(workers.programs[1].autorestart, Autorestart::Never);
    assert_eq!(group(&plan.groups, "db").programs[0].stopsignal, Signal(2));
}

#[test]
fn a_container() {
    let text = include_str!("samples/container.conf").replace("%(ENV_START)s", "true");
    let table = Table::new(text);
    let request = Request { file: MAIN.into(), no_host: true, ..Request::default() };
    let loaded = table.load_as(&request);
    assert_eq!(loaded.diagnostics, []);
    let plan = loaded.plan.expect("accepted");
    let nginx = &group(&plan.groups, "nginx").programs[0];
    assert_eq!(nginx.command, "nginx -g \"daemon off;\"");
    assert_eq!((nginx.stdout.maxbytes, nginx.autostart), (0, true));
}

#[test]
fn every_mistake_of_a_file_is_found_in_one_run() {
    let loaded = Table::new(include_str!("samples/mistakes.conf")).load();
    let found: Vec<(u32, u32, bool)> = loaded
        .diagnostics
        .iter()
        .filter_map(|d| Some((d.span.as_ref()?, d.severity == Severity::Error)))
        .map(|(span, error)| (span.line, span.column, error))
        .collect();
    assert_eq!(
        found,
        [
            (2, 12, true),   // loglevel
            (3, 1, false),   // nodaemno
            (6, 11, false),  // FLASK_ENV=prod
            (6, 41, false),  // >
            (7, 1, false),   // autorstart
            (8, 14, true),   // SIGTREM
            (10, 13, false), // ~
            (11, 3, false),  // user, swallowed by directory
            (13, 1, false),  // [progam:worker]
            (17, 28, false), // the comment in the command
            (18, 34, true),  // ENV_THERE
            (19, 18, true),  // a quoted path
            (20, 13, true),  // tru
            (21, 1, true),   // nonsense
            (24, 1, false),  // startsecs, twice
            (24, 13, true),  // 2.5
            (25, 1, false),  // log_stdout
            (28, 12, true),  // wroker
        ]
    );
    let hint = |line: u32| {
        let on =
            loaded.diagnostics.iter().find(|d| d.span.as_ref().is_some_and(|s| s.line == line));
        on.and_then(|found| found.hint.clone()).unwrap_or_default()
    };
    assert_eq!(hint(3), "did you mean `nodaemon`?");
    assert_eq!(hint(13), "did you mean [program:worker]?");
}
