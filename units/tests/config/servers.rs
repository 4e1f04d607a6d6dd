//! The daemon's own sections, servers, listeners, FastCGI programs and groups.

use visor_units::announce::Topic;
use visor_units::config::{Difference, Request, load_ctl};
use visor_units::name::ProcessName;
use visor_units::unit::{
    ExitWhen, FcgiSocket, GroupKind, Listen, LogLevel, MainLog, OnOffAuto, WhichBus,
};

use crate::host::{MAIN, Table, accepted, refused, warnings};

#[test]
fn defaults_of_the_daemon() {
    let plan = accepted("[supervisord]\n");
    let daemon = plan.daemon;
    assert_eq!(daemon.logfile, MainLog::Path("/srv/supervisord.log".into()));
    assert_eq!(daemon.pidfile, "/srv/supervisord.pid");
    assert_eq!((daemon.logfile_maxbytes, daemon.logfile_backups), (52_428_800, 10));
    assert_eq!((daemon.minfds, daemon.minprocs, daemon.umask), (1024, 200, 0o22));
    assert_eq!((daemon.loglevel, daemon.identifier.as_str()), (LogLevel::Info, "supervisor"));
    assert!(daemon.user.is_none() && daemon.directory.is_none() && daemon.childlogdir.is_none());
    assert!(!daemon.nodaemon && !daemon.silent && !daemon.nocleanup && !daemon.strip_ansi);
}

#[test]
fn settings_of_the_daemon() {
    let plan = accepted(
        "[supervisord]\nlogfile=syslog\nloglevel=WARN\npidfile=/tmp/./x.pid\nuser=www\n\
         childlogdir=/tmp\ndirectory=/root\numask=077\nnodaemon=yes\nminfds=5\n\
         [visord]\nsocket=run/bus\nbus=session\njournal=off\n",
    );
    let daemon = plan.daemon;
    assert_eq!((daemon.logfile, daemon.loglevel), (MainLog::Syslog, LogLevel::Warn));
    assert_eq!((daemon.pidfile.as_str(), daemon.umask), ("/tmp/x.pid", 0o77));
    assert_eq!(daemon.user.map(|user| user.uid), Some(33));
    assert_eq!(plan.visord.socket.as_deref(), Some("/srv/run/bus"));
    assert_eq!((plan.visord.bus, plan.visord.journal), (WhichBus::Session, OnOffAuto::Off));
}

#[test]
fn when_to_end_is_a_word_or_a_process_that_is_there() {
    let programs = "[program:web]\ncommand=x\n[program:n]\ncommand=x\nnumprocs=2\nprocess_name=n%(process_num)d\n";
    let with = |value: &str| format!("[supervisord]\n[visord]\nexit_when={value}\n{programs}");
    for (value, condition) in [
        ("any-fatal", ExitWhen::AnyFatal),
        ("ALL-exited", ExitWhen::AllExited),
        ("*", ExitWhen::AllExited),
        ("web", ExitWhen::Process(ProcessName::new("web", "web"))),
        ("n:n1", ExitWhen::Process(ProcessName::new("n", "n1"))),
        ("n:*", ExitWhen::Group("n".into())),
    ] {
        assert_eq!(accepted(&with(value)).visord.exit_when, Some(condition), "{value}");
    }
    assert_eq!(accepted("[supervisord]\n").visord.exit_when, None);
    for (value, text) in [
        ("wbe", "exit_when names unknown process wbe"),
        ("n", "exit_when names unknown process n"),
        ("w:*", "exit_when names unknown process w:*"),
        ("w*", "invalid 'exit_when' value 'w*'"),
        ("", "invalid 'exit_when' value ''"),
    ] {
        assert_eq!(refused(&with(value)), text);
    }
    let always = "[supervisord]\n[visord]\nexit_when=x\n[program:x]\ncommand=x\nautorestart=true\n";
    let hint = "visord ends only when it is given up; set autorestart=false on it";
    let message = "x is started again whenever it ends (autorestart=true)";
    assert_eq!(warnings(always), [(message.to_owned(), hint.to_owned())]);
}

#[test]
fn refused_settings_of_the_daemon() {
    for (line, text) in [
        ("loglevel=warning", "bad logging level name 'warning'"),
        ("logfile='/no/x'", "The directory named as part of the path '/no/x' does not exist"),
        ("pidfile=/no/x.pid", "The directory named as part of the path /no/x.pid does not exist"),
        ("childlogdir=$LOGS", "$LOGS is not an existing directory"),
        ("childlogdir=", " is not an existing directory"),
        ("directory=/no", "/no is not an existing directory"),
        ("user=nosuch", "Invalid user name nosuch"),
        ("umask=9", "9 can not be converted to an octal type"),
        ("minfds=many", "invalid literal for int() with base 10: 'many'"),
        ("nodaemon=maybe", "not a valid boolean value: 'maybe'"),
    ] {
        assert_eq!(refused(&format!("[supervisord]\n{line}\n")), text);
    }
}

