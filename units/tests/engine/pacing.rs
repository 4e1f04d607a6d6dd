//! How soon a program is started again, and what is an early end.

use std::time::Duration;

use visor_units::engine::{Effect, RunResult, State, SubState};
use visor_units::exit::ExitStatus;
use visor_units::unit::Autorestart;

use crate::stage::{Script, Stage, one_shot, program};

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A program with pauses of 5 s that grow to 30 s.
fn paced(name: &str) -> Script {
    program(name).startretries(-1).restart_delay(seconds(5)).restart_max_delay(seconds(30))
}

/// Fails a start, and gives the pause that follows.
fn fails(stage: &mut Stage, name: &str) -> u64 {
    stage.exits(name, 1);
    assert_eq!(stage.row(name).sub_state, SubState::WaitingBackoff);
    let pause = stage.sleeps_for().expect("a retry").as_secs();
    assert_eq!(stage.passes(pause).spawns(), [name]);
    pause
}

#[test]
fn the_pause_doubles_from_the_delay_to_the_longest() {
    let mut stage = Stage::with([paced("web")]);
    stage.boot();
    let pauses: Vec<u64> = (0..6).map(|_| fails(&mut stage, "web")).collect();
    assert_eq!(pauses, [5, 10, 20, 30, 30, 30]);
}

#[test]
fn a_program_that_is_never_given_up_has_supervisors_pauses_if_it_says_nothing_else() {
    let mut stage = Stage::with([program("web").startretries(-1)]);
    stage.boot();
    let pauses: Vec<u64> = (0..6).map(|_| fails(&mut stage, "web")).collect();
    assert_eq!(pauses, [1, 2, 3, 4, 5, 6]);
    let limited = program("web").startretries(-1).restart_max_delay(seconds(3));
    let mut stage = Stage::with([limited]);
    stage.boot();
    let pauses: Vec<u64> = (0..6).map(|_| fails(&mut stage, "web")).collect();
    assert_eq!(pauses, [1, 2, 3, 3, 3, 3]);
}

#[test]
fn only_minus_1_is_never() {
    for (retries, sub_state) in [(-1, SubState::WaitingBackoff), (-2, SubState::Failed)] {
        let mut stage = Stage::with([program("web").startretries(retries)]);
        stage.boot();
        stage.exits("web", 1);
        assert_eq!(stage.row("web").sub_state, sub_state, "startretries={retries}");
    }
}

#[test]
fn startretries_counts_paced_tries_as_well() {
    let mut stage = Stage::with([paced("web").startretries(2)]);
    stage.boot();
    assert_eq!([fails(&mut stage, "web"), fails(&mut stage, "web")], [5, 10]);
    let scene = stage.exits("web", 1);
    assert_eq!(scene.changes(), ["web STARTING -> BACKOFF", "web BACKOFF -> FATAL"]);
    assert_eq!(stage.sleeps_for(), None);
}

#[test]
fn a_run_that_ends_is_paced_in_backoff() {
    let mut stage = Stage::running([program("web").restart_delay(seconds(5))]);
    let scene = stage.exits("web", 1);
    assert_eq!(
        scene.reasons(),
        ["web RUNNING -> EXITED: exit status 1", "web EXITED -> BACKOFF: autorestart"]
    );
    assert_eq!(scene.log(), ["Warn exited: web (exit status 1; not expected)"]);
    let row = stage.row("web");
    assert_eq!((row.tries, row.next_retry.0), (0, stage.now.wall.0 + 5_000_000));
    assert_eq!(stage.passes(4).spawns(), [""; 0]);
    let scene = stage.passes(1);
    assert_eq!(scene.reasons(), ["web BACKOFF -> STARTING: autorestart"]);
    assert_eq!(stage.row("web").restarts, 1);
}

#[test]
fn a_stop_ends_the_pause_after_a_run() {
    let mut stage = Stage::running([program("web").restart_delay(seconds(5))]);
    stage.exits("web", 1);
    let (ticket, scene) = stage.stop("web");
    assert_eq!(scene.changes(), ["web BACKOFF -> STOPPED"]);
    assert_eq!(stage.outcomes(ticket), ["web: stopped"]);
    assert_eq!(stage.sleeps_for(), None);
}

