//! What a configuration means, as `--check --json` prints it: every option under Supervisor's name for it, in the shape of
//! Supervisor's own objects. Passwords are not shown.

use serde_json::{Map, Value, json};
use visor_units::announce::Topic;
use visor_units::config::{Host, Loaded, Plan};
use visor_units::unit::{
    Autorestart, Ctl, Daemon, Group, GroupKind, HttpServer, Listen, LogFile, LogLevel, MainLog,
    Ordering, Output, Program, Resource, SecretEnvironment, User,
};

/// Stands for every password, and for what is read from an environment file.
const SECRET: &str = "***";

/// Everything that was read.
pub(super) fn document(loaded: &Loaded, host: &dyn Host) -> Value {
    let mut document = loaded.plan.as_ref().map_or_else(Map::new, |plan| meaning(plan, host));
    document.insert("accepted".into(), loaded.plan.is_some().into());
    document.insert("error".into(), loaded.refusal.clone().into());
    document.insert("diagnostics".into(), json!(loaded.diagnostics));
    document.into()
}

fn meaning(plan: &Plan, host: &dyn Host) -> Map<String, Value> {
    let rpc = plan.rpc_interfaces.iter().map(|rpc| json!([rpc.name, rpc.options]));
    let log = |wanted: fn(LogLevel) -> bool| -> Vec<&String> {
        plan.messages.iter().filter(|(level, _)| wanted(*level)).map(|(_, text)| text).collect()
    };
    let parts = [
        ("groups", plan.groups.iter().map(|g| group(g)).collect()),
        ("supervisord", daemon(&plan.daemon, host)),
        ("servers", plan.servers.iter().map(server).collect()),
        ("rpc", rpc.collect()),
        ("ctl", plan.ctl.as_ref().map(ctl).into()),
        ("visord", json!(plan.visord)),
        ("warn", json!(log(|level| level == LogLevel::Warn))),
        ("info", json!(log(|level| level == LogLevel::Info))),
    ];
    parts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn daemon(daemon: &Daemon, host: &dyn Host) -> Value {
    let logfile = match &daemon.logfile {
        MainLog::Path(path) => path,
        MainLog::Syslog => "syslog",
    };
    let user = daemon.user.as_ref();
    json!({
        "nodaemon": daemon.nodaemon,
        "silent": daemon.silent,
        "logfile": logfile,
        "logfile_maxbytes": daemon.logfile_maxbytes,
        "logfile_backups": daemon.logfile_backups,
        "loglevel": level(daemon.loglevel),
        "pidfile": daemon.pidfile,
        "identifier": daemon.identifier,
        "childlogdir": daemon.childlogdir.clone().unwrap_or_else(|| host.temporary_directory()),
        "minfds": daemon.minfds,
        "minprocs": daemon.minprocs,
        "umask": daemon.umask,
        "directory": daemon.directory,
        "user": user.map(|user| &user.name),
        "uid": user.map(|user| user.uid),
        "strip_ansi": daemon.strip_ansi,
        "nocleanup": daemon.nocleanup,
        "environment": daemon.environment,
    })
}

/// Supervisor's number for a log level.
const fn level(level: LogLevel) -> u8 {
    match level {
        LogLevel::Critical => 50,
        LogLevel::Error => 40,
        LogLevel::Warn => 30,
        LogLevel::Info => 20,
        LogLevel::Debug => 10,
        LogLevel::Trace => 5,
        LogLevel::Blather => 3,
    }
}

fn server(server: &HttpServer) -> Value {
    let mut value = match &server.listen {
        Listen::Unix { file, chmod, chown } => json!({
            "family": 1,
            "file": file,
            "chmod": chmod,
            "chown": owner(chown.as_ref()),
        }),
        Listen::Inet { host, port } => json!({ "family": 2, "host": host, "port": port }),
    };
    value["section"] = json!(server.section);
    value["name"] = json!(server.section.split_once(':').map(|(_, name)| name));
    value["username"] = json!(server.username);
    value["password"] = json!(server.password.as_ref().map(|_| SECRET));
    value
}

/// Uid and gid; -1 keeps what is there.
fn owner(owner: Option<&User>) -> [i64; 2] {
    let id = |id: u32| if id == u32::MAX { -1 } else { i64::from(id) };
    owner.map_or([-1, -1], |owner| [id(owner.uid), id(owner.gid)])
}

fn ctl(ctl: &Ctl) -> Value {
    json!({
        "serverurl": ctl.serverurl,
        "username": ctl.username,
        "password": ctl.password.as_ref().map(|_| SECRET),
        "prompt": ctl.prompt,
        "history_file": ctl.history_file,
    })
}

fn group(group: &Group) -> Value {
    let mut value = json!({
        "group": group.name,
        "priority": group.priority,
        "procs": group.programs.iter().map(|program| process(program)).collect::<Vec<_>>(),
        "section": group.origin.section,
        "file": group.origin.file,
        "line": group.origin.line,
        "order": ordering(&group.ordering),
    });
    let (kind, extra) = match &group.kind {
        GroupKind::Program | GroupKind::Group => ("ProcessGroupConfig", json!({})),
        GroupKind::EventListener { buffer_size, events, result_handler } => {
            value["events"] = json!(events);
            value["result_handler"] = json!(result_handler);
            ("EventListenerPoolConfig", listener(*buffer_size, events))
        }
        GroupKind::FastCgi(socket) => {
            value["socket_owner"] = json!(owner(socket.owner.as_ref()));
            value["socket_mode"] = json!(socket.mode);
            value["socket_backlog"] = json!(socket.backlog);
            ("FastCGIGroupConfig", json!({ "socket_config": format!("<SOCKET {}>", socket.url) }))
        }
    };
    value["kind"] = json!(kind);
    value["extra"] = extra;
    value
}

/// A pool as Supervisor's objects show it: events by the names of their classes, sorted.
fn listener(buffer_size: i64, events: &[Topic]) -> Value {
    let mut classes: Vec<String> = events.iter().map(|topic| class(topic.name())).collect();
    classes.sort();
    json!({ "buffer_size": buffer_size, "pool_events": classes, "result_handler": "<callable>" })
}

/// `<class Tick60Event>` for `TICK_60`.
fn class(event: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{first}{}", rest.to_lowercase())
    };
    match event {
        "EVENT" => "<class Event>".to_owned(),
        _ => format!("<class {}Event>", event.split('_').map(word).collect::<String>()),
    }
}

