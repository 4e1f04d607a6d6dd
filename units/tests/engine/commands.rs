//! What is asked, and what is answered.

use visor_units::engine::{Command, Event, State};

use crate::stage::{Stage, group, program, select};

#[test]
fn a_start_is_answered_when_the_program_is_running() {
    let mut stage = Stage::with([program("web").autostart(false)]);
    let (ticket, _) = stage.start("web");
    assert_eq!(stage.answer(ticket), None);
    stage.passes(1);
    assert_eq!(stage.outcomes(ticket), ["web: started"]);
}

#[test]
fn a_start_that_does_not_wait_is_answered_when_it_is_launched() {
    let mut stage = Stage::with([program("web").autostart(false), program("bad").autostart(false)]);
    stage.broken.insert("bad".into());
    let (ticket, _) = stage.ask(Command::Start { names: select("web bad"), wait: false });
    assert_eq!(stage.outcomes(ticket), ["web: started", "bad: ERROR (spawn error)"]);
    assert_eq!(stage.state("web"), State::Starting);
}

#[test]
fn a_start_that_fails_is_a_spawn_error() {
    let mut stage = Stage::with([program("web").autostart(false)]);
    let (ticket, _) = stage.start("web");
    stage.exits("web", 1);
    assert_eq!(stage.outcomes(ticket), ["web: ERROR (spawn error)"]);
    assert_eq!(stage.state("web"), State::Backoff, "it is tried again all the same");
}

#[test]
fn a_start_that_is_stopped_by_somebody_else_is_an_abnormal_termination() {
    let mut stage = Stage::with([program("web").autostart(false)]);
    let (start, _) = stage.start("web");
    let (stop, _) = stage.stop("web");
    assert_eq!(stage.outcomes(start), ["web: ERROR (abnormal termination)"]);
    stage.dies("web");
    assert_eq!(stage.outcomes(stop), ["web: stopped"]);
}

#[test]
fn what_is_so_already_is_said_of_what_was_named_and_passed_over_in_a_crowd() {
    let mut stage = Stage::of([group("g", 1, [program("up"), program("down").autostart(false)])]);
    stage.boot();
    stage.passes(1);
    for (command, outcomes) in [
        ("start g:up", vec!["g:up: ERROR (already started)"]),
        ("stop g:down", vec!["g:down: ERROR (not running)"]),
        ("stop nobody", vec!["nobody: ERROR (no such process)"]),
        ("stop g", vec!["g: ERROR (no such process)"]),
        ("stop nobody:*", vec!["nobody: ERROR (no such group)"]),
        ("stop x*", vec!["x*: ERROR (no such process)"]),
    ] {
        let (verb, name) = command.split_once(' ').unwrap();
        let (ticket, _) = if verb == "start" { stage.start(name) } else { stage.stop(name) };
        assert_eq!(stage.outcomes(ticket), outcomes, "{command}");
    }
    let (ticket, _) = stage.start("g:*");
    stage.passes(1);
    assert_eq!(stage.outcomes(ticket), ["g:down: started"]);
    let (ticket, _) = stage.start("all");
    assert_eq!(stage.outcomes(ticket), [""; 0]);
    assert!(stage.answer(ticket).is_some(), "nothing to do is an answer");
}

#[test]
fn outcomes_come_in_the_order_things_are_done() {
    let mut stage = Stage::with(["a", "b", "c"].map(|name| program(name).autostart(false)));
    let (ticket, _) = stage.start("c nobody a b a");
    stage.exits("b", 1);
    stage.passes(1);
    assert_eq!(
        stage.outcomes(ticket),
        ["nobody: ERROR (no such process)", "b: ERROR (spawn error)", "a: started", "c: started"]
    );
}

#[test]
fn a_start_while_stopping_is_what_supervisor_makes_of_it() {
    let mut stage = Stage::running([program("web")]);
    stage.stop("web");
    let (ticket, scene) = stage.start("web");
    assert_eq!(stage.outcomes(ticket), ["web: ERROR (abnormal termination)"]);
    assert_eq!(scene.log(), ["Warn process 'web' already running"]);
    let (ticket, _) = stage.ask(Command::Start { names: select("web"), wait: false });
    assert_eq!(stage.outcomes(ticket), ["web: started"]);
    stage.dies("web");
    assert_eq!(stage.state("web"), State::Stopped);
}

#[test]
fn a_restart_is_a_stop_and_a_start() {
    let mut stage = Stage::running([program("web"), program("tool").autostart(false)]);
    let old = stage.row("web").pid;
    let (ticket, scene) = stage.restart("web tool");
    assert_eq!(scene.kills(&stage), ["web SIGTERM"]);
    assert_eq!(scene.spawns(), ["tool"], "what is stopped is just started");
    stage.passes_millis(100);
    assert_eq!(
        stage.dies("web").reasons(),
        [
            "web STOPPING -> STOPPED: asked by uid 0 (story)",
            "web STOPPED -> STARTING: asked by uid 0 (story)",
        ]
    );
    stage.passes(1);
    assert_eq!(stage.outcomes(ticket), ["web: stopped", "tool: started", "web: started"]);
    assert_ne!(stage.row("web").pid, old);
    assert_eq!(stage.row("web").restarts, 0, "it was asked for");
}

#[test]
fn a_restart_of_what_is_stopping_starts_it_when_it_is_down() {
    let mut stage = Stage::running([program("web")]);
    let (stop, _) = stage.stop("web");
    let (restart, scene) = stage.restart("web");
    assert_eq!(scene.kills(&stage), [""; 0], "it has its signal");
    assert_eq!(stage.dies("web").spawns(), ["web"]);
    stage.passes(1);
    assert_eq!(stage.outcomes(stop), ["web: stopped"]);
    assert_eq!(stage.outcomes(restart), ["web: stopped", "web: started"]);
}

#[test]
fn a_stop_takes_a_restart_back() {
    let mut stage = Stage::running([program("web")]);
    let (restart, _) = stage.restart("web");
    let (stop, _) = stage.stop("web");
    assert_eq!(stage.dies("web").spawns(), [""; 0]);
    assert_eq!(stage.outcomes(restart), ["web: stopped", "web: ERROR (abnormal termination)"]);
    assert_eq!(stage.outcomes(stop), ["web: stopped"]);
}

#[test]
fn a_restart_in_backoff_and_during_the_launch() {
    let mut stage = Stage::with([program("web")]);
    stage.boot();
    stage.exits("web", 1);
    let (ticket, scene) = stage.restart("web");
    assert_eq!(scene.changes(), ["web BACKOFF -> STOPPED", "web STOPPED -> STARTING"]);
    stage.passes(1);
    assert_eq!(stage.outcomes(ticket), ["web: stopped", "web: started"]);

    let mut stage = Stage::with([program("web")]);
    stage.slow_launcher = true;
    stage.boot();
    stage.restart("web");
    stage.is_launched("web");
    assert_eq!(stage.dies("web").spawns(), ["web"]);
}

#[test]
fn nobody_is_told_what_nobody_waits_for_but_it_is_done() {
    let mut stage = Stage::running([program("web")]);
    let (ticket, _) = stage.restart("web");
    stage.tell(Event::Withdrawn { ticket });
    assert_eq!(stage.dies("web").spawns(), ["web"]);
    stage.passes(1);
    assert_eq!(stage.answer(ticket), None);
    assert_eq!(stage.state("web"), State::Running);
}
