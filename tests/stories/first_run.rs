//! The first hour with visord: start, look, kill, stop, start, logs, end.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use visor_tests::{Stage, wait_until};

/// One Python program, restarted whenever it ends, stopped with SIGKILL.
const TICKER: &str = "[program:ticker]\nautorestart=true\nstopsignal=KILL\nstartsecs=0\n\
    command=python3 -u -c \"import time; print('tick'); time.sleep(1000)\"\n";

#[test]
fn a_killed_program_comes_back_and_a_stopped_one_stays_down() {
    let stage = Stage::new(TICKER).started();
    let first = stage.wait_for("ticker", "RUNNING");
    let ticks = || stage.read_matching("ticker-stdout").matches("tick").count();
    wait_until("the first tick", || (ticks() == 1).then_some(()));
    let old = i32::try_from(first["pid"].as_i64().expect("a pid")).expect("a pid");

    kill(Pid::from_raw(old), Signal::SIGKILL).expect("a living ticker");
    wait_until("a successor", || {
        Some(stage.pid_of("ticker")).filter(|pid| *pid != 0 && *pid != old)
    });
    wait_until("two ticks", || {
        (stage.read_matching("ticker-stdout").matches("tick").count() >= 2).then_some(())
    });

    let stopped = stage.ctl(&["stop", "ticker"]);
    assert_eq!((stopped.code, stopped.out.as_str()), (0, "ticker: stopped\n"), "{}", stopped.err);
    assert_eq!(stage.row("ticker").expect("a row")["state"], "STOPPED");
    let again = stage.ctl(&["stop", "ticker"]);
    assert_eq!(again.out, "ticker: ERROR (not running)\n");

    let started = stage.ctl(&["start", "ticker"]);
    assert_eq!((started.code, started.out.as_str()), (0, "ticker: started\n"), "{}", started.err);
    let again = stage.ctl(&["start", "ticker"]);
    assert_eq!(again.out, "ticker: ERROR (already started)\n");
}

#[test]
fn the_log_reads_as_supervisors_does() {
    let mut stage = Stage::new(
        "[program:ok]\ncommand=true\nstartsecs=0\nautorestart=unexpected\n\
         [program:gone]\ncommand=/no/such/file\nstartretries=0\n\
         [program:up]\ncommand=sleep 1000\nstartsecs=0\n",
    )
    .started();
    stage.reaches("up", "RUNNING");
    stage.reaches("gone", "FATAL");
    stage.reaches("ok", "EXITED");
    stage.end();

    let log = stage.read("visord.log");
    for line in [
        "INFO supervisord started with pid",
        "INFO spawned: 'up' with pid",
        "INFO spawnerr: can't find command '/no/such/file'",
        "INFO gave up: gone entered FATAL state, too many start retries too quickly",
        "INFO exited: ok (exit status 0; expected)",
        "WARN received SIGTERM indicating exit request",
        "INFO waiting for up to die",
        "WARN stopped: up (terminated by SIGTERM)",
    ] {
        assert!(log.contains(line), "no {line:?} in\n{log}");
    }
    assert!(!stage.path("visord.pid").exists(), "the pid file is gone");
    assert!(!stage.path("bus").exists(), "the socket is gone");
}

#[test]
fn logs_shows_the_end_and_follows() {
    let stage = Stage::new("[program:count]\nstartsecs=0\ncommand=sh -c 'for i in 1 2 3 4 5; do echo line $i; done; exec sleep 1000'\n").started();
    let shown = wait_until("five lines", || {
        let output = stage.ctl(&["logs", "-n", "2", "count"]);
        output.out.contains("line 5").then_some(output)
    });
    assert_eq!((shown.code, shown.out.as_str()), (0, "line 4\nline 5\n"), "{}", shown.err);
}

#[test]
fn names_are_picked_by_group_and_by_pattern() {
    let stage = Stage::new(
        "[program:w]\ncommand=sleep 1000\nnumprocs=3\nprocess_name=%(program_name)s_%(process_num)02d\nstartsecs=0\n\
         [program:other]\ncommand=sleep 1000\nstartsecs=0\n",
    )
    .started();
    stage.reaches("w:w_02", "RUNNING");
    let output = stage.ctl(&["stop", "w:*_0[12]"]);
    assert_eq!(output.code, 0, "{}", output.err);
    let states: Vec<String> =
        stage.rows().iter().map(|row| format!("{} {}", row["id"], row["state"])).collect();
    assert_eq!(
        states,
        [
            r#""other" "RUNNING""#,
            r#""w:w_00" "RUNNING""#,
            r#""w:w_01" "STOPPED""#,
            r#""w:w_02" "STOPPED""#
        ]
    );
    assert_eq!(stage.ctl(&["status", "w:*"]).code, 3);
    assert_eq!(stage.ctl(&["status", "other"]).code, 0);
    assert_eq!(stage.ctl(&["status", "nobody"]).code, 4);
}