fn process(program: &Program) -> Value {
    let autorestart = match program.autorestart {
        Autorestart::Always => "true",
        Autorestart::Never => "false",
        Autorestart::Unexpected => "unexpected",
    };
    let mut value = json!({
        "name": program.name.process,
        "command": program.command,
        "directory": program.directory,
        "umask": program.umask,
        "priority": program.priority,
        "autostart": program.autostart,
        "autorestart": autorestart,
        "startsecs": program.startsecs,
        "startretries": program.startretries,
        "restart_delay": program.pacing.delay.map(|delay| delay.as_secs_f64()),
        "restart_max_delay": program.pacing.max_delay.map(|delay| delay.as_secs_f64()),
        "early_exit": program.pacing.early_exit.name(),
        "uid": program.user.as_ref().map(|user| user.uid),
        "user": program.user.as_ref().map(|user| &user.name),
        "gid": program.groups.primary,
        "groups": program.groups.supplementary,
        "nice": program.resources.nice,
        "redirect_stderr": program.redirect_stderr,
        "log_format": program.log_format.as_ref().map(ToString::to_string),
        "stopsignal": program.stopsignal,
        "stopwaitsecs": program.stopwaitsecs,
        "stopasgroup": program.stopasgroup,
        "killasgroup": program.killasgroup,
        "exitcodes": program.exitcodes,
        "environment": program.environment,
        "environment_file": hidden(&program.secrets),
        "serverurl": program.serverurl,
        "section": program.origin.section,
        "order": ordering(&program.ordering),
    });
    for (resource, key) in Resource::ALL {
        value[key] = json!(program.resources.limit(resource).map(|limit| limit.to_string()));
    }
    output(&mut value, "stdout", &program.stdout);
    output(&mut value, "stderr", &program.stderr);
    value
}

