//! `requires`, `wants`, `after`, `before`.

use std::sync::Arc;

use visor_units::engine::{Effect, Event, RunResult, State, SubState};
use visor_units::unit::{Autorestart, Group, Ordering};

use crate::stage::{Script, Stage, group, numbered, one_shot, origin, program};

#[test]
fn a_chain_starts_link_by_link_and_blocks_nothing_else() {
    let mut stage = Stage::with([
        program("web").requires("app").priority(1),
        program("app").requires("db").priority(2),
        program("db").startsecs(5),
        program("other"),
    ]);
    let scene = stage.boot();
    assert_eq!(scene.spawns(), ["db", "other"]);
    let row = stage.row("web");
    assert_eq!((row.state, row.sub_state), (State::Starting, SubState::WaitingDependency));
    assert_eq!(row.waiting_for[0].to_string(), "app");
    assert_eq!(stage.passes(5).spawns(), ["app"]);
    assert_eq!(stage.passes(1).spawns(), ["web"]);
    assert_eq!(stage.row("web").cause.unwrap().to_string(), "app is running");
}

#[test]
fn a_start_pulls_in_what_it_requires_and_wants_but_not_what_it_comes_after() {
    let mut stage = Stage::with(
        [
            program("web").requires("db").wants("cache").after("log"),
            program("db"),
            program("cache"),
            program("log"),
        ]
        .map(|script| script.autostart(false)),
    );
    let (ticket, scene) = stage.start("web");
    assert_eq!(scene.spawns(), ["db", "cache"]);
    assert_eq!(scene.reasons()[0], "db STOPPED -> STARTING: needed by web");
    assert_eq!(stage.passes(1).spawns(), ["web"]);
    stage.passes(1);
    assert_eq!(stage.outcomes(ticket), ["web: started"]);
    assert_eq!(stage.state("log"), State::Stopped);
}

#[test]
fn before_is_after_seen_from_the_other_side() {
    let mut stage = Stage::with([program("web"), program("db").before("web").startsecs(2)]);
    assert_eq!(stage.boot().spawns(), ["db"]);
    assert_eq!(stage.passes(2).spawns(), ["web"]);
}

#[test]
fn a_failed_dependency_is_the_reason_of_all_that_require_it() {
    let mut stage = Stage::with([
        program("db").startretries(0),
        program("app").requires("db"),
        program("web").requires("app"),
        program("soft").wants("db"),
        program("late").after("db"),
    ]);
    stage.boot();
    let scene = stage.exits("db", 1);
    assert_eq!(scene.spawns(), ["soft", "late"]);
    let fatal = |reason: &String| reason.contains("-> FATAL");
    assert_eq!(
        scene.reasons().into_iter().filter(fatal).collect::<Vec<_>>(),
        [
            "db BACKOFF -> FATAL: too many start retries too quickly",
            "app STARTING -> FATAL: dependency db failed",
            "web STARTING -> FATAL: dependency app failed",
        ]
    );
    let row = stage.row("web");
    assert_eq!((row.state, row.sub_state), (State::Fatal, SubState::DependencyFailed));
    assert_eq!((row.result, &*row.spawn_error), (RunResult::Dependency, "dependency app failed"));
}

#[test]
fn one_failed_requirement_is_enough_whatever_the_others_do() {
    let mut stage = Stage::with([
        program("bad").startretries(0),
        program("slow").startsecs(60),
        program("web").requires("bad").requires("slow"),
    ]);
    stage.boot();
    stage.exits("bad", 1);
    assert_eq!(stage.row("web").spawn_error, "dependency bad failed");
}

#[test]
fn a_retry_leaves_what_was_stopped_since_as_it_is() {
    let mut stage = Stage::with([program("cache"), program("web").wants("cache")]);
    stage.boot();
    stage.passes(1);
    stage.exits("web", 1);
    stage.stop("cache");
    stage.dies("cache");
    assert_eq!(stage.passes(1).spawns(), ["web"]);
}

#[test]
fn a_start_answers_for_what_it_requires() {
    let mut stage = Stage::with([
        program("db").autostart(false).startretries(0),
        program("web").autostart(false).requires("db"),
    ]);
    let (ticket, _) = stage.start("web");
    stage.exits("db", 1);
    assert_eq!(stage.outcomes(ticket), ["web: ERROR (dependency db failed)"]);
}

#[test]
fn a_dependency_that_is_retried_is_waited_for() {
    let mut stage = Stage::with([program("db"), program("web").requires("db")]);
    stage.boot();
    stage.exits("db", 1);
    assert_eq!(stage.state("web"), State::Starting);
    stage.passes(1);
    assert_eq!(stage.passes(1).spawns(), ["web"]);
}

