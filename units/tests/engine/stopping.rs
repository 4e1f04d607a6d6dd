//! Stops: the signal, the wait, the force.

use std::time::Duration;

use visor_units::engine::{RunResult, State, SubState};
use visor_units::signal::Signal;

use crate::stage::{Stage, program};

#[test]
fn a_stop_sends_the_stopsignal_and_waits() {
    let mut stage = Stage::running([program("web").stopsignal(Signal(2))]);
    let pid = stage.row("web").pid;
    let (ticket, scene) = stage.stop("web");
    assert_eq!(scene.kills(&stage), ["web SIGINT"]);
    assert_eq!(scene.reasons(), ["web RUNNING -> STOPPING: asked by uid 0 (story)"]);
    assert_eq!(
        scene.log(),
        [
            format!("Debug killing web (pid {pid}) with signal SIGINT"),
            "Info waiting for web to stop".to_owned(),
        ]
    );
    assert_eq!(stage.answer(ticket), None);

    let scene = stage.dies("web");
    assert_eq!(scene.changes(), ["web STOPPING -> STOPPED"]);
    assert_eq!(scene.log(), ["Warn stopped: web (terminated by SIGTERM)"]);
    assert_eq!(stage.outcomes(ticket), ["web: stopped"]);
    assert_eq!(stage.row("web").result, RunResult::Success);
}

#[test]
fn an_end_that_exitcodes_name_is_no_warning() {
    let mut stage = Stage::running([program("web")]);
    stage.stop("web");
    assert_eq!(stage.exits("web", 0).log(), ["Info stopped: web (exit status 0)"]);
}

#[test]
fn after_stopwaitsecs_it_is_killed_again_and_again() {
    let mut stage = Stage::running([program("web").stopwaitsecs(10)]);
    let pid = stage.row("web").pid;
    stage.ask(visor_units::engine::Command::Stop {
        names: crate::stage::select("web"),
        wait: false,
    });
    assert_eq!(stage.sleeps_for(), Some(Duration::from_secs(10)));
    for _ in 0..3 {
        let scene = stage.passes(10);
        assert_eq!(scene.kills(&stage), ["web SIGKILL"]);
        assert_eq!(
            scene.log(),
            [
                format!("Warn killing 'web' ({pid}) with SIGKILL"),
                format!("Debug killing web (pid {pid}) with signal SIGKILL"),
            ]
        );
        assert_eq!(stage.row("web").sub_state, SubState::StopKilled);
    }
    stage.dies("web");
    assert_eq!(stage.row("web").result, RunResult::Timeout);
    assert_eq!(stage.sleeps_for(), None);
}

#[test]
fn stopwaitsecs_0_kills_at_once_and_then_every_second() {
    let mut stage = Stage::running([program("web").stopwaitsecs(0)]);
    stage.stop("web");
    assert_eq!(stage.passes(0).kills(&stage), ["web SIGKILL"]);
    assert_eq!(stage.passes(3).kills(&stage), ["web SIGKILL"; 3]);
}

#[test]
fn whom_the_signals_reach() {
    for (stopasgroup, killasgroup, first, second) in [
        (false, false, "web SIGTERM", "web SIGKILL"),
        (false, true, "web SIGTERM", "web SIGKILL group"),
        (true, true, "web SIGTERM group", "web SIGKILL group"),
    ] {
        let script = program("web").stopasgroup(stopasgroup).killasgroup(killasgroup);
        let mut stage = Stage::running([script]);
        let (_, scene) = stage.stop("web");
        assert_eq!(scene.kills(&stage), [first]);
        assert_eq!(scene.log()[0].contains("process group with signal"), stopasgroup);
        assert_eq!(stage.passes(10).kills(&stage), [second]);
    }
}

#[test]
fn every_two_seconds_the_log_says_that_somebody_waits() {
    let mut stage = Stage::running([program("web")]);
    let (ticket, _) = stage.stop("web");
    assert_eq!(stage.passes(5).log(), ["Info waiting for web to stop"; 2]);
    stage.tell(visor_units::engine::Event::Withdrawn { ticket });
    assert_eq!(stage.passes(4).log(), [""; 0]);
}

#[test]
fn a_program_that_is_starting_can_be_stopped() {
    let mut stage = Stage::with([program("web").startsecs(9)]);
    stage.boot();
    let (_, scene) = stage.stop("web");
    assert_eq!(scene.changes(), ["web STARTING -> STOPPING"]);
    assert_eq!(stage.dies("web").changes(), ["web STOPPING -> STOPPED"]);
}

#[test]
fn a_stop_in_backoff_is_at_once_and_keeps_the_count_of_failures() {
    let mut stage = Stage::with([program("web")]);
    stage.boot();
    stage.exits("web", 1);
    let (ticket, scene) = stage.stop("web");
    assert_eq!(scene.changes(), ["web BACKOFF -> STOPPED"]);
    assert_eq!(scene.log(), ["Debug Attempted to kill web, which is in BACKOFF state."]);
    assert_eq!(stage.outcomes(ticket), ["web: stopped"]);
    assert_eq!(stage.row("web").tries, 1);
    assert_eq!(stage.passes(60).spawns(), [""; 0]);
}

#[test]
fn a_stop_during_the_launch_is_carried_out_when_the_pid_is_known() {
    let mut stage = Stage::with([program("web")]);
    stage.slow_launcher = true;
    stage.boot();
    let (ticket, scene) = stage.stop("web");
    assert_eq!(scene.changes(), [""; 0]);
    assert_eq!(stage.answer(ticket), None);

    let scene = stage.is_launched("web");
    assert_eq!(scene.changes(), ["web STARTING -> STOPPING"]);
    assert_eq!(scene.kills(&stage), ["web SIGTERM"]);
    stage.dies("web");
    assert_eq!(stage.outcomes(ticket), ["web: stopped"]);
}

#[test]
fn a_stop_during_a_launch_that_fails_is_a_stop() {
    let mut stage = Stage::with([program("web")]);
    stage.slow_launcher = true;
    stage.boot();
    let (ticket, _) = stage.stop("web");
    let key = stage.key("web");
    let scene =
        stage.tell(visor_units::engine::Event::SpawnFailed { key, error: "no such file".into() });
    assert_eq!(scene.changes(), ["web STARTING -> BACKOFF", "web BACKOFF -> STOPPED"]);
    assert_eq!(stage.outcomes(ticket), ["web: stopped"]);
}

#[test]
fn a_signal_that_was_asked_for_changes_no_state() {
    use visor_units::engine::{Command, Whom};
    let mut stage = Stage::running([program("web"), program("tool").autostart(false)]);
    let names = crate::stage::select("web tool nobody");
    let (ticket, scene) =
        stage.ask(Command::Signal { names, signal: Signal(1), whom: Whom::Group });
    assert_eq!(scene.kills(&stage), ["web SIGHUP group"]);
    assert_eq!(scene.changes(), [""; 0]);
    assert_eq!(
        stage.outcomes(ticket),
        ["nobody: ERROR (no such process)", "web: signalled", "tool: ERROR (not running)"]
    );
    assert_eq!(stage.state("web"), State::Running);
}
