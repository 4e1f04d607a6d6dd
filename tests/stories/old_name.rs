//! Under the name of supervisord: it leaves the terminal, and what was there before it.

use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use visor_tests::{Output, Stage, binary, run, sandboxed, wait_until};

const UP: &str = "[program:up]\ncommand=sleep 1000\nstartsecs=0\n";

/// A daemon that has left the terminal; dropping this ends it.
struct Daemonised<'a> {
    stage: &'a Stage,
    parent: Output,
}

impl<'a> Daemonised<'a> {
    /// Starts it with these arguments, in the directory of the stage.
    fn start(stage: &'a Stage, arguments: &[&str]) -> Self {
        let parent = run(Self::command(stage, arguments).current_dir(stage.dir()));
        Self { stage, parent }
    }

    fn command(stage: &Stage, arguments: &[&str]) -> Command {
        let name = Self::name(stage);
        // Another start on the same stage finds it there.
        drop(std::os::unix::fs::symlink(binary("visord"), &name));
        let mut command = Command::new(name);
        command.args(arguments);
        command
    }

    fn name(stage: &Stage) -> PathBuf {
        stage.path("supervisord")
    }

    fn pid(&self) -> Option<Pid> {
        Some(Pid::from_raw(self.stage.read("visord.pid").trim().parse().ok()?))
    }

    fn is_alive(&self) -> bool {
        self.pid().is_some_and(|pid| kill(pid, None).is_ok())
    }
}

impl Drop for Daemonised<'_> {
    fn drop(&mut self) {
        let Some(pid) = self.pid() else { return };
        if kill(pid, Signal::SIGTERM).is_ok() && !std::thread::panicking() {
            wait_until("the daemon to end", || kill(pid, None).is_err().then_some(()));
        }
    }
}

fn stage(daemon: &str, programs: &str) -> Stage {
    let stage = Stage::new("");
    let text =
        stage.read("visord.conf").replace("nodaemon=true", &format!("nodaemon=false\n{daemon}"));
    stage.write("visord.conf", &format!("{text}{programs}"));
    stage
}

#[test]
fn it_leaves_the_terminal_and_says_so() {
    let stage = stage("", UP);
    let daemon = Daemonised::start(&stage, &["-c", "visord.conf"]);
    assert_eq!((daemon.parent.code, daemon.parent.out.as_str()), (0, ""), "{}", daemon.parent.err);
    stage.reaches("up", "RUNNING");
    stage.says("visord.log", "INFO daemonizing the supervisord process");
    let pid = daemon.pid().expect("a pid file");
    stage.says("visord.log", &format!("INFO supervisord started with pid {pid}"));
    assert_eq!(stage.ctl(&["pid"]).out, format!("{pid}\n"));
    assert_eq!(nix::unistd::getsid(Some(pid)), Ok(pid), "a session of its own");
}

#[test]
fn its_version_is_that_of_the_supervisor_it_stands_for() {
    let stage = stage("", UP);
    for word in ["-v", "--version"] {
        let output = run(&mut Daemonised::command(&stage, &[word]));
        assert_eq!((output.code, output.out.as_str()), (0, "4.3.0\n"), "{word}");
    }
}

#[test]
fn a_second_one_touches_nothing_of_the_first() {
    let stage = stage(
        "",
        "[program:up]\nstartsecs=0\nautostart=true\ncommand=sh -c 'echo here; exec sleep 1000'\n",
    );
    let first = Daemonised::start(&stage, &["-c", "visord.conf"]);
    stage.reaches("up", "RUNNING");
    wait_until("output", || (stage.read_matching("up-stdout") == "here\n").then_some(()));
    stage.says("visord.log", "success: up");
    let (pid, log) = (first.pid(), stage.read("visord.log"));

    let second = run(Daemonised::command(&stage, &["-c", "visord.conf"]).current_dir(stage.dir()));
    assert_eq!(second.code, 2, "{}", second.err);
    for part in ["another visord (pid ", "/bus", "socket="] {
        assert!(second.err.contains(part), "no {part:?} in {}", second.err);
    }
    assert_eq!((first.pid(), stage.read("visord.log")), (pid, log));
    assert_eq!(stage.read_matching("up-stdout"), "here\n");
    assert!(first.is_alive());
    assert_eq!(stage.ctl(&["status"]).code, 0);
}

