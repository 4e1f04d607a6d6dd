//! Order among groups and inside them.

use visor_units::engine::State;

use crate::stage::{Stage, group, numbered, program};

#[test]
fn groups_start_by_priority_and_a_heterogeneous_group_in_the_order_it_was_written() {
    let mut stage = Stage::of([
        program("first").priority(1).alone(),
        group("app", 5, [program("b").priority(9), program("a").priority(2)]),
        program("last").alone(),
    ]);
    assert_eq!(stage.boot().spawns(), ["first", "app:b", "app:a", "last"]);
}

#[test]
fn every_process_of_numprocs_is_its_own() {
    let mut stage = Stage::of([numbered(program("w"), 3)]);
    assert_eq!(stage.boot().spawns(), ["w:w_00", "w:w_01", "w:w_02"]);
    stage.passes(1);
    stage.exits("w:w_01", 1);
    let states = stage.states(["w:w_00", "w:w_01", "w:w_02"]);
    assert_eq!(states, [State::Running, State::Starting, State::Running]);
    assert_eq!(stage.engine.counts().running, 2);
    assert_eq!(stage.engine.counts().total, 3);
}

#[test]
fn log_lines_leave_the_group_out() {
    let mut stage = Stage::of([numbered(program("w"), 1)]);
    assert_eq!(stage.boot().log(), ["Info spawned: 'w_00' with pid 101"]);
}

#[test]
fn a_stop_of_all_signals_everything_at_once_in_start_order() {
    let mut stage = Stage::of([program("a").priority(1).alone(), program("b").priority(2).alone()]);
    stage.boot();
    let (_, scene) = stage.stop("all");
    assert_eq!(scene.kills(&stage), ["a SIGTERM", "b SIGTERM"]);
}

#[test]
fn a_process_is_found_by_its_pid_while_it_has_one() {
    let mut stage =
        Stage::running([program("web").autorestart(visor_units::unit::Autorestart::Never)]);
    let row = stage.row("web");
    assert_eq!(stage.engine.by_pid(row.pid), Some(row.key));
    stage.exits("web", 0);
    assert_eq!(stage.engine.by_pid(row.pid), None);
}
