//! How it ends, and what is asked while it does.

use nix::sys::signal::Signal;
use visor_tests::{Stage, wait_until};

#[test]
fn a_signal_is_heard_while_the_first_order_waits() {
    let mut stage =
        Stage::new("[program:slow]\ncommand=sleep 1000\nautostart=false\nstartsecs=1000\n")
            .started();
    let mut order = stage.ctl_beside(&["start", "slow"], "order");
    stage.reaches("slow", "STARTING");
    stage.end();
    let status = order.wait().expect("visorctl");
    assert_ne!(status.code(), Some(0), "{}", stage.read("order"));
    assert!(stage.read("order").contains("slow: ERROR"), "{}", stage.read("order"));
}

#[test]
fn the_last_answer_reaches_the_one_who_asked() {
    for programs in ["", "[program:up]\ncommand=sleep 1000\nstartsecs=0\n"] {
        let mut stage = Stage::new(programs).started();
        let output = stage.ctl(&["shutdown"]);
        assert_eq!(output.code, 0, "{}{}", output.out, output.err);
        assert_eq!(stage.ended(), 0);
    }
}

#[test]
fn a_thousand_programs_that_are_being_started_are_all_stopped() {
    let mut stage = Stage::new(
        "[program:many]\ncommand=sleep 1000\nnumprocs=1000\nprocess_name=p_%(process_num)04d\n\
         stdout_logfile=NONE\nstderr_logfile=NONE\n",
    );
    stage.launch_under(&[]);
    stage.says("visord.log", "spawned: 'p_0000'");
    stage.end();
    let log = stage.read("visord.log");
    let (spawned, stopped) =
        (log.matches(" spawned: 'p_").count(), log.matches(" stopped: p_").count());
    assert!(spawned > 0 && spawned == stopped, "{spawned} were started, {stopped} stopped");
    assert!(!stage.path("visord.pid").exists() && !stage.path("bus").exists());
}

#[test]
fn a_storm_of_ends_keeps_nobody_from_being_heard() {
    let mut stage = Stage::new(
        "[program:storm]\ncommand=true\nnumprocs=100\nprocess_name=p_%(process_num)02d\nautorestart=true\n\
         startsecs=0\nrestart_delay=1ms\nstdout_logfile=NONE\nstderr_logfile=NONE\n[program:up]\ncommand=sleep 1000\nstartsecs=0\n",
    )
    .started();
    stage.reaches("up", "RUNNING");
    let restarts = || stage.row("storm:p_99").and_then(|row| row["restarts"].as_u64());
    wait_until("twenty restarts", || restarts().filter(|count| *count > 20));
    assert_eq!(stage.ctl(&["restart", "up"]).code, 0);
    let stopped = stage.ctl(&["stop", "storm:*"]);
    assert_eq!(stopped.code, 0, "{}{}", stopped.out, stopped.err);
    stage.end();
}

#[test]
fn a_restart_that_is_asked_for_again_and_again_happens() {
    let mut stage = Stage::new("[program:up]\ncommand=sleep 1000\nstartsecs=0\n").started();
    stage.reaches("up", "RUNNING");
    let before = stage.pid_of("up");
    for _ in 0..20 {
        stage.signal(Signal::SIGHUP);
    }
    wait_until("a successor", || Some(stage.pid_of("up")).filter(|pid| ![0, before].contains(pid)));
    assert!(!stage.read("visord.log").contains("ERRO"), "{}", stage.read("visord.log"));
    stage.write("visord.conf", "[supervisord]\nnodaemon=soon\nminfds=many\n");
    stage.signal(Signal::SIGHUP);
    stage.says("visord.log", "ERRO restart refused, everything keeps running");
    for place in ["visord.conf:2:10: error:", "visord.conf:3:8: error:"] {
        wait_until(place, || {
            let log = stage.read("visord.log");
            log.lines().find(|line| line.contains("ERRO") && line.contains(place)).map(drop)
        });
    }
    stage.end();
}

#[test]
fn whoever_follows_a_log_is_told_that_the_daemon_ends() {
    let mut stage =
        Stage::new("[program:up]\ncommand=sh -c 'echo here; exec sleep 1000'\nstartsecs=0\n")
            .started();
    stage.reaches("up", "RUNNING");
    let mut reader = stage.ctl_beside(&["logs", "-f", "up"], "followed");
    wait_until("its output", || stage.read("followed").contains("here\n").then_some(()));
    stage.signal(Signal::SIGTERM);
    assert_eq!(stage.ended(), 0);
    assert_eq!(reader.wait().expect("visorctl").code(), Some(4));
    let told = "error: the log of up ends here\n  visord is ending\n";
    assert!(stage.read("followed").ends_with(told), "{}", stage.read("followed"));
}