#[test]
fn a_restart_by_hand_does_not_wait_for_the_pause_and_begins_anew() {
    let mut stage = Stage::running([paced("web")]);
    for _ in 0..3 {
        stage.exits("web", 1);
        stage.passes(30);
        stage.passes(2);
    }
    stage.exits("web", 1);
    assert_eq!(stage.restart("web").1.spawns(), ["web"]);
    assert_eq!(fails(&mut stage, "web"), 5);
}

/// Lets a running program run on for some seconds and crash, and gives the pause that follows.
fn crashes_after(stage: &mut Stage, name: &str, run: u64, code: u8) -> u64 {
    stage.passes(run);
    stage.exits(name, code);
    let pause = stage.sleeps_for().expect("a restart").as_secs();
    stage.passes(pause);
    pause
}

#[test]
fn short_runs_make_the_pause_grow_and_a_good_one_makes_it_small_again() {
    let mut stage = Stage::running([paced("web").autorestart(Autorestart::Always)]);
    let runs = [(2, 1), (2, 1), (29, 1), (2, 1), (30, 1), (2, 1), (2, 1), (2, 0), (2, 1), (2, 1)];
    let pauses = runs.map(|(run, code)| crashes_after(&mut stage, "web", run, code));
    assert_eq!(pauses, [5, 5, 10, 20, 5, 5, 10, 5, 5, 10]);
}

#[test]
fn failed_starts_and_short_runs_are_setbacks_alike() {
    let mut stage = Stage::with([paced("web")]);
    stage.boot();
    assert_eq!([fails(&mut stage, "web"), fails(&mut stage, "web")], [5, 10]);
    assert_eq!(crashes_after(&mut stage, "web", 2, 1), 20);
}

#[test]
fn a_program_that_is_not_started_again_has_no_pause() {
    let script = paced("web").autorestart(Autorestart::Never);
    let mut stage = Stage::running([script]);
    assert_eq!(stage.exits("web", 1).changes(), ["web RUNNING -> EXITED"]);
    assert_eq!(stage.sleeps_for(), None);
}

#[test]
fn what_is_started_meanwhile_waits_for_a_paced_requirement() {
    let db = program("db").restart_delay(seconds(5));
    let mut stage = Stage::running([db, program("web").requires("db").autostart(false)]);
    stage.exits("db", 1);
    stage.start("web");
    assert_eq!(stage.row("web").sub_state, SubState::WaitingDependency);
    assert_eq!(stage.passes(5).spawns(), ["db"]);
    assert_eq!(stage.passes(1).spawns(), ["web"]);
}

#[test]
fn an_update_and_a_shutdown_do_not_wait_for_the_pause() {
    let script = program("web").restart_delay(seconds(5));
    let mut stage = Stage::running([script.clone()]);
    stage.exits("web", 1);
    let (ticket, scene) = stage.update([script.clone().startsecs(2).alone()]);
    assert_eq!(scene.spawns(), ["web"]);
    assert_eq!(stage.outcomes(ticket), ["web: stopped", "web: updated process group"]);

    let mut stage = Stage::running([script]);
    stage.exits("web", 1);
    let (_, scene) = stage.ask(visor_units::engine::Command::Shutdown);
    assert!(scene.0.iter().any(|effect| matches!(effect, Effect::Finished(_))));
}

#[test]
fn the_daemon_has_settled_though_a_pause_is_long() {
    let mut stage = Stage::with([program("web").restart_delay(seconds(3600))]);
    stage.boot();
    assert!(stage.exits("web", 1).has(&Effect::Settled));
}

