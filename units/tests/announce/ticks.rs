//! The clock's share.

use std::time::Duration;

use crate::stage::Stage;

fn listener(events: &str) -> Stage {
    Stage::new(&format!("[eventlistener:l]\ncommand=x\nevents={events}\nbuffer_size=10000\n"))
}

/// Everything that was told by now.
fn told(stage: &mut Stage) -> Vec<String> {
    stage.is_up("l");
    stage.says("l", "READY\n");
    let mut all = Vec::new();
    while let [event] = stage.heard_by("l").as_slice() {
        all.push(event.split_once(' ').expect("a type").1.to_owned());
        stage.says("l", "RESULT 2\nOKREADY\n");
    }
    all
}

#[test]
fn ticks_come_at_full_periods_of_the_wall_clock() {
    let mut stage = listener("TICK");
    stage.passes(Duration::from_secs(64));
    let told = told(&mut stage);
    assert_eq!(told[0], "TICK_5 when:1700002805");
    assert_eq!(told.len(), 14);
    assert_eq!(
        told[11..],
        ["TICK_5 when:1700002860", "TICK_60 when:1700002860", "TICK_5 when:1700002865"]
    );
}

#[test]
fn an_hour_has_one_hourly_tick() {
    let mut stage = listener("TICK_3600");
    stage.passes(Duration::from_secs(2 * 3600));
    assert_eq!(told(&mut stage), ["TICK_3600 when:1700006400", "TICK_3600 when:1700010000"]);
}

#[test]
fn where_nobody_wants_ticks_nothing_wakes() {
    let mut stage = listener("PROCESS_STATE");
    assert_eq!(stage.announcer.deadline(), None);
    let section = "[eventlistener:t]\ncommand=x\nevents=TICK_60\n";
    stage.add(section);
    let due = stage.announcer.deadline().expect("a tick");
    assert_eq!(due.since(stage.now.time), Duration::from_secs(59));
    stage.remove(section);
    assert_eq!(stage.announcer.deadline(), None);
}

#[test]
fn a_clock_that_was_set_begins_another_period() {
    let mut stage = listener("TICK_60");
    stage.now.wall.0 -= 3_600_000_000;
    stage.passes(Duration::from_secs(60));
    assert_eq!(told(&mut stage), ["TICK_60 when:1699999260"]);
}