#[test]
fn a_one_shot_is_waited_for_until_it_is_done() {
    let mut stage = Stage::with([one_shot("migrate"), program("web").requires("migrate")]);
    stage.boot();
    assert_eq!(stage.state("migrate"), State::Running);
    assert_eq!(stage.passes(60).spawns(), [""; 0]);
    assert_eq!(stage.exits("migrate", 0).spawns(), ["web"]);
    stage.stop("web");
    stage.dies("web");
    assert_eq!(stage.start("web").1.spawns(), ["web"], "what is done is not done again");
}

#[test]
fn a_one_shot_that_fails_fails_what_requires_it() {
    let mut stage = Stage::with([one_shot("migrate"), program("web").requires("migrate")]);
    stage.boot();
    stage.exits("migrate", 1);
    assert_eq!(stage.row("web").spawn_error, "dependency migrate failed");
}

#[test]
fn a_dependency_that_crashes_and_comes_back_leaves_the_rest_running() {
    let mut stage = Stage::running([program("db"), program("web").requires("db")]);
    let scene = stage.exits("db", 1);
    assert_eq!(scene.changes(), ["db RUNNING -> EXITED", "db EXITED -> STARTING"]);
    assert_eq!(stage.state("web"), State::Running);
    let scene = stage.exits("web", 1);
    assert_eq!(scene.spawns(), [""; 0], "its own restart waits for the dependency");
    assert_eq!(stage.passes(1).spawns(), ["web"]);
}

#[test]
fn a_restart_by_itself_brings_back_what_is_required_but_not_what_is_only_wanted() {
    let mut stage = Stage::running([
        program("db").autorestart(Autorestart::Never),
        program("cache"),
        program("web").requires("db").wants("cache"),
    ]);
    stage.stop("cache");
    stage.dies("cache");
    stage.exits("db", 0);
    assert_eq!(stage.exits("web", 1).spawns(), ["web"], "db has done what it was for");
    stage.passes(1);
    stage.start("db");
    stage.passes(1);
    stage.exits("db", 1);
    assert_eq!(stage.exits("web", 1).spawns(), ["db"]);
    assert_eq!(stage.passes(1).spawns(), ["web"]);
}

#[test]
fn a_stop_stops_what_requires_it_first() {
    let mut stage = Stage::running([
        program("db"),
        program("app").requires("db"),
        program("web").requires("app"),
        program("soft").wants("db"),
    ]);
    let (ticket, scene) = stage.stop("db");
    assert_eq!(scene.kills(&stage), ["web SIGTERM"]);
    assert_eq!(stage.state("db"), State::Running);
    assert_eq!(stage.row("db").waiting_for[0].to_string(), "app");
    let scene = stage.dies("web");
    assert_eq!(scene.kills(&stage), ["app SIGTERM"]);
    assert_eq!(scene.reasons()[1], "app RUNNING -> STOPPING: dependency db is being stopped");
    assert_eq!(stage.dies("app").kills(&stage), ["db SIGTERM"]);
    stage.dies("db");
    assert_eq!(stage.outcomes(ticket), ["db: stopped"]);
    assert_eq!(stage.state("soft"), State::Running);
}

#[test]
fn what_ends_by_itself_while_it_waits_to_be_stopped_is_not_started_again() {
    let mut stage = Stage::running([program("db"), program("web").requires("db")]);
    let (ticket, _) = stage.stop("db");
    assert_eq!(stage.exits("db", 1).changes(), ["db RUNNING -> EXITED"]);
    assert_eq!(stage.outcomes(ticket), ["db: stopped"]);
}

#[test]
fn a_restart_takes_what_requires_it_along() {
    let mut stage = Stage::running([program("db"), program("web").requires("db")]);
    let (ticket, scene) = stage.restart("db");
    assert_eq!(scene.kills(&stage), ["web SIGTERM"]);
    let scene = stage.dies("web");
    assert_eq!(scene.kills(&stage), ["db SIGTERM"]);
    assert_eq!(scene.spawns(), [""; 0], "web waits for the new db");
    assert_eq!(stage.dies("db").spawns(), ["db"]);
    assert_eq!(stage.passes(1).spawns(), ["web"]);
    assert_eq!(stage.outcomes(ticket), ["db: stopped", "db: started"]);
}

