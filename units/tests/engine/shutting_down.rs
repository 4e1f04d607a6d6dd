//! The end of the daemon.

use std::time::Duration;

use visor_units::engine::{Answer, Command, Effect, Ending, Event, Key, Mood, State};
use visor_units::exit::ExitStatus;
use visor_units::fault::{Fault, Refusal};

use crate::stage::{Stage, group, one_shot, program};

#[test]
fn groups_are_stopped_one_after_the_other_last_first() {
    let mut stage = Stage::of([
        program("a").priority(1).alone(),
        group("g", 2, [program("x"), program("y")]),
        program("z").priority(3).alone(),
    ]);
    stage.boot();
    stage.passes(1);
    let (ticket, scene) = stage.ask(Command::Shutdown);
    assert_eq!(stage.answer(ticket), Some(&Answer::Done));
    assert_eq!(scene.kills(&stage), ["z SIGTERM"]);
    assert_eq!(scene.log().last().map(String::as_str), Some("Info waiting for a, x, y, z to die"));
    assert_eq!(stage.engine.mood(), Mood::Shutdown);

    assert_eq!(stage.dies("z").kills(&stage), ["g:y SIGTERM", "g:x SIGTERM"]);
    assert_eq!(stage.dies("g:x").kills(&stage), [""; 0]);
    assert_eq!(stage.dies("g:y").kills(&stage), ["a SIGTERM"]);
    let scene = stage.dies("a");
    assert_eq!(scene.0.last(), Some(&Effect::Finished(Ending::Shutdown)));
    assert_eq!(stage.sleeps_for(), None);
}

#[test]
fn what_depends_on_something_is_always_stopped_before_it() {
    let mut stage = Stage::with([
        program("web").priority(1).requires("db"),
        program("log").priority(2).after("web"),
        program("db").priority(900),
    ]);
    stage.boot();
    stage.passes(10);
    let (_, scene) = stage.ask(Command::Shutdown);
    assert_eq!(scene.kills(&stage), ["log SIGTERM"]);
    assert_eq!(stage.dies("log").kills(&stage), ["web SIGTERM"]);
    assert_eq!(stage.dies("web").kills(&stage), ["db SIGTERM"]);
    assert!(stage.dies("db").has(&Effect::Finished(Ending::Shutdown)));
}

#[test]
fn every_three_seconds_the_log_says_what_is_waited_for() {
    let mut stage = Stage::running([program("web").stopwaitsecs(60)]);
    stage.ask(Command::Shutdown);
    assert_eq!(stage.passes(10).log(), ["Info waiting for web to die"; 3]);
}

#[test]
fn nothing_starts_any_more() {
    let mut stage = Stage::with([
        program("crashes"),
        program("retries").priority(1),
        program("waits").requires("retries"),
        one_shot("late").autostart(false),
    ]);
    stage.boot();
    stage.exits("retries", 1);
    stage.passes_millis(500);
    let (_, scene) = stage.ask(Command::Shutdown);
    assert_eq!(scene.changes(), ["waits STARTING -> STOPPED", "crashes STARTING -> STOPPING"]);
    assert_eq!(stage.sleeps_for(), Some(Duration::from_secs(3)), "no timer of a retry");
    let scene = stage.passes(5);
    assert_eq!(scene.spawns(), [""; 0], "no retry");

    let scene = stage.exits("crashes", 1);
    assert_eq!(scene.changes(), ["crashes STOPPING -> STOPPED", "retries BACKOFF -> FATAL"]);
    assert!(scene.has(&Effect::Finished(Ending::Shutdown)));
}

#[test]
fn a_program_that_ends_by_itself_meanwhile_is_not_started_again() {
    let mut stage = Stage::running([program("a").priority(1), program("b").priority(2)]);
    stage.ask(Command::Shutdown);
    assert_eq!(stage.exits("a", 1).changes(), ["a RUNNING -> EXITED"]);
    assert!(stage.dies("b").has(&Effect::Finished(Ending::Shutdown)));
}

#[test]
fn a_launch_in_progress_is_waited_for_and_stopped() {
    let mut stage = Stage::with([program("web")]);
    stage.slow_launcher = true;
    stage.boot();
    stage.ask(Command::Shutdown);
    assert_eq!(stage.is_launched("web").kills(&stage), ["web SIGTERM"]);
    assert!(stage.dies("web").has(&Effect::Finished(Ending::Shutdown)));
}

#[test]
fn an_order_to_end_turns_a_restart_of_the_daemon_into_an_end() {
    let mut stage = Stage::running([program("web")]);
    stage.ask(Command::RestartDaemon);
    assert_eq!(stage.engine.mood(), Mood::Restarting);
    stage.ask(Command::Shutdown);
    let (ticket, _) = stage.ask(Command::RestartDaemon);
    let refused = Answer::Refused(Fault::ShuttingDown.into());
    assert_eq!(stage.answer(ticket), Some(&refused));
    assert!(stage.dies("web").has(&Effect::Finished(Ending::Shutdown)));
}

#[test]
fn with_nothing_to_stop_it_is_over_at_once() {
    let mut stage = Stage::with([program("web").autostart(false)]);
    stage.boot();
    let (_, scene) = stage.ask(Command::RestartDaemon);
    assert!(scene.has(&Effect::Finished(Ending::Restart)));
}

#[test]
fn beginning_again_gives_every_key_back_and_none_twice() {
    let mut stage = Stage::running([program("web"), program("tool").autostart(false)]);
    let old = stage.row("web");
    stage.ask(Command::RestartDaemon);
    stage.dies("web");
    let groups = stage.engine.groups();
    let mut effects = Vec::new();
    stage.engine.begin_again(groups.clone(), stage.now, &mut effects);
    let [gone, came] = [0, 1].map(|come| {
        let keys = effects.iter().filter_map(|effect| match effect {
            Effect::GroupRemoved { keys, .. } if come == 0 => Some(keys.clone()),
            Effect::GroupAdded { keys, .. } if come == 1 => Some(keys.clone()),
            _ => None,
        });
        keys.flatten().collect::<Vec<Key>>()
    });
    assert_eq!((gone.len(), came.len()), (2, 2));
    assert!(came.iter().all(|key| !gone.contains(key)), "{gone:?} {came:?}");
    assert_eq!((stage.engine.mood(), stage.engine.groups()), (Mood::Running, groups));
    assert_eq!(stage.boot().spawns(), ["web"]);
    let (key, pid) = (old.key, old.pid);
    stage.tell(Event::Exited { key, pid, status: ExitStatus::Exited(1) });
    assert_eq!(stage.state("web"), State::Starting, "what is heard of a former process is ignored");
}

#[test]
fn open_questions_are_answered_and_new_ones_refused() {
    let mut stage = Stage::running([
        program("web"),
        program("db").autostart(false),
        program("x").autostart(false).requires("db"),
    ]);
    let (start, _) = stage.start("x");
    let (restart, _) = stage.restart("web");
    stage.ask(Command::Shutdown);
    let (late, _) = stage.stop("web");
    let refused: Refusal = Fault::ShuttingDown.into();
    assert_eq!(stage.answer(late), Some(&Answer::Refused(refused)));
    assert_eq!(stage.outcomes(start), ["x: ERROR (abnormal termination)"]);
    stage.dies("web");
    assert_eq!(stage.outcomes(restart), ["web: stopped", "web: ERROR (abnormal termination)"]);
    assert_eq!(stage.state("db"), State::Stopping);
}
