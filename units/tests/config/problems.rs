//! What is said about a configuration that is accepted, and how problems are told.

use std::fmt::Write as _;

use visor_units::config::Severity;

use crate::host::{Table, accepted, program_text, refused, warnings};

/// Messages of the warnings about a program with these lines.
fn about(lines: &str) -> Vec<String> {
    warnings(&program_text(lines)).into_iter().map(|(message, _)| message).collect()
}

#[test]
fn unknown_options_come_with_the_nearest_known_one() {
    for (line, hint) in [
        ("autorstart=1", "did you mean `autostart` or `autorestart`?"),
        ("stopwatisecs=1", "did you mean `stopwaitsecs`?"),
        ("stopsignail=1", "did you mean `stopsignal`?"),
        (
            "stdout_maxbytes=1",
            "did you mean `stdout_logfile_maxbytes` or `stdout_capture_maxbytes`?",
        ),
        ("nodaemon=1", "`nodaemon` belongs to [supervisord]"),
        ("programs=1", "`programs` belongs to [group:NAME]"),
        ("zzz=1", "nothing reads it"),
    ] {
        let found = warnings(&program_text(line));
        let key = line.trim_end_matches("=1");
        assert_eq!(found, [(format!("unknown option `{key}` in [program:x]"), hint.to_owned())]);
    }
}

#[test]
fn unknown_sections_come_with_the_nearest_known_one() {
    for (section, hint) in [
        ("progam:y", "did you mean [program:y]?"),
        ("Program:y", "write [program:y]"),
        ("program", "write [program:NAME]"),
        ("supervisrod", "did you mean [supervisord]?"),
        ("my notes", "nothing reads this section"),
    ] {
        let found = warnings(&format!("[supervisord]\n[{section}]\na=1\n"));
        assert_eq!(found, [(format!("unknown section [{section}]"), hint.to_owned())]);
    }
}

#[test]
fn options_that_do_nothing_here_are_named() {
    let found = warnings(&program_text("log_stderr=true"));
    assert_eq!(
        found,
        [(
            "`log_stderr` has no effect in [program:x]".to_owned(),
            "this option of Supervisor 2 was removed in 3.0".to_owned()
        )]
    );
    let plugin = "[supervisord]\n[rpcinterface:a]\nsupervisor.rpcinterface_factory=a:b\nanything=1\n\
        [ctlplugin:a]\nsupervisor.ctl_factory=a:b\nanything=1\n\
        [eventlistener:l]\ncommand=x\nevents=TICK_5\nresult_handler=my.plugin:handle\n\
        [eventlistener:m]\ncommand=x\nevents=TICK_5\nresult_handler=supervisor_stdout:event_handler\n";
    let said: Vec<String> = warnings(plugin).into_iter().map(|(message, _)| message).collect();
    assert_eq!(
        said,
        [
            "a:b is a Python plugin, which visord does not load",
            "`supervisor.ctl_factory` has no effect in [ctlplugin:a]",
            "my.plugin:handle is a Python plugin, which visord does not load",
        ]
    );
}

#[test]
fn what_supervisor_warns_of_at_start_is_kept_for_the_log() {
    let plan = accepted(&program_text(
        "stdout_logfile_maxbytes=0\nstderr_logfile=syslog\nprocess_name=%(process_num)d\nnumprocs=2",
    ));
    let auto = "For [program:x], AUTO logging used for stdout_logfile without rollover, set maxbytes > 0 to avoid \
                filling up filesystem unintentionally";
    let syslog = "For [program:x], stderr_logfile=syslog but this is deprecated and will be removed.  Use \
                  stderr_syslog=true to enable syslog instead.";
    let said: Vec<&str> = plan.messages.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(said, [auto, syslog, auto, syslog]);
    assert_eq!(
        about("redirect_stderr=true\nstderr_logfile=/tmp/x"),
        [
            "For [program:x], redirect_stderr=true but stderr_logfile has also been set to a filename, \
          the filename has been ignored"
        ]
    );
}

