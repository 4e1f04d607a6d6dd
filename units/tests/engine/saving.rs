//! The engine written out and read back.

use visor_units::engine::{Command, State};

use crate::stage::{Stage, group, program};

impl Stage {
    /// The daemon is replaced by its successor.
    fn saved_and_restored(&mut self) {
        let text = serde_json::to_string(&self.engine).expect("serialises");
        self.engine = serde_json::from_str(&text).expect("is read back");
    }
}

#[test]
fn a_successor_goes_on_where_its_predecessor_was() {
    let mut stage = Stage::of([
        program("up").alone(),
        program("settling").startsecs(30).alone(),
        program("retrying").alone(),
        program("stopping").alone(),
        group("g", 5, [program("waiting").requires("settling")]),
    ]);
    stage.boot();
    stage.exits("retrying", 1);
    stage.passes_millis(900);
    let (stop, _) = stage.stop("stopping");
    let (restart, _) = stage.restart("up");
    let (rows, counts) = (stage.engine.snapshot(), stage.engine.counts());
    let pid = stage.row("settling").pid;

    stage.saved_and_restored();
    assert_eq!(stage.engine.snapshot(), rows);
    assert_eq!(stage.engine.counts(), counts);
    assert_eq!(stage.engine.by_pid(pid), Some(stage.key("settling")));
    assert_eq!(stage.passes_millis(100).spawns(), ["retrying"]);
    assert_eq!(stage.dies("up").spawns(), ["up"]);
    stage.dies("stopping");
    assert_eq!(stage.outcomes(stop), ["stopping: stopped"]);
    assert_eq!(stage.passes(30).spawns(), ["g:waiting"]);
    assert_eq!(stage.outcomes(restart), ["up: stopped", "up: started"]);
}

#[test]
fn a_shutdown_and_an_update_in_progress_survive() {
    let mut stage = Stage::running([program("a"), program("b")]);
    let (update, _) = stage.update([program("a").alone(), program("c").alone()]);
    stage.saved_and_restored();
    stage.dies("b");
    assert_eq!(stage.outcomes(update).len(), 3);

    stage.ask(Command::Shutdown);
    stage.saved_and_restored();
    assert_eq!(stage.passes(3).log(), ["Info waiting for a, c to die"]);
    assert_eq!(stage.dies("c").kills(&stage), ["a SIGTERM"]);
    assert_eq!(stage.state("a"), State::Stopping);
}