#[test]
fn servers_come_inet_first() {
    let plan = accepted(
        "[supervisord]\n[unix_http_server]\nfile=~/x/../a.sock\nchmod=0770\nchown=www:adm\n\
         username=u\npassword=p\n[inet_http_server]\nport=Localhost:9001\n\
         [inet_http_server:b]\nport=*:1\n[inet_http_serverc]\nport=65535\n",
    );
    let listen: Vec<String> =
        plan.servers.iter().map(|server| format!("{:?}", server.listen)).collect();
    assert_eq!(
        listen,
        [
            "Inet { host: \"localhost\", port: 9001 }",
            "Inet { host: \"\", port: 1 }",
            "Inet { host: \"\", port: 65535 }",
            "Unix { file: \"/root/a.sock\", chmod: 504, chown: Some(User { name: \"www\", uid: 33, gid: 4 }) }",
        ]
    );
    assert_eq!(plan.servers[3].username.as_deref(), Some("u"));
    assert!(!format!("{:?}", plan.servers[3]).contains("\"p\""), "the password is not shown");
    let plan = accepted("[supervisord]\n[unix_http_server]\nfile=/a\n");
    let expected = Listen::Unix { file: "/a".into(), chmod: 0o700, chown: None };
    assert_eq!(plan.servers[0].listen, expected);
}

#[test]
fn refused_servers() {
    for (text, refusal) in [
        ("[inet_http_server]\n", "section [inet_http_server] has no port value"),
        ("[unix_http_server]\n", "section [unix_http_server] has no file value"),
        ("[inet_http_server]\nport=x", "not a valid port number: 'x' "),
        ("[inet_http_server]\nport=0", "not a valid port number: '0' "),
        ("[inet_http_server]\nport=h:", "no port number specified in ''"),
        ("[inet_http_server]\nport=h:0", "0 is below lower bound (1)"),
        ("[inet_http_server]\nport=h:65536", "65536 is above upper bound (65535)"),
        ("[inet_http_server]\nport=h:x", "invalid literal for int() with base 10: 'x'"),
        ("[unix_http_server]\nfile=/a\nchmod=9", "Invalid chmod value 9"),
        ("[unix_http_server]\nfile=/a\nchown=nobody:x", "Invalid sockchown value nobody:x"),
        (
            "[unix_http_server]\nfile=/a\nusername=u",
            "Section [unix_http_server] contains incomplete authentication: If a username or a \
             password is specified, both the username and password must be specified",
        ),
        (
            "[rpcinterface:a]\n",
            "section [rpcinterface:a] does not specify a supervisor.rpcinterface_factory",
        ),
        (
            "[inet_http_server]\nport=1\n[rpcinterface:supervisor]\nx=1\n\
             supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            "Could not make supervisor rpc interface",
        ),
    ] {
        assert_eq!(refused(&format!("[supervisord]\n{text}\n")), refusal);
    }
}

#[test]
fn interfaces_keep_their_options() {
    let plan = accepted(
        "[supervisord]\n[rpcinterface:twiddler]\nsupervisor.rpcinterface_factory=a.b:c\nx=%(ENV_PORT)s\n",
    );
    let [interface] = plan.rpc_interfaces.as_slice() else { panic!("one interface") };
    assert_eq!((interface.name.as_str(), interface.factory.as_str()), ("twiddler", "a.b:c"));
    assert_eq!(interface.options["x"], "8000");
}

#[test]
fn the_clients_section_is_read_and_does_not_refuse_the_daemon() {
    let ctl = accepted("[supervisord]\n[supervisorctl]\n").ctl.expect("there is one");
    assert_eq!(
        (ctl.serverurl.as_str(), ctl.prompt.as_str()),
        ("http://localhost:9001", "supervisor")
    );
    let ctl =
        accepted("[supervisord]\n[supervisorctl]\nserverurl=unix://%(here)s/x\nprompt=%(p)s\n").ctl;
    assert_eq!(ctl.expect("there is one").serverurl, "unix:///etc/sv/x");
    assert!(accepted("[supervisord]\n").ctl.is_none());
}