#[test]
fn an_option_that_is_set_twice_is_shown_with_its_other_place() {
    let loaded = Table::new(program_text("user=0\nuser=33\nautostart=true\nautostart=true")).load();
    let [found] = loaded.diagnostics.as_slice() else { panic!("{:#?}", loaded.diagnostics) };
    assert_eq!(found.message, "`user` is set twice in [program:x]");
    let lines = (found.span.as_ref().map(|span| span.line), found.related[0].0.line);
    assert_eq!(lines, (Some(5), 4));
}

#[test]
fn traps_are_pointed_out() {
    for (lines, message) in [
        ("directory=~/x", "`~` is not expanded in `directory`"),
        ("command=~/x", "`~` is not expanded in `command`"),
        ("command=A=1 x", "a command does not begin with variables: no shell reads it"),
        ("command=x && y", "`&&` is given to the program as it is: no shell reads the command"),
        ("command=x 2>&1", "`2>&1` is given to the program as it is: no shell reads the command"),
        ("command=x ${Y}", "no shell expands this variable"),
        ("environment=A=$HOME", "A is set to `$` alone"),
        (
            "directory=/tmp\n  [program:y]",
            "this line is indented, so it belongs to the value of `directory` in [program:x]",
        ),
    ] {
        assert_eq!(about(lines), [message], "{lines:?}");
    }
    assert_eq!(
        about("command=sh -c 'a ; b'"),
        ["the value ends here: `;` and `#` after a space begin a comment, also between quotes"]
    );
}

#[test]
fn names_and_passwords_that_let_nobody_in_are_pointed_out() {
    let hash = "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
    let upper = hash.to_uppercase();
    for (server, username, password, message) in [
        (true, "user", format!("{{SHA}}{upper}"), Some("no password has this hash")),
        (true, "user", "{SHA}".to_owned(), Some("no password has this hash")),
        (true, "user", format!("{{sha}}{hash}"), Some("this is no hash but the password itself")),
        (false, "user", format!("{{SHA}}{hash}"), Some("supervisorctl sends this as it is")),
        (
            true,
            "a:b",
            "c".to_owned(),
            Some("nobody can give this name: clients end it at the colon"),
        ),
        (true, "user", format!("{{SHA}}{hash}"), None),
        (true, "user", "ü{SHA}".to_owned(), None),
        (false, "user", "secret".to_owned(), None),
    ] {
        let section = if server { "inet_http_server]\nport=127.0.0.1:1" } else { "supervisorctl]" };
        let text = format!(
            "[supervisord]\n[rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
             [{section}\nusername={username}\npassword={password}\n"
        );
        let loaded = Table::new(text).load();
        let said: Vec<&str> =
            loaded.diagnostics.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(said, Vec::from_iter(message), "{username} {password}");
    }
}

#[test]
fn what_only_looks_like_a_trap_is_left_alone() {
    for lines in [
        "command=sh -c 'a && b > c'",
        "command=/bin/bash -c \"echo $HOME\"",
        "command=ssh host a | b",
        "command=nginx -g \"daemon off;\"",
        "command=awk '{print $NF}' /tmp/x",
        "command=x --regex '^a$' --cost=$5",
        "command=x ; a comment, don't worry",
        "command=x a=b C=d",
        "environment=A=\"$HOME\",B=\"~\"x",
        "environment=\n  USER=\"a\",\n  DIRECTORY=\"b\"",
        "command=x\n  --user=a\n  --x",
    ] {
        assert_eq!(about(lines), [] as [&str; 0], "{lines:?}");
    }
}

#[test]
fn a_server_without_methods_is_pointed_out() {
    let found = warnings("[supervisord]\n[inet_http_server]\nport=127.0.0.1:1\n");
    assert_eq!(found[0].0, "[inet_http_server] serves no methods, so supervisorctl cannot use it");
}

#[test]
fn a_cycle_is_refused_with_every_edge() {
    let text =
        "[supervisord]\n[program:a]\ncommand=x\nafter=b\n[program:b]\ncommand=x\nrequires=a\n";
    let loaded = Table::new(text).load();
    assert!(loaded.plan.is_none());
    let cycle = loaded.diagnostics.iter().find(|found| !found.related.is_empty()).expect("a cycle");
    let mut lines: Vec<(u32, &str)> =
        cycle.related.iter().map(|(span, _)| (span.line, &text[span.start..span.end])).collect();
    lines.sort_unstable();
    assert_eq!(lines, [(4, "after=b"), (7, "requires=a")]);
}

#[test]
fn a_piece_of_a_long_value_is_found_on_its_line() {
    let loaded = Table::new(program_text("environment=A=\"1\",\n    B=\"%(ENV_X)s\"")).load();
    let span = loaded.diagnostics[0].span.clone().expect("a place");
    assert_eq!((span.line, span.column, span.end - span.start), (5, 8, 9));
}

#[test]
fn thousands_of_broken_lines_are_all_reported() {
    let mut text = "[supervisord]\n".to_owned();
    for number in 0..1_000 {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "[program:p{number}]\ncommand=%(x)s\nstartsecs=x\nuser=nosuch\nbroken\nautorstart=1"
        );
    }
    let loaded = Table::new(text).load();
    let count = |wanted| loaded.diagnostics.iter().filter(|d| d.severity == wanted).count();
    assert_eq!((count(Severity::Error), count(Severity::Warning)), (4_000, 1_000));
}

