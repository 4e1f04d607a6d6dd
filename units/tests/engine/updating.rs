//! Changing the set of groups while it runs.

use std::time::Duration;

use visor_units::engine::{Answer, Command, Effect, State};
use visor_units::fault::Fault;
use visor_units::unit::Autorestart;

use crate::stage::{Stage, group, numbered, program};

#[test]
fn what_is_new_comes_what_changed_is_replaced_and_what_went_goes() {
    let mut stage = Stage::running([program("same"), program("old"), program("edited")]);
    let same = stage.row("same");
    let (ticket, scene) = stage.update([
        program("same").at_line(40).alone(),
        program("edited").startsecs(2).alone(),
        program("new").alone(),
    ]);
    assert_eq!(
        scene.kills(&stage),
        ["edited SIGTERM", "old SIGTERM"],
        "last started, first stopped"
    );
    assert_eq!(stage.dies("old").spawns(), [""; 0]);
    let scene = stage.dies("edited");
    assert_eq!(scene.spawns(), ["edited", "new"]);
    assert_eq!(scene.reasons().last().unwrap(), "new STOPPED -> STARTING: configuration changed");
    assert_eq!(
        stage.outcomes(ticket),
        [
            "old: stopped",
            "old: removed process group",
            "edited: stopped",
            "edited: updated process group",
            "new: added process group",
        ]
    );
    let row = stage.row("same");
    assert_eq!((row.key, row.pid), (same.key, same.pid), "untouched");
    assert_eq!(stage.engine.counts().total, 3);
    assert_eq!(stage.engine.snapshot().len(), 3);
}

#[test]
fn only_the_groups_that_were_named_are_touched() {
    let mut stage = Stage::running([program("a"), program("b")]);
    let wanted = vec![program("c").alone(), program("d").alone()];
    let only = ["a", "c", "nobody"].map(str::to_owned).into();
    let (ticket, _) = stage.ask(Command::Update { wanted, only });
    stage.dies("a");
    assert_eq!(
        stage.outcomes(ticket),
        [
            "nobody: ERROR (no such group)",
            "a: stopped",
            "a: removed process group",
            "c: added process group",
        ]
    );
    let names: Vec<_> = stage.engine.groups().iter().map(|group| group.name.to_string()).collect();
    assert_eq!(names, ["b", "c"]);
}

#[test]
fn nothing_to_do_is_done_at_once() {
    let mut stage = Stage::running([program("a")]);
    let (ticket, scene) = stage.update([program("a").alone()]);
    assert_eq!(stage.outcomes(ticket), [""; 0]);
    assert_eq!(scene.0.len(), 1, "the answer");
}

#[test]
fn what_ends_or_waits_while_it_is_taken_out_is_not_started_again() {
    let mut stage = Stage::running([program("slow"), program("crash")]);
    let (ticket, _) = stage.update([]);
    stage.exits("crash", 1);
    let (start, _) = stage.start("crash");
    assert_eq!(stage.outcomes(start), ["crash: ERROR (process group is being removed)"]);
    let scene = stage.dies("slow");
    assert_eq!(scene.spawns(), [""; 0]);
    assert_eq!(stage.outcomes(ticket).len(), 4);
    assert_eq!(stage.engine.snapshot().len(), 0);
}

#[test]
fn a_start_that_was_waited_for_is_answered_when_its_group_goes() {
    let mut stage = Stage::with([program("web")]);
    stage.boot();
    stage.exits("web", 1);
    stage.stop("web");
    let (start, _) = stage.start("web");
    stage.exits("web", 1);
    let (update, _) = stage.update([]);
    assert_eq!(stage.outcomes(start), ["web: ERROR (spawn error)"]);
    assert_eq!(stage.outcomes(update), ["web: stopped", "web: removed process group"]);
}

#[test]
fn what_requires_a_changed_group_comes_back_with_it() {
    let mut stage = Stage::running([program("db"), program("web").requires("db")]);
    let (ticket, scene) =
        stage.update([program("db").startsecs(3).alone(), program("web").requires("db").alone()]);
    assert_eq!(scene.kills(&stage), ["web SIGTERM"]);
    assert_eq!(stage.dies("web").kills(&stage), ["db SIGTERM"]);
    assert_eq!(stage.dies("db").spawns(), ["db"]);
    assert_eq!(stage.row("web").waiting_for.len(), 1);
    assert_eq!(stage.passes(3).spawns(), ["web"]);
    assert_eq!(stage.outcomes(ticket), ["db: stopped", "db: updated process group"]);
}

#[test]
fn what_needs_a_group_that_is_being_replaced_waits_for_the_new_one() {
    let mut stage = Stage::running([
        program("db").autostart(false),
        program("slow"),
        program("web").autostart(false).requires("db"),
    ]);
    stage.update([
        program("db").autostart(false).startsecs(5).alone(),
        program("web").autostart(false).requires("db").alone(),
    ]);
    let (start, scene) = stage.start("web");
    assert_eq!(scene.spawns(), [""; 0], "not the db that is on its way out");
    assert_eq!(stage.state("web"), State::Starting);
    assert_eq!(stage.dies("slow").spawns(), ["db"]);
    assert_eq!(stage.passes(5).spawns(), ["web"]);
    stage.passes(1);
    assert_eq!(stage.outcomes(start), ["web: started"]);
}