#[test]
fn the_client_reads_its_section_and_nothing_else() {
    let read = |text: &str| {
        let request = Request { file: MAIN.into(), no_host: true, ..Request::default() };
        load_ctl(&request, &Table::new(text))
    };
    let ctl = read(
        "[supervisorctl]\nserverurl=unix://~/x\nusername=u\npassword=%(ENV_PORT)s\nhistory_file=%(here)s/h\n\
         [program:x]\ncommand=%(no)s\n[include]\nfiles=/no/such\n",
    );
    let ctl = ctl.expect("its own section is right");
    assert_eq!(ctl.serverurl, "unix:///root/x");
    assert_eq!((ctl.username.as_deref(), ctl.password.as_deref()), (Some("u"), Some("8000")));
    assert_eq!(ctl.history_file.as_deref(), Some("/etc/sv/h"));

    let unknown = |option: &str, here: &str| {
        format!(
            "Format string '%(x)s' for 'supervisorctl.{option}' contains names ('x') which cannot be \
             expanded. Available names: ENV_EMPTY, ENV_HOME, ENV_PORT{here}"
        )
    };
    for (text, refusal) in [
        ("[supervisord]\n", ".ini file does not include supervisorctl section".to_owned()),
        ("[supervisorctl]\nprompt=%(x)s\n", unknown("prompt", "")),
        ("[supervisorctl]\nprompt=%(x)s\nserverurl=%(x)s\n", unknown("serverurl", ", here")),
    ] {
        assert_eq!(read(text), Err(refusal), "{text}");
    }
}

#[test]
fn groups_start_by_priority_and_name() {
    let plan = accepted(
        "[supervisord]\n[program:b]\ncommand=x\n[program:a]\ncommand=x\n[program:c]\ncommand=x\npriority=1\n\
         [eventlistener:l]\ncommand=x\nevents=tick_60, PROCESS_STATE ,TICK_60\n[group:g]\nprograms=d,b\npriority=1\n\
         [program:d]\ncommand=x\nnumprocs=2\nprocess_name=%(group_name)s%(process_num)d\n",
    );
    let shown: Vec<String> = plan
        .groups
        .iter()
        .map(|group| {
            let names: Vec<&str> = group.programs.iter().map(|p| &*p.name.process).collect();
            format!("{} {} {}", group.priority, group.name, names.join("+"))
        })
        .collect();
    assert_eq!(shown, ["-1 l l", "1 c c", "1 g g0+g1+b", "999 a a"]);
    let GroupKind::EventListener { buffer_size, events, .. } = &plan.groups[0].kind else {
        panic!("a listener")
    };
    assert_eq!((*buffer_size, events.as_slice()), (10, &[Topic::Tick60, Topic::ProcessState][..]));
    assert_eq!(plan.groups[0].programs[0].priority, 999);
}

#[test]
fn a_program_may_be_in_several_groups() {
    let plan = accepted(
        "[supervisord]\n[group:a]\nprograms=x\n[group:b]\nprograms=x\n[program:x]\ncommand=%(group_name)s\n",
    );
    let commands: Vec<&str> = plan.groups.iter().map(|g| g.programs[0].command.as_str()).collect();
    assert_eq!(commands, ["a", "b"]);
}

#[test]
fn of_two_groups_of_one_name_the_first_is_started() {
    let plan = accepted(
        "[supervisord]\n[group:a]\nprograms=x\npriority=1\n[program:x]\ncommand=x\n[program:a]\ncommand=a\n",
    );
    let kinds: Vec<&GroupKind> = plan.groups.iter().map(|group| &group.kind).collect();
    assert_eq!(kinds, [&GroupKind::Group]);
}

#[test]
fn a_fastcgi_program_in_a_group_keeps_its_socket() {
    let text = "[supervisord]\n[group:g]\nprograms=f,p\n[program:p]\ncommand=p\n[fcgi-program:f]\ncommand=x\n\
        numprocs=2\nprocess_name=%(process_num)d\n";
    let url = |text: &str| {
        let group = accepted(text).groups[0].clone();
        assert_eq!((&*group.name, &group.kind), ("g", &GroupKind::Group));
        let urls = group.programs.iter().map(|program| program.socket.as_ref());
        urls.map(|socket| socket.map(|socket| socket.url.clone())).collect::<Vec<_>>()
    };
    let with = |lines: &str| format!("{text}{lines}\n");
    let shared = Some("unix:///a/f".to_owned());
    assert_eq!(url(&with("socket=unix:///a/%(program_name)s")), [shared.clone(), shared, None]);
    // Supervisor accepts these, because it does not look.
    for (lines, message) in [
        ("", "[fcgi-program:f] section requires a \"socket\" line"),
        ("socket=f", "Bad socket format f in [fcgi-program:f] socket"),
        ("socket=tcp://a:1\nsocket_backlog=0", "Invalid socket_backlog value 0"),
    ] {
        assert_eq!(url(&with(lines)).len(), 3);
        let said: Vec<String> = warnings(&with(lines)).into_iter().map(|(text, _)| text).collect();
        assert_eq!(said, [message]);
    }
}