/// The names alone.
fn hidden(secrets: &SecretEnvironment) -> Value {
    secrets.0.keys().map(|name| (name.clone(), json!(SECRET))).collect::<Map<_, _>>().into()
}

fn output(value: &mut Value, stream: &str, output: &Output) {
    let logfile = match &output.logfile {
        LogFile::Auto => Some("<AUTO>"),
        LogFile::None => None,
        LogFile::Path(path) => Some(path.as_str()),
    };
    let settings = [
        ("logfile", json!(logfile)),
        ("logfile_maxbytes", json!(output.maxbytes)),
        ("logfile_backups", json!(output.backups)),
        ("capture_maxbytes", json!(output.capture_maxbytes)),
        ("events_enabled", json!(output.events_enabled)),
        ("syslog", json!(output.syslog)),
        ("journal", json!(output.journal)),
    ];
    for (key, setting) in settings {
        value[format!("{stream}_{key}")] = setting;
    }
}

fn ordering(ordering: &Ordering) -> Value {
    let [requires, wants, after, before] = ordering.names();
    json!({ "requires": requires, "wants": wants, "after": after, "before": before })
}

#[cfg(test)]
mod tests {
    use visor_units::config::{Request, load};

    use super::*;
    use crate::config::Machine;

    fn document_of(text: &str) -> Value {
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("x.conf").display().to_string();
        std::fs::write(&file, text).expect("written");
        let request = Request { file, no_host: true, ..Request::default() };
        let machine = Machine::default().offline();
        document(&load(&request, &machine), &machine)
    }

    #[test]
    fn every_option_stands_under_its_own_name() {
        let document = document_of(
            "[supervisord]\nloglevel=debug\n[unix_http_server:a]\nfile=/a\nusername=u\npassword=secret\n\
             [program:x]\ncommand=x\nuser=someone\nstderr_logfile=NONE\nautorestart=no\nwants=y\n\
             restart_delay=500ms\nearly_exit=ok\nnice=5\nlimit_nofile=1k:infinity\ngroup=x\n\
             [eventlistener:y]\ncommand=y\nevents=TICK_60,EVENT\n[fcgi-program:z]\ncommand=z\nsocket=tcp://h:1\n",
        );
        let [y, x, z] = [0, 1, 2].map(|at: usize| document["groups"][at].clone());
        let process = &x["procs"][0];
        for (key, value) in [
            ("name", json!("x")),
            ("uid", json!(1000)),
            ("stdout_logfile", json!("<AUTO>")),
            ("stderr_logfile", json!(null)),
            ("stdout_logfile_maxbytes", json!(52_428_800)),
            ("autorestart", json!("false")),
            ("stopsignal", json!(15)),
            ("restart_delay", json!(0.5)),
            ("restart_max_delay", json!(null)),
            ("early_exit", json!("ok")),
            ("nice", json!(5)),
            ("gid", json!(1000)),
            ("groups", json!([])),
            ("limit_nofile", json!("1024:infinity")),
            ("limit_core", json!(null)),
            ("stdout_journal", json!(true)),
        ] {
            assert_eq!(process[key], value, "{key}");
        }
        assert_eq!(process["order"]["wants"], json!(["y"]));
        assert_eq!(y["extra"]["pool_events"], json!(["<class Event>", "<class Tick60Event>"]));
        assert_eq!((&y["kind"], &y["priority"]), (&json!("EventListenerPoolConfig"), &json!(-1)));
        assert_eq!(z["extra"]["socket_config"], "<SOCKET tcp://h:1>");
        assert_eq!(document["supervisord"]["loglevel"], 10);
        assert_eq!(document["servers"][0]["name"], "a");
        assert!(!document.to_string().contains("secret"), "passwords are not shown");
    }

    #[test]
    fn a_refused_file_has_its_problems_and_no_meaning() {
        let document = document_of("[supervisord]\nminfds=x\n");
        assert_eq!(document["accepted"], false);
        assert_eq!(document["error"], "invalid literal for int() with base 10: 'x'");
        assert_eq!(document["diagnostics"][0]["span"]["line"], 2);
        assert!(document.get("groups").is_none());
    }
}
