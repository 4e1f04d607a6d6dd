//! Every option of a program: the forms that are accepted, what they mean, and the text for those that are refused.

use serde_json::{Value, json};
use visor_units::config::Severity;
use visor_units::unit::Program;

use crate::host::{Table, accepted, program, program_text, refused};

/// The option as the unit object has it.
fn meaning(lines: &str, key: &str) -> Value {
    let program = serde_json::to_value(program(lines)).expect("programs can be written as JSON");
    match key.split_once('_') {
        Some((stream @ ("stdout" | "stderr"), field)) => {
            program[stream][field.strip_prefix("logfile_").unwrap_or(field)].clone()
        }
        _ => program[key].clone(),
    }
}

#[test]
fn a_program_made_from_its_command_is_one_of_which_a_file_says_no_more() {
    let read = program("");
    let made = Program::new(read.name.clone(), "/bin/cat");
    assert_eq!(made.origin.section, "program:x");
    assert_eq!(Program { origin: read.origin.clone(), ..made }, read);
}

#[test]
fn accepted_forms_and_what_they_mean() {
    let auto = json!("auto");
    let cases = [
        // Without any line: the defaults.
        ("", "priority", json!(999)),
        ("", "autostart", json!(true)),
        ("", "autorestart", json!("unexpected")),
        ("", "startsecs", json!(1)),
        ("", "startretries", json!(3)),
        ("", "pacing", json!({ "delay": null, "max_delay": null, "early_exit": "failure" })),
        ("", "stopsignal", json!(15)),
        ("", "stopwaitsecs", json!(10)),
        ("", "stopasgroup", json!(false)),
        ("", "killasgroup", json!(false)),
        ("", "exitcodes", json!([0])),
        ("", "user", json!(null)),
        ("", "umask", json!(null)),
        ("", "directory", json!(null)),
        ("", "environment", json!({})),
        ("", "serverurl", json!(null)),
        ("", "redirect_stderr", json!(false)),
        ("", "stdout_logfile", auto.clone()),
        ("", "stdout_logfile_maxbytes", json!(52_428_800)),
        ("", "stderr_logfile_backups", json!(10)),
        ("", "stdout_capture_maxbytes", json!(0)),
        ("", "stdout_events_enabled", json!(false)),
        ("", "stderr_syslog", json!(false)),
        ("", "stdout_journal", json!(true)),
        ("", "stderr_journal", json!(true)),
        // Booleans.
        ("autostart=yes", "autostart", json!(true)),
        ("autostart=On", "autostart", json!(true)),
        ("autostart=1", "autostart", json!(true)),
        ("autostart=FALSE", "autostart", json!(false)),
        ("autostart=off", "autostart", json!(false)),
        ("stdout_journal=no", "stdout_journal", json!(false)),
        // autorestart has a third word.
        ("autorestart=Unexpected", "autorestart", json!("unexpected")),
        ("autorestart=on", "autorestart", json!("always")),
        ("autorestart=0", "autorestart", json!("never")),
        // Numbers.
        ("priority=-5", "priority", json!(-5)),
        ("priority=+1_000", "priority", json!(1000)),
        ("startsecs=-1", "startsecs", json!(-1)),
        ("startretries=4294967295", "startretries", json!(4_294_967_295_u32)),
        ("startsecs=%(ENV_PORT)s", "startsecs", json!(8000)),
        // Pauses.
        (
            "restart_delay=500ms\nrestart_max_delay=2 min\nearly_exit=OK",
            "pacing",
            json!({
                "delay": { "secs": 0, "nanos": 500_000_000 },
                "max_delay": { "secs": 120, "nanos": 0 },
                "early_exit": "ok",
            }),
        ),
        ("startretries=-1", "startretries", json!(-1)),
        // Groups, and what it may use.
        ("", "groups", json!({ "primary": null, "supplementary": [] })),
        ("", "resources", json!({ "nice": null, "limits": [] })),
        ("group=adm", "groups", json!({ "primary": 4, "supplementary": [] })),
        ("groups=adm, 4", "groups", json!({ "primary": null, "supplementary": [4, 4] })),
        ("nice=-5", "resources", json!({ "nice": -5, "limits": [] })),
        (
            "limit_core=infinity\nlimit_nofile=1k:4K",
            "resources",
            json!({ "nice": null, "limits": [
                ["nofile", { "soft": 1024, "hard": 4096 }],
                ["core", { "soft": u64::MAX, "hard": u64::MAX }],
            ]}),
        ),
        // The form of lines. Its names are none for other options.
        ("", "log_format", json!(null)),
        ("log_format=", "log_format", json!(null)),
        (
            "log_format=%(program_name)s %(time)s 5%% %(message)s",
            "log_format",
            json!({
                "before": [{ "text": "x " }, { "field": "time" }, { "text": " 5% " }],
                "after": [],
            }),
        ),
        // Sizes.
        ("stdout_logfile_maxbytes=10MB", "stdout_logfile_maxbytes", json!(10_485_760)),
        ("stdout_logfile_maxbytes=10mb", "stdout_logfile_maxbytes", json!(10_485_760)),
        ("stdout_logfile_maxbytes=1 KB", "stdout_logfile_maxbytes", json!(1024)),
        ("stdout_logfile_maxbytes=1Gb", "stdout_logfile_maxbytes", json!(1_073_741_824)),
        ("stderr_capture_maxbytes=-1", "stderr_capture_maxbytes", json!(-1)),
        // Signals.
        ("stopsignal=SIGINT", "stopsignal", json!(2)),
        ("stopsignal=quit", "stopsignal", json!(3)),
        ("stopsignal=9", "stopsignal", json!(9)),
        ("stopsignal=RTMIN", "stopsignal", json!(34)),
        // Exit codes.
        ("exitcodes=0,2", "exitcodes", json!([0, 2])),
        ("exitcodes=0, 2 ,3", "exitcodes", json!([0, 2, 3])),
        ("exitcodes=", "exitcodes", json!([])),
        // Octal.
        ("umask=022", "umask", json!(18)),
        ("umask=0o22", "umask", json!(18)),
        ("umask=7", "umask", json!(7)),
        // Log files.
        ("stdout_logfile=NONE", "stdout_logfile", json!("none")),
        ("stdout_logfile=off", "stdout_logfile", json!("none")),
        ("stdout_logfile=Auto", "stdout_logfile", auto),
        ("stdout_logfile=", "stdout_logfile", json!({ "path": "" })),
        ("stdout_logfile=x.log", "stdout_logfile", json!({ "path": "x.log" })),
        ("stdout_logfile=~/x.log", "stdout_logfile", json!({ "path": "/root/x.log" })),
        ("stdout_logfile=/no/such/x.log", "stdout_logfile", json!({ "path": "/no/such/x.log" })),
        ("stdout_logfile=/dev/stdout", "stdout_logfile_backups", json!(10)),
        ("stdout_logfile=syslog", "stdout_logfile", json!("none")),
        ("stdout_logfile=syslog", "stdout_syslog", json!(true)),
        ("redirect_stderr=true\nstderr_logfile=/tmp/e.log", "stderr_logfile", json!("none")),
        ("redirect_stderr=true", "stderr_logfile", json!("none")),
        // Groups of processes.
        ("stopasgroup=true", "killasgroup", json!(true)),
        ("killasgroup=true", "stopasgroup", json!(false)),
        // Users.
        ("user=0", "user", json!({ "name": "root", "uid": 0, "gid": 0 })),
        ("user=www", "user", json!({ "name": "www", "uid": 33, "gid": 33 })),
        // Texts are kept as they are.
        ("directory=~/x", "directory", json!("~/x")),
        ("directory=\"/tmp\"", "directory", json!("\"/tmp\"")),
        ("command=sh -c 'x'", "command", json!("sh -c 'x'")),
        ("command=", "command", json!("")),
        ("serverurl=AUTO", "serverurl", json!(null)),
        ("serverurl=auto", "serverurl", json!(null)),
        ("serverurl=http://h:1", "serverurl", json!("http://h:1")),
        ("serverurl=", "serverurl", json!("")),
        // Environment.
        ("environment=A=\"1\",B='x y'", "environment", json!({ "A": "1", "B": "x y" })),
        ("environment=A=\"50%%\"", "environment", json!({ "A": "50%" })),
        (
            "environment=\n  A=\"1\",\n  ; no\n  B=\"2\"",
            "environment",
            json!({ "A": "1", "B": "2" }),
        ),
    ];
    for (lines, key, expected) in cases {
        assert_eq!(meaning(lines, key), expected, "{key} of {lines:?}");
    }
}

