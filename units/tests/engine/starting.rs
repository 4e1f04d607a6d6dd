//! From STOPPED to RUNNING.

use std::time::Duration;

use visor_units::engine::{Effect, Event, Row, RunResult, State, SubState};
use visor_units::invocation::InvocationId;
use visor_units::unit::Autorestart;

use crate::stage::{Stage, program};

#[test]
fn a_program_is_running_when_it_has_stayed_up_for_startsecs() {
    let mut stage = Stage::with([program("web").startsecs(3)]);
    let scene = stage.boot();
    assert_eq!(scene.spawns(), ["web"]);
    assert_eq!(scene.reasons(), ["web STOPPED -> STARTING: autostart"]);
    assert_eq!(scene.log(), ["Info spawned: 'web' with pid 101"]);
    assert_eq!(stage.row("web").sub_state, SubState::Settling);
    assert_eq!(stage.sleeps_for(), Some(Duration::from_secs(3)));

    assert_eq!(stage.passes_millis(2_999).changes(), [""; 0]);
    let scene = stage.passes_millis(1);
    assert_eq!(scene.reasons(), ["web STARTING -> RUNNING: stayed up for startsecs"]);
    assert_eq!(
        scene.log(),
        [
            "Info success: web entered RUNNING state, process has stayed up for > than 3 seconds (startsecs)"
        ]
    );
    assert_eq!(stage.sleeps_for(), None);
}

#[test]
fn startsecs_0_is_running_at_once() {
    for startsecs in [0, -1] {
        let mut stage = Stage::with([program("web").startsecs(startsecs)]);
        let changes = stage.boot().changes();
        assert_eq!(changes, ["web STOPPED -> STARTING", "web STARTING -> RUNNING"]);
    }
}

#[test]
fn a_setup_that_failed_is_the_reason_shown_for_the_end() {
    for startsecs in [0, 1] {
        let mut stage =
            Stage::with([program("web").startsecs(startsecs).autorestart(Autorestart::Never)]);
        stage.boot();
        let Row { key, pid, .. } = stage.row("web");
        let error = "couldn't chdir to /x: ENOENT".to_owned();
        let scene = stage.tell(Event::SetupFailed { key, pid, error: error.clone() });
        assert_eq!(scene.log(), ["Info spawnerr: couldn't chdir to /x: ENOENT"]);
        stage.exits("web", 127);
        assert_eq!(stage.row("web").spawn_error, error);
        // The next one that ends in the same way has no such reason.
        stage.start("web");
        stage.passes(9);
        stage.exits("web", 127);
        assert_eq!(stage.row("web").spawn_error, "Bad exit code 127");
        stage.tell(Event::SetupFailed { key, pid, error });
        assert_eq!(stage.row("web").spawn_error, "Bad exit code 127", "it was another process");
    }
}

#[test]
fn what_has_no_autostart_stays_stopped() {
    let mut stage = Stage::with([program("web"), program("tool").autostart(false)]);
    assert_eq!(stage.boot().spawns(), ["web"]);
    assert_eq!(stage.row("tool").sub_state, SubState::Dead);
}

#[test]
fn an_exit_at_the_very_moment_it_becomes_running_is_an_exit_from_running() {
    let mut stage = Stage::with([program("web").startsecs(1)]);
    stage.boot();
    // The timer and the exit are both due: the timer is first, whichever woke the caller.
    stage.now.time.0 += 1_000_000;
    let changes = stage.exits("web", 0).changes();
    assert_eq!(changes, ["web STARTING -> RUNNING", "web RUNNING -> EXITED"]);
}

#[test]
fn a_launch_takes_as_long_as_it_takes_and_startsecs_count_from_its_end() {
    let mut stage = Stage::with([program("web").startsecs(1)]);
    stage.slow_launcher = true;
    stage.boot();
    assert_eq!(stage.row("web").sub_state, SubState::Launching);
    stage.passes(30);
    assert_eq!(stage.state("web"), State::Starting);
    stage.is_launched("web");
    assert_eq!(stage.sleeps_for(), Some(Duration::from_secs(1)));
}

#[test]
fn what_cannot_be_launched_is_tried_again_like_what_fails() {
    let mut stage = Stage::with([program("web").startretries(1)]);
    stage.broken.insert("web".into());
    let scene = stage.boot();
    assert_eq!(scene.log(), ["Info spawnerr: can't find command '/bin/web'"]);
    assert_eq!(stage.state("web"), State::Backoff);
    assert_eq!(stage.row("web").result, RunResult::Resources);

    let scene = stage.passes(1);
    assert_eq!(
        scene.reasons(),
        [
            "web BACKOFF -> STARTING: retry after backoff",
            "web STARTING -> BACKOFF: can't find command '/bin/web'",
            "web BACKOFF -> FATAL: too many start retries too quickly",
        ]
    );
    assert_eq!(stage.row("web").spawn_error, "can't find command '/bin/web'");
    assert_eq!(stage.row("web").result, RunResult::StartLimitHit);
}

#[test]
fn the_daemon_has_settled_when_every_autostart_program_has() {
    let mut stage = Stage::with([
        program("web").startsecs(5),
        program("bad").startretries(9),
        program("tool").autostart(false),
    ]);
    assert!(!stage.boot().has(&Effect::Settled));
    assert!(!stage.exits("bad", 1).has(&Effect::Settled), "its first retry is still to come");
    assert!(!stage.passes(1).has(&Effect::Settled));
    assert!(!stage.exits("bad", 1).has(&Effect::Settled), "web has not stayed up");
    assert!(stage.passes(4).has(&Effect::Settled));
    assert!(!stage.passes(600).has(&Effect::Settled), "once");
}

#[test]
fn what_waits_for_an_endless_retry_does_not_keep_the_daemon_from_settling() {
    let mut stage = Stage::with([
        program("db").startretries(99),
        program("web").requires("db"),
        program("x").after("web"),
    ]);
    stage.boot();
    stage.exits("db", 1);
    stage.passes(1);
    assert!(stage.exits("db", 1).has(&Effect::Settled));
    assert_eq!(
        stage.states(["db", "web", "x"]),
        [State::Backoff, State::Starting, State::Starting]
    );
}

#[test]
fn a_daemon_without_programs_has_settled_at_once() {
    assert!(Stage::with([]).boot().has(&Effect::Settled));
}

#[test]
fn a_second_boot_is_no_boot() {
    let mut stage =
        Stage::running([program("web").autorestart(visor_units::unit::Autorestart::Never)]);
    stage.exits("web", 0);
    assert!(stage.boot().0.is_empty());
}

#[test]
fn an_event_about_a_process_that_cannot_have_it_is_ignored() {
    let mut stage = Stage::running([program("web")]);
    let key = stage.key("web");
    let stranger = visor_units::engine::Key(999);
    let status = visor_units::exit::ExitStatus::Exited(0);
    for event in [
        Event::Spawned { key, pid: 7, invocation: InvocationId::default() },
        Event::SpawnFailed { key, error: "late".into() },
        Event::Exited { key, pid: 7, status },
        Event::KillFailed { key, pid: 7, error: "EPERM".into() },
        Event::Spawned { key: stranger, pid: 7, invocation: InvocationId::default() },
        Event::Exited { key: stranger, pid: 7, status },
        Event::Withdrawn { ticket: visor_units::engine::Ticket(77) },
    ] {
        assert!(stage.tell(event.clone()).0.is_empty(), "{event:?}");
    }
    assert_eq!(stage.state("web"), State::Running);
}