#[test]
fn a_start_whose_dependency_is_just_stopping_brings_it_back() {
    let mut stage = Stage::running([program("db"), program("web").autostart(false).requires("db")]);
    stage.stop("db");
    let (ticket, scene) = stage.start("web");
    assert_eq!(scene.spawns(), [""; 0]);
    assert_eq!(stage.dies("db").spawns(), ["db"]);
    stage.passes(1);
    stage.passes(1);
    assert_eq!(stage.outcomes(ticket), ["web: started"]);
}

#[test]
fn a_stop_of_what_waits_is_at_once() {
    let mut stage = Stage::with([program("db"), program("web").requires("db")]);
    stage.boot();
    let (ticket, scene) = stage.stop("web");
    assert_eq!(scene.changes(), ["web STARTING -> STOPPED"]);
    assert_eq!(stage.outcomes(ticket), ["web: stopped"]);
    assert_eq!(stage.passes(9).spawns(), [""; 0]);
}

#[test]
fn a_launch_that_fails_while_it_is_waited_for() {
    let mut stage = Stage::with([program("db").startretries(0), program("web").requires("db")]);
    stage.slow_launcher = true;
    stage.boot();
    let key = stage.key("db");
    let scene = stage.tell(Event::SpawnFailed { key, error: "out of memory".into() });
    assert_eq!(
        scene.log(),
        [
            "Info spawnerr: out of memory",
            "Info gave up: db entered FATAL state, too many start retries too quickly",
            "Info gave up: web entered FATAL state, dependency db failed",
        ]
    );
}

#[test]
fn a_name_may_be_a_process_a_member_a_group_or_a_program() {
    let workers = || numbered(program("w").autostart(false), 2);
    for (name, pulled) in [
        ("db", vec!["db"]),
        ("g:a", vec!["g:a"]),
        ("g", vec!["g:a", "g:b"]),
        ("g:*", vec!["g:a", "g:b"]),
        ("a", vec!["g:a"]),
        ("w", vec!["w:w_00", "w:w_01"]),
        ("w_01", vec!["w:w_01"]),
    ] {
        let mut stage = Stage::of([
            program("db").autostart(false).alone(),
            group("g", 1, [program("a").autostart(false), program("b").autostart(false)]),
            workers(),
            program("web").requires(name).alone(),
        ]);
        let mut spawns = stage.boot().spawns();
        spawns.sort();
        assert_eq!(spawns, pulled, "{name}");
    }
}

#[test]
fn what_a_group_says_holds_for_every_member_and_members_may_need_each_other() {
    let members = [program("web").requires("helper"), program("helper")];
    let ordering =
        Ordering { requires: vec![("db".into(), origin("group:g", 9))], ..Ordering::default() };
    let app = Group { ordering, ..Arc::unwrap_or_clone(group("g", 1, members)) };
    let mut stage = Stage::of([Arc::new(app), program("db").alone()]);
    assert_eq!(stage.boot().spawns(), ["db"]);
    assert_eq!(stage.passes(1).spawns(), ["g:helper"]);
    assert_eq!(stage.passes(1).spawns(), ["g:web"]);
}

#[test]
fn a_group_set_that_was_not_checked_still_runs() {
    let mut stage = Stage::with([
        program("a").requires("b"),
        program("b").requires("a"),
        program("lost").requires("nobody"),
        program("c").requires("a"),
    ]);
    assert_eq!(stage.boot().spawns(), ["a", "b"]);
    assert_eq!(stage.row("lost").spawn_error, "dependency nobody failed");
    assert_eq!(stage.passes(1).spawns(), ["c"]);
}

/// What a process shows of its dependencies: requires, wants, after, required by.
fn shown(stage: &Stage, name: &str) -> [String; 4] {
    let links = stage.row(name).links;
    [&links.requires, &links.wants, &links.after, &links.required_by]
        .map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

#[test]
fn a_process_shows_what_it_needs_and_what_needs_it_and_says_when_that_changes() {
    let web = || program("web").requires("db").wants("cache").after("log");
    let others = || [program("db"), program("cache"), program("log")];
    let mut stage = Stage::running(others().into_iter().chain([web()]));
    assert_eq!(shown(&stage, "web"), ["db", "cache", "db cache log", ""]);
    assert_eq!(shown(&stage, "db"), ["", "", "", "web"]);
    assert_eq!(shown(&stage, "log"), [""; 4]);

    stage.update(others().map(Script::alone));
    let scene = stage.dies("web");
    assert_eq!(shown(&stage, "db"), [""; 4]);
    assert!(scene.has(&Effect::Refresh { key: stage.key("db") }), "{scene:?}");
    assert!(!scene.has(&Effect::Refresh { key: stage.key("log") }), "nothing is new of it");
}