#[test]
fn another_setting_of_a_socket_is_a_change() {
    let file = |section: &str, line: &str| {
        let text = format!(
            "[supervisord]\n{section}[fcgi-program:f]\ncommand=x\nsocket=unix:///a\n{line}\n"
        );
        accepted(&text).groups
    };
    for section in ["", "[group:f]\nprograms=f\n"] {
        let before = file(section, "");
        for line in ["socket_mode=0777", "socket_owner=www", "socket_backlog=5", "user=www"] {
            let found = Difference::between(&before, &file(section, line));
            assert_eq!(found.changed, ["f".into()], "{section}{line}");
        }
        assert_eq!(Difference::between(&before, &file(section, "")), Difference::default());
    }
}

#[test]
fn sockets_of_fastcgi_programs() {
    let socket = |lines: &str| {
        let plan = accepted(&format!("[supervisord]\n[fcgi-program:f]\ncommand=x\n{lines}\n"));
        let GroupKind::FastCgi(socket) = plan.groups[0].kind.clone() else { panic!("FastCGI") };
        let FcgiSocket { url, owner, mode, backlog } = (*socket).clone();
        (url, owner.map(|owner| (owner.uid, owner.gid)), mode, backlog)
    };
    assert_eq!(
        socket("socket=unix:///a/./%(program_name)s"),
        ("unix:///a/f".into(), None, Some(0o700), None)
    );
    assert_eq!(
        socket("socket=unix:///a\nuser=www\nsocket_mode=0777\nsocket_backlog=5"),
        ("unix:///a".into(), None, Some(0o777), Some(5))
    );
    assert_eq!(
        socket("socket=unix:///a\nsocket_owner=root:adm"),
        ("unix:///a".into(), Some((0, 4)), Some(0o700), None)
    );
    assert_eq!(socket("socket=tcp://Host:80"), ("tcp://host:80".into(), None, None, None));
}

#[test]
fn refused_groups_listeners_and_sockets() {
    for (text, refusal) in [
        ("[group:g]\nprograms=x", "[group:g] names unknown program or fcgi-program x"),
        (
            "[group:g]\nprograms=x\n[program:x]\ncommand=x\n[fcgi-program:x]\ncommand=x\nsocket=tcp://a:1",
            "[group:g] name x is ambiguous (exists as program and fcgi-program)",
        ),
        ("[group:a b]\n", "Invalid name: 'a b' because of character: ' '"),
        ("[eventlistener:l]\ncommand=x", "[eventlistener:l] section requires an \"events\" line"),
        (
            "[eventlistener:l]\ncommand=x\nevents=TICK,x",
            "Unknown event type X in [eventlistener:l] events",
        ),
        (
            "[eventlistener:l]\ncommand=x\nevents=TICK\nbuffer_size=0",
            "[eventlistener:l] section sets invalid buffer_size (0)",
        ),
        (
            "[eventlistener:l]\ncommand=x\nevents=TICK\nredirect_stderr=1",
            "[eventlistener:l] section sets redirect_stderr=true but this is not allowed because it will \
             interfere with the eventlistener protocol",
        ),
        ("[fcgi-program:f]\ncommand=x", "[fcgi-program:f] section requires a \"socket\" line"),
        (
            "[fcgi-program:f]\ncommand=x\nsocket=unix://a",
            "Unix socket path a is not an absolute path in [fcgi-program:f] socket",
        ),
        (
            "[fcgi-program:f]\ncommand=x\nsocket=tcp://a",
            "Bad socket format tcp://a in [fcgi-program:f] socket",
        ),
        (
            "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:65536",
            "65536 is above upper bound (65535) in [fcgi-program:f] socket",
        ),
        (
            "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:1\nsocket_mode=0700",
            "socket_owner and socket_mode params should only be used with a Unix domain socket in \
             [fcgi-program:f] socket",
        ),
        (
            "[fcgi-program:f]\ncommand=x\nsocket=tcp://a:1\nsocket_backlog=0",
            "Invalid socket_backlog value 0",
        ),
        (
            "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nsocket_mode=9",
            "Invalid socket_mode value 9",
        ),
        (
            "[fcgi-program:f]\ncommand=x\nsocket=unix:///a\nsocket_owner=x",
            "Invalid socket_owner value x",
        ),
    ] {
        assert_eq!(refused(&format!("[supervisord]\n{text}\n")), refusal);
    }
}