#[test]
fn an_early_end_is_a_failed_start_unless_it_is_said_to_be_fine() {
    let mut stage = Stage::with([program("job").may_end_early().startsecs(10)]);
    stage.boot();
    let scene = stage.exits("job", 0);
    assert_eq!(scene.changes(), ["job STARTING -> RUNNING", "job RUNNING -> EXITED"]);
    assert_eq!(scene.log(), ["Info exited: job (exit status 0; expected)"]);
    let row = stage.row("job");
    assert_eq!((row.state, row.result, row.tries), (State::Exited, RunResult::Success, 0));
    assert_eq!(row.spawn_error, "");
}

#[test]
fn an_early_end_with_another_code_is_a_failed_start_all_the_same() {
    let mut stage = Stage::with([program("job").may_end_early()]);
    stage.boot();
    assert_eq!(stage.exits("job", 1).changes(), ["job STARTING -> BACKOFF"]);
}

#[test]
fn a_process_that_never_became_its_program_has_not_ended_early() {
    let mut stage = Stage::with([program("job").may_end_early().exitcodes(vec![127])]);
    stage.boot();
    let row = stage.row("job");
    let error = "couldn't exec /bin/job: EACCES".to_owned();
    stage.tell(visor_units::engine::Event::SetupFailed { key: row.key, pid: row.pid, error });
    assert_eq!(stage.exits("job", 127).changes(), ["job STARTING -> BACKOFF"]);
}

#[test]
fn a_worker_that_drains_its_queue_is_started_again_after_its_pause() {
    let worker = program("worker")
        .may_end_early()
        .autorestart(Autorestart::Always)
        .restart_delay(Duration::from_millis(200));
    let mut stage = Stage::with([worker]);
    stage.boot();
    for restarts in 1..=50 {
        stage.passes_millis(20);
        assert_eq!(stage.exits("worker", 0).changes().len(), 3);
        assert_eq!(stage.sleeps_for(), Some(Duration::from_millis(200)));
        assert_eq!(stage.passes_millis(200).spawns(), ["worker"]);
        assert_eq!(stage.row("worker").restarts, restarts);
    }
}

#[test]
fn what_requires_a_job_that_ends_early_is_started() {
    let job = program("job").may_end_early().autorestart(Autorestart::Never);
    let mut stage = Stage::with([job, program("web").requires("job")]);
    assert_eq!(stage.boot().spawns(), ["job"]);
    assert_eq!(stage.exits("job", 0).spawns(), ["web"]);
}

#[test]
fn whoever_waits_for_the_start_of_a_job_that_ends_early_is_told_that_it_started() {
    let mut stage = Stage::with([program("job").may_end_early().autostart(false)]);
    let (ticket, _) = stage.start("job");
    stage.exits("job", 0);
    assert_eq!(stage.outcomes(ticket), ["job: started"]);
}

#[test]
fn a_one_shot_is_not_concerned() {
    let mut stage = Stage::with([one_shot("job").may_end_early()]);
    stage.boot();
    let scene = stage.ends("job", ExitStatus::Exited(0));
    assert_eq!(scene.changes(), ["job RUNNING -> EXITED"]);
}

#[test]
fn what_ends_as_soon_as_it_is_up_is_started_ten_times_a_second() {
    let short = || program("web").startsecs(0).autorestart(Autorestart::Always);
    let mut stage = Stage::with([short()]);
    stage.boot();
    for restarts in 1..=20 {
        let scene = stage.exits("web", 1);
        assert_eq!(
            scene.reasons(),
            ["web RUNNING -> EXITED: exit status 1", "web EXITED -> BACKOFF: autorestart"]
        );
        assert_eq!(stage.sleeps_for(), Some(Duration::from_millis(100)));
        assert_eq!(stage.passes_millis(100).spawns(), ["web"]);
        assert_eq!(stage.row("web").restarts, restarts);
    }
    stage.passes_millis(100);
    assert_eq!(stage.exits("web", 1).spawns(), ["web"], "it was up long enough");
    let pause = Duration::from_millis(1);
    let mut stage = Stage::with([short().restart_delay(pause)]);
    stage.boot();
    stage.exits("web", 1);
    assert_eq!(stage.sleeps_for(), Some(pause), "it said so");
}
