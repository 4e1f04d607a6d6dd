//! Clients that others have written, asking the real supervisord and visord.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use visor_tests::{run, skip, wait_until};

use super::daemon::{Daemon, Kind};
use crate::reference;

const PROGRAMS: &str = "\
[program:web]
command=sleep 1000
process_name=%(program_name)s_%(process_num)d
numprocs=2
startsecs=0
[program:idle]
command=sleep 1000
autostart=false
[program:quits]
command=false
startsecs=0
autorestart=false
";

/// A command of this machine; if it is not there, the test of this thread is skipped.
fn has(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(name).is_file());
    if !found {
        skip(&format!("needs {name}"));
    }
    found
}

/// What a client makes of each daemon, once that runs what it is to run.
fn both(python: &Path, see: impl Fn(&Daemon) -> String) -> [String; 2] {
    [Kind::Reference, Kind::Ours].map(|kind| {
        let daemon = Daemon::start(kind, python, PROGRAMS);
        let url = format!("unix://{}", daemon.path("s.sock").display());
        let status = || {
            run(Command::new(python.with_file_name("supervisorctl")).args(["-s", &url, "status"]))
        };
        wait_until("the programs to settle", || {
            let table = status().out;
            let is_in = |name, state| {
                table.lines().any(|line| line.split_whitespace().take(2).eq([name, state]))
            };
            let settled = is_in("quits", "EXITED") && is_in("web:web_1", "RUNNING");
            settled.then_some(())
        });
        see(&daemon)
    })
}

/// A process that is ended with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(pid) = self.0.id().try_into() {
            // It may have ended by itself; then there is nothing left to end.
            let _gone = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        drop(self.0.wait());
    }
}

fn metrics(daemon: &Daemon) -> String {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = port.expect("a free port").to_string();
    let url = format!("unix://{}", daemon.path("s.sock").display());
    let exporter = Command::new("prometheus-node-exporter")
        .args(["--collector.disable-defaults", "--collector.supervisord"])
        .arg(format!("--collector.supervisord.url={url}"))
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus-node-exporter");
    let _running = Running(exporter);
    let mut connection = wait_until("the exporter to listen", || TcpStream::connect(&address).ok());
    connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").expect("a request");
    let mut text = String::new();
    connection.read_to_string(&mut text).expect("metrics");
    // When each began is its own affair.
    let ours = |line: &&str| {
        (line.starts_with("node_supervisord_") && !line.contains("start_time"))
            || line.starts_with("node_scrape_collector_success")
    };
    text.lines().filter(ours).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_node_exporter_of_prometheus_sees_the_same() {
    let Some(python) = reference() else { return };
    if !has("prometheus-node-exporter") {
        return;
    }
    let [theirs, ours] = both(&python, metrics);
    assert!(
        theirs.contains("node_scrape_collector_success{collector=\"supervisord\"} 1"),
        "{theirs}"
    );
    assert!(theirs.contains("node_supervisord_up{"), "{theirs}");
    assert_eq!(ours, theirs);
}

/// What Ansible's module says of each state, one after the other.
fn play(python: &Path, daemon: &Daemon) -> String {
    let tasks = [
        ("idle", "started"),
        ("idle", "started"),
        ("idle", "restarted"),
        ("idle", "stopped"),
        ("idle", "stopped"),
        ("web:", "restarted"),
        ("web:web_0", "signalled signal=HUP"),
        ("quits", "present"),
        ("nonsense", "started"),
        ("idle", "absent"),
        ("idle", "present"),
    ];
    let ctl = python.with_file_name("supervisorctl");
    let mut said = String::new();
    for (name, state) in tasks {
        let arguments = format!(
            "name={name} state={state} config={} supervisorctl_path={}",
            daemon.path("visord.conf").display(),
            ctl.display()
        );
        let output = run(Command::new("ansible")
            .args(["localhost", "-m", "community.general.supervisorctl", "-a", &arguments])
            .env("ANSIBLE_NOCOLOR", "1")
            .env("HOME", daemon.directory()));
        let shown = output.out.replace(&daemon.directory().display().to_string(), "HERE");
        said.push_str(&format!("{name} {state} [{}]\n{shown}\n", output.code));
    }
    said
}

#[test]
fn ansible_gets_its_way_with_both() {
    let Some(python) = reference() else { return };
    if !has("ansible") {
        return;
    }
    let known = run(Command::new("ansible-doc").args(["-l", "community.general"]));
    if !known.out.contains("supervisorctl") {
        skip("needs the collection community.general of Ansible");
        return;
    }
    let [theirs, ours] = both(&python, |daemon| play(&python, daemon));
    assert!(theirs.contains("idle started [0]"), "{theirs}");
    assert_eq!(ours, theirs);
}