#[test]
fn beyond_ten_thousand_problems_the_rest_is_counted() {
    let text = format!("[supervisord]\n{}", "broken\n".repeat(10_005));
    let loaded = Table::new(text).load();
    assert_eq!(loaded.diagnostics.len(), 10_001);
    assert_eq!(loaded.diagnostics[10_000].message, "5 more problems are not shown");
}

#[test]
fn a_missing_directory_of_logs_is_made_and_said() {
    let hint = "make it beforehand if Supervisor is to read this file: it would refuse all of it";
    for (text, directory) in [
        ("[supervisord]\nlogfile=/no/x.log\n", "/no"),
        ("[supervisord]\nchildlogdir=~/no\n", "/root/no"),
        (
            "[supervisord]\n[program:x]\ncommand=x\nnumprocs=3\nprocess_name=%(process_num)s\n\
          stdout_logfile=logs/%(process_num)s.log\n",
            "logs",
        ),
        ("[supervisord]\n[program:x]\ncommand=x\nstderr_logfile=/no/deep/x.log\n", "/no/deep"),
    ] {
        let message =
            format!("the directory {directory} does not exist; it is made when it is needed");
        assert_eq!(warnings(text), [(message, hint.to_owned())], "{text}");
    }
}

#[test]
fn a_server_that_lets_anyone_in_is_not_served() {
    let said = |port: &str, more: &str| {
        let text = format!(
            "[supervisord]\n[inet_http_server]\nport={port}\n{more}\n[rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        );
        warnings(&text).into_iter().map(|(message, _)| message).collect::<Vec<_>>()
    };
    for port in ["9001", "*:9001", "0.0.0.0:9001", "10.1.2.3:9001", "box:9001", "[::]:9001"] {
        let expected = "[inet_http_server] lets anyone on the network in: not served";
        assert_eq!(said(port, ""), [expected], "{port}");
        assert_eq!(said(port, "username=\npassword=x"), [expected], "{port}");
        assert!(said(port, "username=u\npassword=p").is_empty(), "{port}");
        assert!(said(port, "[visord]\nallow_open=true").is_empty(), "{port}");
    }
    for port in ["127.0.0.1:9001", "127.9.9.9:9001", "localhost:9001", "[::1]:9001"] {
        assert!(said(port, "").is_empty(), "{port}");
    }
}

#[test]
fn a_group_that_is_not_there_is_ignored_and_said() {
    let hint = "write a group of this machine; a group of programs is made with [group:x] and its programs=";
    let text = "[supervisord]\n[program:x]\ncommand=x\ngroup=workers\n";
    assert_eq!(warnings(text), [("Invalid group name workers".to_owned(), hint.to_owned())]);
}

#[test]
fn names_of_a_log_format_are_closed_and_its_own() {
    for line in ["log_format=%(when)s %(message)s", "log_format=%(message)s\ndirectory=%(time)s"] {
        let text = refused(&program_text(line));
        assert!(text.contains("which cannot be expanded"), "{text}");
        assert_eq!(text.contains("message"), line.contains("when"), "the names there are: {text}");
    }
}