#[test]
fn refused_forms_and_supervisors_text_for_them() {
    for (lines, text) in [
        ("autostart=y", "not a valid boolean value: 'y'"),
        ("autostart=", "not a valid boolean value: ''"),
        ("autostart=True!", "not a valid boolean value: 'True!'"),
        ("autorestart=Always", "invalid 'autorestart' value 'always'"),
        ("startsecs=0.5", "invalid literal for int() with base 10: '0.5'"),
        ("startsecs=", "invalid literal for int() with base 10: ''"),
        ("startsecs=1__0", "invalid literal for int() with base 10: '1__0'"),
        ("stdout_logfile_maxbytes=10M", "invalid literal for int() with base 10: '10m'"),
        ("stdout_logfile_maxbytes=1.5MB", "invalid literal for int() with base 10: '1.5'"),
        ("stdout_logfile_maxbytes=MB", "invalid literal for int() with base 10: ''"),
        ("stdout_logfile_maxbytes=5B", "invalid literal for int() with base 10: '5b'"),
        ("stopsignal=FOO", "value 'FOO' is not a valid signal name"),
        ("stopsignal=RTMIN+1", "value 'RTMIN+1' is not a valid signal name"),
        ("stopsignal=99", "value '99' is not a valid signal number"),
        ("stopsignal=-1", "value '-1' is not a valid signal number"),
        ("exitcodes=256", "not a valid list of exit codes: '256'"),
        ("exitcodes=-1", "not a valid list of exit codes: '-1'"),
        ("exitcodes=0,", "not a valid list of exit codes: '0,'"),
        ("umask=888", "888 can not be converted to an octal type"),
        ("umask=rw", "rw can not be converted to an octal type"),
        (
            "stdout_logfile=\"/tmp/x.log\"",
            "The directory named as part of the path \"/tmp/x.log\" does not exist",
        ),
        (
            "stderr_logfile=/no/${APP}/x.log",
            "The directory named as part of the path /no/${APP}/x.log does not exist",
        ),
        ("user=nosuch", "Invalid user name nosuch"),
        ("user=root:root", "Invalid user name root:root"),
        ("user=", "Invalid user name "),
        ("user=4711", "Invalid user id 4711"),
        ("process_name=a/b", "Invalid name: 'a/b' because of character: '/'"),
        ("process_name=a b", "Invalid name: 'a b' because of character: ' '"),
        ("process_name=a:b", "Invalid name: 'a:b' because of character: ':'"),
        ("numprocs=2", "%(process_num) must be present within process_name when numprocs > 1"),
        ("numprocs=x", "invalid literal for int() with base 10: 'x'"),
        (
            "stopasgroup=true\nkillasgroup=false",
            "Cannot set stopasgroup=true and killasgroup=false",
        ),
        ("environment=A=,B=1", "Unexpected end of key/value pairs in value 'A=,B=1'"),
        ("environment=A=\"a #b\"", "No closing quotation"),
        ("environment=A=\"a ;b\"", "No closing quotation"),
        (
            "environment=A=\"50%\"",
            "Format string 'A=\"50%\"' for 'environment' is badly formatted: \
             unsupported format character '\"' (0x22) at index 6",
        ),
        ("restart_delay=", "not a valid time span: ''"),
        ("restart_delay=soon", "not a valid time span: 'soon'"),
        ("restart_delay=0", "a time span must be longer than nothing"),
        ("restart_max_delay=-1", "not a valid time span: '-1'"),
        (
            "restart_delay=5\nrestart_max_delay=4999ms",
            "restart_max_delay is less than restart_delay",
        ),
        ("groups=adm nosuch", "Invalid group name nosuch"),
        ("groups=4711", "Invalid group id 4711"),
        ("nice=20", "not a nice value from -20 to 19: '20'"),
        ("limit_nofile=many", "not a valid limit: 'many'"),
        ("limit_nofile=2:1", "the soft limit is above the hard one: '2:1'"),
        ("log_format=%(time)s", "log_format is without %(message)s"),
        ("log_format=%(message)s\n  %(message)s", "log_format is one line"),
        ("early_exit=yes", "invalid 'early_exit' value 'yes'"),
        ("stdout_journal=maybe", "not a valid boolean value: 'maybe'"),
    ] {
        let expected = format!("{text} in section 'program:x' (file: '/etc/sv/main.conf')");
        assert_eq!(refused(&program_text(lines)), expected, "{lines:?}");
    }
    // The priority is read for the group first, where the section is not named.
    assert_eq!(
        refused(&program_text("priority=1.5")),
        "invalid literal for int() with base 10: '1.5'"
    );
    assert_eq!(
        refused("[supervisord]\n[program:x]\nautostart=true\n"),
        "program section program:x does not specify a command in section 'program:x' (file: '/etc/sv/main.conf')"
    );
    assert_eq!(
        refused("[supervisord]\n[program:a b]\ncommand=x\n"),
        "Invalid name: 'a b' because of character: ' '"
    );
}