#[test]
fn relative_paths_mean_the_same_after_it_went_elsewhere() {
    let stage = stage(
        "directory=/\n",
        "[include]\nfiles=more/*.conf\n[program:up]\ncommand=sleep 1000\nstartsecs=0\n",
    );
    std::fs::create_dir(stage.path("more")).expect("mkdir");
    std::fs::create_dir(stage.path("logs")).expect("mkdir");
    let more = "[program:more]\ncommand=sleep 1000\nstartsecs=0\ndirectory=logs\nautostart=false\nstderr_logfile=logs/err\n";
    stage.write("more/more.conf", more);
    let daemon = Daemonised::start(&stage, &["-c", "visord.conf"]);
    assert_eq!(daemon.parent.code, 0, "{}", daemon.parent.err);
    stage.reaches("up", "RUNNING");
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", daemon.pid().expect("a pid file")));
    assert_eq!(cwd.expect("cwd"), PathBuf::from("/"));

    let reread = stage.ctl(&["reread"]);
    assert_eq!(reread.code, 0, "{}", reread.err);
    assert_eq!(reread.out, "No config updates to processes\n");
    let update = stage.ctl(&["update"]);
    assert_eq!(update.code, 0, "{}{}", update.out, update.err);
    assert_eq!(stage.ctl(&["reload"]).code, 0);
    stage.reaches("up", "RUNNING");
    assert!(stage.row("more").is_some());
}

#[test]
fn a_daemon_that_was_killed_leaves_nothing_in_the_way_of_the_next() {
    let stage = stage("", UP);
    let killed = Daemonised::start(&stage, &["-c", "visord.conf"]);
    stage.reaches("up", "RUNNING");
    let left = stage.pid_of("up");
    let old = killed.pid().expect("a pid file");
    kill(old, Signal::SIGKILL).expect("a living daemon");
    wait_until("its end", || kill(old, None).is_err().then_some(()));
    assert!(stage.path("bus").exists() && stage.path("visord.pid").exists());
    let alone = stage.ctl(&["status"]);
    assert!(alone.code != 0 && alone.err.contains("no visord found"), "{}", alone.err);

    let next = Daemonised::start(&stage, &["-c", "visord.conf"]);
    assert_eq!(next.parent.code, 0, "{}", next.parent.err);
    stage.reaches("up", "RUNNING");
    assert_ne!(stage.pid_of("up"), left);
    assert_eq!(stage.ctl(&["pid"]).out, format!("{}\n", next.pid().expect("a pid file")));
    kill(Pid::from_raw(left), Signal::SIGKILL).expect("the program of the one that was killed");
}

/// A configuration as it was before there was a visord, with its files in `NAME`.
fn old_file(stage: &Stage, name: &str) {
    std::fs::create_dir(stage.path(name)).expect("mkdir");
    let here = stage.path(name);
    let here = here.display();
    let text = format!(
        "[supervisord]\nlogfile={here}/log\npidfile={here}/pid\n[unix_http_server]\nfile={here}/sock\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{here}/sock\n[program:{name}]\nstartsecs=0\n\
         command=sh -c 'echo here; exec sleep 1000'\n"
    );
    stage.write(&format!("{name}/conf"), &text);
}

#[test]
fn two_with_different_files_run_beside_each_other() {
    sandboxed("old_name::two_with_different_files_run_beside_each_other", |_| {
        let stage = Stage::new("");
        let ctl = stage.path("supervisorctl");
        std::os::unix::fs::symlink(binary("visorctl"), &ctl).expect("a link");
        let ask = |name: &str, words: &[&str]| {
            run(Command::new(&ctl).arg("-c").arg(stage.path(&format!("{name}/conf"))).args(words))
        };
        let auto = |name: &str| {
            let found = ask(name, &["tail", name]);
            (found.code, found.out)
        };
        for name in ["first", "second"] {
            old_file(&stage, name);
            let conf = format!("{name}/conf");
            let started = run(Daemonised::command(&stage, &["-c", &conf]).current_dir(stage.dir()));
            assert_eq!(started.code, 0, "{}", started.err);
            wait_until("output", || (auto(name) == (0, "here\n\n".to_owned())).then_some(()));
        }
        stage.says("second/log", "another visord");
        assert!(!stage.read("first/log").contains("another visord"));
        assert_eq!(auto("first"), (0, "here\n\n".to_owned()), "its AUTO log is still there");
        for name in ["first", "second"] {
            assert_eq!(ask(name, &["shutdown"]).out, "Shut down\n");
            let pid = stage.path(&format!("{name}/pid"));
            wait_until("its end", || (!pid.exists()).then_some(()));
        }
    });
}
