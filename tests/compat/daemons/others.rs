//! Clients that others have written, asking the real supervisord and visord.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use visor_tests::{METHODS, ON_SOCKET, Running, Stage, run, skip, wait_until};

use crate::both::{Seen, both};
use crate::{reference, shows};

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
fn settled(python: &Path, see: impl Fn(&Stage) -> String + Sync) -> Seen<String> {
    both(python, |stage| {
        stage.configure(&format!("{ON_SOCKET}{METHODS}{PROGRAMS}"));
        stage.launch_listening();
        for (name, state) in [("quits", "EXITED"), ("web:web_1", "RUNNING")] {
            wait_until("the programs to settle", || {
                let mut ctl = Command::new(python.with_file_name("supervisorctl"));
                let table = run(ctl.args(["-s", &stage.url(), "status"])).out;
                shows(&table, name, state).then_some(())
            });
        }
        see(stage)
    })
}

fn metrics(stage: &Stage) -> String {
    let address = format!("127.0.0.1:{}", stage.port());
    let mut exporter = Command::new("prometheus-node-exporter");
    exporter
        .args(["--collector.disable-defaults", "--collector.supervisord"])
        .arg(format!("--collector.supervisord.url={}", stage.url()))
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _running = Running::start(&mut exporter);
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
    let seen = settled(&python, metrics);
    for metric in
        ["node_scrape_collector_success{collector=\"supervisord\"} 1", "node_supervisord_up{"]
    {
        assert!(seen.theirs.contains(metric), "{}", seen.theirs);
    }
    assert_eq!(seen.ours, seen.theirs);
}

/// What Ansible's module says of each state, one after the other.
fn play(python: &Path, stage: &Stage) -> String {
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
            stage.path("visord.conf").display(),
            ctl.display()
        );
        let output = run(Command::new("ansible")
            .args(["localhost", "-m", "community.general.supervisorctl", "-a", &arguments])
            .env("ANSIBLE_NOCOLOR", "1")
            .env("HOME", stage.dir()));
        let shown = stage.masked(&output.out);
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
    let seen = settled(&python, |stage| play(&python, stage));
    assert!(seen.theirs.contains("idle started [0]"), "{}", seen.theirs);
    assert_eq!(seen.ours, seen.theirs);
}
