//! What becomes of a program that ends by itself.

use std::time::Duration;

use visor_units::engine::{RunResult, State, SubState};
use visor_units::exit::ExitStatus;
use visor_units::invocation::InvocationId;
use visor_units::signal::Signal;
use visor_units::unit::Autorestart;

use crate::stage::{Stage, program};

#[test]
fn a_program_that_dies_early_backs_off_one_second_longer_each_time_then_is_fatal() {
    let mut stage = Stage::with([program("web").startretries(3)]);
    stage.boot();
    for attempt in 1..=3 {
        stage.passes_millis(10);
        let scene = stage.exits("web", 0);
        assert_eq!(scene.changes(), ["web STARTING -> BACKOFF"]);
        assert_eq!(scene.log(), ["Warn exited: web (exit status 0; not expected)"]);
        assert_eq!(stage.row("web").tries, attempt);
        assert_eq!(stage.sleeps_for(), Some(Duration::from_secs(attempt.into())));
        assert_eq!(stage.passes(attempt.into()).spawns(), ["web"]);
    }
    let scene = stage.exits("web", 3);
    assert_eq!(scene.changes(), ["web STARTING -> BACKOFF", "web BACKOFF -> FATAL"]);
    assert_eq!(
        scene.log(),
        [
            "Warn exited: web (exit status 3; not expected)",
            "Info gave up: web entered FATAL state, too many start retries too quickly",
        ]
    );
    assert_eq!(stage.sleeps_for(), None);
    let row = stage.row("web");
    assert_eq!(row.spawn_error, "Exited too quickly (process log may have details)");
    assert_eq!((row.tries, row.restarts), (0, 3));
}

#[test]
fn four_attempts_of_a_program_with_three_retries_are_at_0_1_3_and_6_seconds() {
    let mut stage = Stage::with([program("web")]);
    stage.boot();
    let mut attempts = vec![stage.now.time.0 / 1_000_000];
    while stage.exits("web", 1).changes().len() == 1 {
        let wait = stage.sleeps_for().expect("a retry");
        assert_eq!(stage.passes(wait.as_secs()).spawns(), ["web"]);
        attempts.push(stage.now.time.0 / 1_000_000);
    }
    assert_eq!(attempts, [0, 1, 3, 6]);
}

#[test]
fn startretries_0_gives_up_after_the_first_failure() {
    let mut stage = Stage::with([program("web").startretries(0)]);
    stage.boot();
    stage.exits("web", 1);
    assert_eq!(stage.row("web").sub_state, SubState::Failed);
}

#[test]
fn staying_up_wipes_the_failures_out() {
    let mut stage = Stage::with([program("web").startretries(2)]);
    stage.boot();
    stage.exits("web", 1);
    stage.passes(1);
    stage.exits("web", 1);
    stage.passes(2);
    stage.passes(1);
    assert_eq!(stage.state("web"), State::Running);
    assert_eq!(stage.row("web").tries, 0);
}

#[test]
fn the_row_says_when_it_is_tried_again() {
    let mut stage = Stage::with([program("web")]);
    stage.boot();
    stage.exits("web", 1);
    assert_eq!(stage.row("web").next_retry.0, stage.now.wall.0 + 1_000_000);
    stage.passes(1);
    assert_eq!(stage.row("web").next_retry.0, 0);
}

#[test]
fn autorestart_and_exitcodes_decide_whether_it_is_started_again() {
    use Autorestart::{Always, Never, Unexpected};
    let killed = ExitStatus::Killed { signal: Signal::KILL, core: false };
    for (autorestart, codes, status, to, level) in [
        (Never, vec![0], ExitStatus::Exited(0), State::Exited, "Info"),
        (Never, vec![0], ExitStatus::Exited(1), State::Exited, "Warn"),
        (Unexpected, vec![0], ExitStatus::Exited(0), State::Exited, "Info"),
        (Unexpected, vec![0, 2], ExitStatus::Exited(2), State::Exited, "Info"),
        (Unexpected, vec![2], ExitStatus::Exited(0), State::Starting, "Warn"),
        (Unexpected, vec![], ExitStatus::Exited(0), State::Starting, "Warn"),
        (Unexpected, vec![0], killed, State::Starting, "Warn"),
        (Always, vec![0], ExitStatus::Exited(0), State::Starting, "Info"),
        (Always, vec![0], killed, State::Starting, "Warn"),
    ] {
        let script = program("web").autorestart(autorestart).exitcodes(codes.clone());
        let mut stage = Stage::running([script]);
        let scene = stage.ends("web", status);
        assert_eq!(stage.state("web"), to, "{autorestart:?} {codes:?} {status}");
        let judgement = if level == "Info" { "expected" } else { "not expected" };
        assert_eq!(scene.log()[0], format!("{level} exited: web ({status}; {judgement})"));
    }
}