#[test]
fn processes_are_numbered_and_sorted_by_name() {
    for (lines, names) in [
        ("", vec!["x"]),
        ("numprocs=0", vec![]),
        ("numprocs=-3", vec![]),
        ("process_name=%(program_name)s!", vec!["x!"]),
        ("numprocs=2\nprocess_name=%(program_name)s_%(process_num)02d", vec!["x_00", "x_01"]),
        ("numprocs=2\nnumprocs_start=9\nprocess_name=n%(process_num)d", vec!["n10", "n9"]),
    ] {
        let plan = accepted(&program_text(lines));
        let found: Vec<&str> = plan.groups[0].programs.iter().map(|p| &*p.name.process).collect();
        assert_eq!(found, names, "{lines:?}");
    }
}

#[test]
fn more_processes_than_any_machine_has_are_refused_at_once() {
    let lines = "numprocs=9000000000000000000\nprocess_name=%(process_num)d";
    assert!(refused(&program_text(lines)).starts_with("numprocs is too large"));
    // The limit is for all sections together. A process that cannot be made ends its section early.
    let many = |name: &str| {
        format!("[program:{name}]\ncommand=%(x)s\nnumprocs=60000\nprocess_name=%(process_num)d\n")
    };
    let text = format!("[supervisord]\n{}{}", many("a"), many("b"));
    let found = Table::new(text).load().diagnostics;
    assert!(found.iter().any(|found| found.message.starts_with("numprocs is too large: 60000")));
}

