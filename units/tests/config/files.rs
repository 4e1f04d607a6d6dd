//! More than one file, less than a whole one, and what the command line lays over it.

use visor_units::config::{Request, Severity};
use visor_units::unit::{LogLevel, MainLog};

use crate::host::{MAIN, Table};

const ROOT: &str = "[supervisord]\n[include]\nfiles=conf.d/*.conf /abs/one.ini\n";

#[test]
fn included_files_are_read_in_order_and_override_what_was_before() {
    let loaded = Table::new(format!("{ROOT}[program:a]\ncommand=main\nuser=0\n"))
        .with("/etc/sv/conf.d/2.conf", "[program:a]\ncommand=two\n")
        .with(
            "/etc/sv/conf.d/1.conf",
            "[program:a]\ncommand=one\n[supervisord]\nidentifier=%(here)s\n",
        )
        .with("/abs/one.ini", "[program:b]\ncommand=%(here)s/%%%(here)s\n")
        .load();
    let plan = loaded.plan.expect("accepted");
    let commands: Vec<&str> = plan.groups.iter().map(|g| g.programs[0].command.as_str()).collect();
    assert_eq!(commands, ["two", "/abs/%/abs"]);
    assert_eq!(plan.daemon.identifier, "/etc/sv/conf.d");
    assert_eq!(plan.groups[0].programs[0].origin.file, MAIN);
    let included: Vec<&str> = loaded.sources.iter().map(|source| source.file.as_str()).collect();
    assert_eq!(included, [MAIN, "/etc/sv/conf.d/1.conf", "/etc/sv/conf.d/2.conf", "/abs/one.ini"]);
    let infos: Vec<&str> = plan.messages.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(infos[0], "Included extra file \"/etc/sv/conf.d/1.conf\" during parsing");
}

#[test]
fn patterns_that_match_nothing_and_files_that_cannot_be_read_are_warnings() {
    let loaded = Table::new(ROOT).with("/abs/one.ini", "(unreadable)").load();
    let plan = loaded.plan.expect("accepted");
    assert!(plan.messages.contains(&(
        LogLevel::Warn,
        "No file matches via include \"/etc/sv/conf.d/*.conf\"".into()
    )));
    let said: Vec<&str> = loaded.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert!(said[1].starts_with("could not read /abs/one.ini, so it is left out"), "{said:?}");
}

#[test]
fn an_include_inside_an_included_file_does_nothing() {
    let loaded = Table::new(ROOT)
        .with("/abs/one.ini", "[include]\nfiles=/abs/two.ini\n")
        .with("/abs/two.ini", "[program:b]\ncommand=x\n")
        .load();
    assert!(loaded.plan.expect("accepted").groups.is_empty());
    let warned =
        loaded.diagnostics.iter().any(|d| d.message.starts_with("[include] has no effect"));
    assert!(warned, "{:?}", loaded.diagnostics);
}

#[test]
fn problems_of_included_files_point_into_them() {
    let loaded =
        Table::new(ROOT).with("/abs/one.ini", "[program:b]\ncommand=x\nautostart=y\nbad\n").load();
    assert_eq!(
        loaded.refusal.as_deref(),
        Some("Source contains parsing errors: '/abs/one.ini'\n\t[line  4]: 'bad\\n'")
    );
    let errors = loaded.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let places: Vec<(String, u32, u32)> =
        errors.filter_map(|d| d.span.clone()).map(|s| (s.file, s.line, s.column)).collect();
    assert_eq!(places, [("/abs/one.ini".into(), 3, 11), ("/abs/one.ini".into(), 4, 1)]);
    let message =
        &loaded.diagnostics.iter().find(|d| d.message.contains("boolean")).expect("said").message;
    assert!(message.ends_with(" in section 'program:b' (file: '/abs/one.ini')"), "{message}");
}

#[test]
fn an_include_without_files_is_refused() {
    let loaded = Table::new("[supervisord]\n[include]\n").load();
    assert_eq!(
        loaded.refusal.as_deref(),
        Some(".ini file has [include] section, but no files setting")
    );
}

#[test]
fn a_file_that_is_not_there() {
    let request = Request { file: "/nowhere.conf".into(), ..Request::default() };
    let loaded = Table::new("").load_as(&request);
    assert_eq!(loaded.refusal.as_deref(), Some("could not find config file /nowhere.conf"));
}

#[test]
fn a_snippet_is_judged_by_itself() {
    let request = Request { file: MAIN.into(), fragment: true, ..Request::default() };
    let text = "[program:x]\ncommand=%(here)s\nrequires=elsewhere\n";
    let loaded = Table::new(text).load_as(&request);
    assert_eq!(loaded.plan.expect("accepted").groups[0].programs[0].command, "/etc/sv");
    assert_eq!(loaded.diagnostics, []);
    let whole = Table::new("[supervisord]\n[program:x]\ncommand=x\nrequires=elsewhere\n");
    assert!(whole.load_as(&request).plan.is_none(), "a whole file names everything it requires");
}

#[test]
fn without_the_machine_accounts_are_stood_in_for_and_directories_exist() {
    let request = Request { file: MAIN.into(), no_host: true, ..Request::default() };
    let text = "[supervisord]\nlogfile=/no/such/x.log\nchildlogdir=/no\nuser=root\n\
        [unix_http_server]\nfile=/a\nchown=somebody:somegroup\n\
        [program:a]\ncommand=x\nuser=somebody\nstdout_logfile=/no/y.log\n[program:b]\ncommand=x\nuser=7\n";
    let loaded = Table::new(text).load_as(&request);
    let plan = loaded.plan.expect("accepted");
    let uid = |at: usize| plan.groups[at].programs[0].user.as_ref().map(|user| user.uid);
    assert_eq!((uid(0), uid(1)), (Some(1000), Some(7)));
    assert_eq!(plan.daemon.user.map(|user| user.uid), Some(0));
}

#[test]
fn what_the_command_line_says_is_laid_over_the_file() {
    let overrides = |pairs: &[(&str, &str)]| Request {
        file: MAIN.into(),
        overrides: pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..Request::default()
    };
    let table = Table::new("[supervisord]\nlogfile=/tmp/a.log\nloglevel=info\n");
    let loaded = table.load_as(&overrides(&[
        ("logfile", "/tmp/%x.log"),
        ("nodaemon", "true"),
        ("user", "www"),
    ]));
    let daemon = loaded.plan.expect("accepted").daemon;
    assert_eq!(daemon.logfile, MainLog::Path("/tmp/%x.log".into()));
    assert!(daemon.nodaemon && daemon.user.is_some_and(|user| user.uid == 33));
    let loaded = table.load_as(&overrides(&[("logfile_maxbytes", "5XB")]));
    assert_eq!(
        loaded.refusal.as_deref(),
        Some(
            "invalid value for --logfile_maxbytes '5XB': invalid literal for int() with base 10: '5xb'"
        )
    );
    let loaded = Table::new("[supervisord]\nchildlogdir=/tmp\n")
        .load_as(&overrides(&[("childlogdir", "/no/logs")]));
    let [said] = loaded.diagnostics.as_slice() else { panic!("{:?}", loaded.diagnostics) };
    assert!(said.message.contains("/no/logs"), "{}", said.message);
    assert_eq!(said.span, None, "no line of the file is at fault");
}