#[test]
fn a_restart_after_running_is_at_once_and_has_no_limit() {
    let mut stage = Stage::running([program("web")]);
    for restarts in 1..=20 {
        let scene = stage.exits("web", 1);
        assert_eq!(
            scene.reasons(),
            ["web RUNNING -> EXITED: exit status 1", "web EXITED -> STARTING: autorestart"]
        );
        assert_eq!(stage.row("web").restarts, restarts);
        stage.passes(1);
    }
}

#[test]
fn the_end_of_the_last_run_can_be_read() {
    for (status, result, spawn_error) in [
        (ExitStatus::Exited(0), RunResult::Success, ""),
        (ExitStatus::Exited(3), RunResult::ExitCode, "Bad exit code 3"),
        (
            ExitStatus::Killed { signal: Signal::KILL, core: false },
            RunResult::Signal,
            "Bad exit code -1",
        ),
        (
            ExitStatus::Killed { signal: Signal(11), core: true },
            RunResult::CoreDump,
            "Bad exit code -1",
        ),
    ] {
        let mut stage = Stage::running([program("web").autorestart(Autorestart::Never)]);
        stage.ends("web", status);
        let row = stage.row("web");
        assert_eq!((row.exit, row.result, &*row.spawn_error), (Some(status), result, spawn_error));
        assert_eq!((row.pid, row.stopped), (0, stage.now.wall));
        stage.start("web");
        assert_eq!(stage.row("web").spawn_error, "");
    }
}

#[test]
fn a_process_that_could_not_be_signalled_is_unknown_until_it_ends() {
    let mut stage = Stage::running([program("web")]);
    let row = stage.row("web");
    let (ticket, _) = stage.stop("web");
    let scene = stage.cannot_be_signalled("web");
    assert_eq!(scene.changes(), ["web STOPPING -> UNKNOWN"]);
    let text = format!("Critical unknown problem killing web ({}):EPERM", row.pid);
    assert_eq!(scene.log(), [text]);
    assert_eq!(stage.outcomes(ticket), ["web: ERROR (signal not sent: EPERM)"]);
    let (ticket, _) = stage.start("web");
    assert_eq!(stage.outcomes(ticket), ["web: ERROR (web is in an unknown process state)"]);
    assert_eq!(stage.sleeps_for(), None);

    assert_eq!(stage.dies("web").changes(), ["web UNKNOWN -> STOPPED"]);
}

#[test]
fn a_process_that_took_no_signal_and_ends_by_itself_is_started_again() {
    let mut stage = Stage::running([program("web")]);
    stage.cannot_be_signalled("web");
    assert_eq!(
        stage.exits("web", 1).changes(),
        ["web UNKNOWN -> EXITED", "web EXITED -> STARTING"]
    );
}

#[test]
fn a_stop_that_was_ordered_holds_although_another_signal_failed() {
    let mut stage = Stage::running([program("db"), program("web").requires("db")]);
    stage.stop("db");
    stage.cannot_be_signalled("db");
    assert_eq!(stage.state("db"), State::Unknown);
    assert_eq!(stage.exits("db", 1).changes(), ["db UNKNOWN -> STOPPED"]);
}

#[test]
fn every_run_has_a_name_of_its_own() {
    let mut stage = Stage::running([program("web")]);
    let first = stage.row("web").invocation;
    assert_ne!(first, InvocationId::default());
    stage.exits("web", 1);
    assert_ne!(stage.row("web").invocation, first, "it was started again");
}