#[test]
fn dependencies_are_read_under_every_name_they_have() {
    let text = "[supervisord]\n\
        [program:db]\ncommand=x\n[program:cache]\ncommand=x\n[program:log]\ncommand=x\n\
        [program:web]\ncommand=x\nrequires=db,\n  cache\nwants=log\nafter=db cache\nbefore=last\n\
        [program:last]\ncommand=x\ndepends_on = db, cache\n\
        [program:old]\ncommand=x\ndependent_startup=true\n\
        dependent_startup_wait_for=db:running cache:running,exited log:exited\n\
        [program:off]\ncommand=x\ndependent_startup=false\ndependent_startup_wait_for=db:running\n";
    let plan = accepted(text);
    let ordering = |name: &str| {
        let group = plan.groups.iter().find(|group| &*group.name == name).expect("there");
        group.programs[0].ordering.clone()
    };
    assert_eq!(
        ordering("web").names(),
        [vec!["db", "cache"], vec!["log"], vec!["db", "cache"], vec!["last"]]
    );
    let lines: Vec<u32> = ordering("web").requires.iter().map(|(_, origin)| origin.line).collect();
    assert_eq!(lines, [10, 11]);
    assert_eq!(ordering("last").names()[0], ["db", "cache"]);
    assert_eq!(ordering("old").names(), [vec!["db", "cache"], vec![], vec!["log"], vec![]]);
    assert!(ordering("off").is_empty());
}

#[test]
fn what_keys_of_other_tools_name_may_be_missing_as_supervisor_passes_over_them() {
    for line in ["depends_on=elsewhere", "dependent_startup_wait_for=elsewhere:running db:running"]
    {
        let text =
            format!("[supervisord]\n[program:db]\ncommand=x\n[program:web]\ncommand=x\n{line}\n");
        let found = Table::new(text).load();
        assert!(found.plan.is_some(), "{line}");
        let [said] = found.diagnostics.as_slice() else { panic!("{:?}", found.diagnostics) };
        assert_eq!(
            (said.severity, said.message.as_str()),
            (
                Severity::Warning,
                "[program:web] depends on \"elsewhere\", which is no process, program or group"
            )
        );
    }
    let text = "[supervisord]\n[program:web]\ncommand=x\nrequires=elsewhere\n";
    assert!(Table::new(text).load().plan.is_none(), "this key is our own");
}
