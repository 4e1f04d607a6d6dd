//! The examples do what they say.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use visor_tests::{Stage, binary, may_unshare, run, skip, wait_until};

use super::{files_below, root, text};

#[test]
fn every_example_has_no_problems() {
    for name in files_below("packaging/examples", ".conf") {
        let part = if name.contains("/conf.d/") { &["--fragment"][..] } else { &[] };
        let output = run(Command::new(binary("visord"))
            .args(["--check", "--strict", "--no-host"])
            .args(part)
            .arg("-c")
            .arg(root().join(&name)));
        assert_eq!(output.code, 0, "{name}:\n{}{}", output.out, output.err);
    }
}

#[test]
fn the_server_includes_its_directory() {
    let file = root().join("packaging/examples/server/visord.conf");
    let words = ["--check", "--json", "--no-host", "-c"];
    let output = run(Command::new(binary("visord")).args(words).arg(file));
    for program in ["db", "web", "worker_01"] {
        assert!(output.out.contains(&format!("\"{program}\"")), "no {program} in {}", output.out);
    }
}

/// The first example as it stands, but for the socket: a daemon that runs on this machine is not disturbed.
#[test]
fn the_first_example_runs_for_anyone() {
    let stage = Stage::new("");
    let text = text("packaging/examples/first.conf");
    let socket = stage.path("bus");
    stage
        .write("visord.conf", &format!("{text}\n[visord]\nbus=off\nsocket={}\n", socket.display()));
    let stage = stage.started();
    let web = stage.wait_for("web", "RUNNING");
    let store = stage.row("store").expect("a row");
    assert_eq!(store["state"], "RUNNING", "web waits for it: {web}");
    stage.reaches("ticker", "RUNNING");
    assert!(stage.read("terminal").contains("visorctl"), "it says what to type next");
}

/// `command` as process 1 of a process namespace, its standard output in a file of the stage; and its pid out here.
fn as_process_1(stage: &Stage, command: &Command) -> (Child, Pid) {
    let log = fs::File::create(stage.path("container.log")).expect("a file on the stage");
    let runtime = Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "--kill-child"])
        .arg(command.get_program())
        .args(command.get_args())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log)
        .spawn()
        .expect("unshare");
    let children = format!("/proc/{0}/task/{0}/children", runtime.id());
    let pid = wait_until("process 1", || fs::read_to_string(&children).ok()?.trim().parse().ok());
    (runtime, Pid::from_raw(pid))
}

/// The container's example as it stands, but for the socket.
#[test]
fn the_container_runs_on_process_1_and_ends_in_order() {
    if !may_unshare() {
        skip("needs root, unshare (util-linux) and the right to use it");
        return;
    }
    let stage = Stage::new("");
    let socket = format!("[visord]\nsocket = {}\n", stage.path("bus").display());
    let text = text("packaging/examples/container.conf").replace("[visord]\n", &socket);
    stage.write("visord.conf", &text);
    let (mut runtime, daemon) = as_process_1(&stage, &stage.daemon_command());
    stage.reaches("worker", "RUNNING");

    kill(daemon, Signal::SIGTERM).expect("a living daemon");
    let status = wait_until("the container to end", || runtime.try_wait().expect("wait"));
    let log = stage.read("container.log");
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("supervisord started with pid 1\n"), "{log}");
    let place = |what: &str| log.find(what).unwrap_or_else(|| panic!("no {what} in {log}"));
    assert!(place("\nserving\n") < place("\nworking\n"));
    assert!(place("stopped: worker") < place("stopped: app"));
}