#[test]
fn a_second_update_waits_for_the_first() {
    let mut stage = Stage::running([program("a")]);
    let (first, _) = stage.update([program("b").alone()]);
    let (second, _) = stage.update([program("c").alone()]);
    assert_eq!(stage.answer(second), None);
    stage.dies("a");
    assert_eq!(stage.outcomes(first).len(), 3);
    stage.dies("b");
    assert_eq!(
        stage.outcomes(second),
        ["b: stopped", "b: removed process group", "c: added process group"]
    );
}

#[test]
fn a_shutdown_puts_an_end_to_updates() {
    let mut stage = Stage::running([program("a")]);
    let (first, _) = stage.update([program("b").alone()]);
    let (second, _) = stage.update([program("c").alone()]);
    stage.ask(Command::Shutdown);
    assert_eq!(
        stage.outcomes(first),
        ["a: ERROR (supervisor shutting down)", "b: ERROR (supervisor shutting down)"]
    );
    assert_eq!(stage.answer(second), Some(&Answer::Refused(Fault::ShuttingDown.into())));
    let scene = stage.dies("a");
    assert!(!scene.0.iter().any(|effect| matches!(effect, Effect::GroupAdded { .. })));
}

#[test]
fn a_cyclic_update_changes_nothing() {
    let mut stage = Stage::running([program("a"), program("b")]);
    let (ticket, scene) =
        stage.update([program("a").requires("b").alone(), program("b").after("a").alone()]);
    let Some(Answer::Refused(refusal)) = stage.answer(ticket) else { panic!("refused") };
    assert_eq!(refusal.fault, Fault::OrderIsCyclic);
    assert_eq!(refusal.text, "dependency order has a cycle: a -> b -> a");
    assert_eq!(scene.0.len(), 1);
    assert_eq!(stage.states(["a", "b"]), [State::Running; 2]);
}

#[test]
fn what_is_taken_out_is_not_started_again_after_a_pause() {
    let restarted =
        program("a").autorestart(Autorestart::Always).restart_delay(Duration::from_secs(5));
    let mut stage = Stage::of([group("g", 1, [restarted, program("b")])]);
    stage.boot();
    stage.passes(1);
    stage.cannot_be_signalled("g:a");
    let (ticket, _) = stage.update([]);
    let scene = stage.exits("g:a", 0);
    assert_eq!(scene.changes(), ["g:a UNKNOWN -> EXITED"]);
    stage.dies("g:b");
    assert_eq!(stage.outcomes(ticket), ["g: stopped", "g: removed process group"]);
}

#[test]
fn a_restart_of_what_is_taken_out_is_answered_although_what_it_needs_is_restarted() {
    let mut stage = Stage::with([program("db").startsecs(0), program("web").requires("db")]);
    stage.slow_launcher = true;
    stage.boot();
    stage.is_launched("db");
    let (restart, _) = stage.restart("web");
    stage.update([program("db").startsecs(0).alone()]);
    stage.restart("db");
    stage.is_launched("web");
    stage.dies("web");
    assert_eq!(stage.outcomes(restart), ["web: stopped", "web: ERROR (abnormal termination)"]);
}

#[test]
fn groups_are_added_and_removed_one_by_one() {
    let mut stage = Stage::running([program("a").priority(5)]);
    let (ticket, scene) = stage.ask(Command::AddGroup(numbered(program("w").priority(5), 2)));
    assert_eq!(stage.outcomes(ticket), ["w: added process group"]);
    assert_eq!(scene.spawns(), ["w:w_00", "w:w_01"]);
    stage.ask(Command::AddGroup(program("early").priority(1).alone()));
    let names: Vec<_> = stage.engine.groups().iter().map(|group| group.name.to_string()).collect();
    assert_eq!(names, ["early", "a", "w"]);

    for (command, fault) in [
        (Command::AddGroup(program("a").alone()), Fault::AlreadyAdded),
        (Command::RemoveGroup("w".into()), Fault::StillRunning),
        (Command::RemoveGroup("nobody".into()), Fault::NoSuchUnit),
    ] {
        let (ticket, _) = stage.ask(command.clone());
        let Some(Answer::Refused(refusal)) = stage.answer(ticket) else { panic!("{command:?}") };
        assert_eq!(refusal.fault, fault);
    }

    stage.stop("w:*");
    stage.dies("w:w_00");
    stage.dies("w:w_01");
    let (ticket, _) = stage.ask(Command::RemoveGroup("w".into()));
    assert_eq!(stage.outcomes(ticket), ["w: removed process group"]);
}
