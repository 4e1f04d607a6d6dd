//! What waits, what is dropped, and who is sent what.

use visor_units::announce::{Announcement, Heard, Output, Stream};
use visor_units::engine::State;
use visor_units::name::ProcessName;
use visor_units::unit::LogLevel;

use crate::stage::Stage;

const REMOTE: &str = "[eventlistener:l]\ncommand=x\nevents=REMOTE_COMMUNICATION\nbuffer_size=2\n";

fn busy(stage: &mut Stage, name: &str) {
    stage.is_up(name);
    stage.says(name, "READY\n");
    stage.tells("first");
    assert_eq!(stage.heard_by(name), ["0/0 REMOTE_COMMUNICATION first"]);
}

#[test]
fn a_listener_that_is_not_running_or_not_ready_is_sent_nothing() {
    let mut stage = Stage::new(REMOTE);
    let (key, pid) = (stage.key("l"), stage.pid("l"));
    stage.tells("early");
    stage.hear(Heard::Began { key, pid });
    stage.says("l", "READY\n");
    assert_eq!(stage.sent("l"), [""; 0]);
    stage.changes("l", State::Starting, State::Running);
    assert_eq!(stage.heard_by("l"), ["0/0 REMOTE_COMMUNICATION early"]);
    stage.tells("later");
    stage.says("l", "RESULT 2\nOK");
    assert_eq!(stage.sent("l"), [""; 0]);
    stage.says("l", "READY\n");
    assert_eq!(stage.heard_by("l"), ["1/1 REMOTE_COMMUNICATION later"]);
}

#[test]
fn a_full_buffer_drops_the_oldest_event_and_counts_it() {
    let mut stage = Stage::new(REMOTE);
    busy(&mut stage, "l");
    for event in ["a", "b", "c", "d"] {
        stage.tells(event);
    }
    assert_eq!(
        stage.said(LogLevel::Error),
        [
            "pool l event buffer overflowed, discarding event 1",
            "pool l event buffer overflowed, discarding event 2"
        ]
    );
    assert_eq!(stage.announcer.dropped(stage.key("l")), 2);
    stage.says("l", "RESULT 2\nOKREADY\n");
    assert_eq!(stage.heard_by("l"), ["3/3 REMOTE_COMMUNICATION c"]);
}

#[test]
fn a_rejected_event_comes_first_again_with_its_serials() {
    let mut stage = Stage::new(REMOTE);
    busy(&mut stage, "l");
    stage.tells("second");
    drop(stage.said(LogLevel::Debug));
    stage.says("l", "RESULT 4\nFAIL");
    assert_eq!(
        stage.said(LogLevel::Debug),
        [
            "l: event was rejected",
            "l: BUSY -> ACKNOWLEDGED",
            "rebuffering event 0 for pool l (buf size=1, max=2)"
        ]
    );
    stage.says("l", "READY\n");
    assert_eq!(stage.heard_by("l"), ["0/0 REMOTE_COMMUNICATION first"]);
}

#[test]
fn a_rejected_event_goes_to_nobody_but_the_pool_that_rejected_it() {
    let other = "[eventlistener:o]\ncommand=x\nevents=REMOTE_COMMUNICATION\n";
    let mut stage = Stage::new(&format!("{REMOTE}{other}"));
    stage.is_up("o");
    stage.says("o", "READY\n");
    busy(&mut stage, "l");
    assert_eq!(stage.heard_by("o"), ["0/0 REMOTE_COMMUNICATION first"]);
    stage.says("o", "RESULT 2\nOKREADY\n");
    stage.says("l", "RESULT 4\nFAIL");
    assert_eq!(stage.sent("o"), [""; 0]);
}

#[test]
fn when_a_rejected_event_finds_no_room_the_oldest_of_the_others_is_dropped() {
    let mut stage = Stage::new(REMOTE);
    busy(&mut stage, "l");
    stage.tells("a");
    stage.tells("b");
    stage.says("l", "RESULT 4\nFAIL");
    assert_eq!(stage.said(LogLevel::Error), ["pool l event buffer overflowed, discarding event 1"]);
    stage.is_done("l");
    assert_eq!(stage.said(LogLevel::Warn).len(), 0);
}

#[test]
fn members_of_a_pool_share_its_events_in_their_order() {
    let mut stage = Stage::new(
        "[eventlistener:l]\ncommand=x\nevents=REMOTE_COMMUNICATION\nnumprocs=2\nprocess_name=%(process_num)d\n",
    );
    for name in ["l:1", "l:0"] {
        stage.is_up(name);
        stage.says(name, "READY\n");
    }
    for event in ["a", "b", "c"] {
        stage.tells(event);
    }
    assert_eq!(stage.heard_by("l:0"), ["0/0 REMOTE_COMMUNICATION a"]);
    assert_eq!(stage.heard_by("l:1"), ["1/1 REMOTE_COMMUNICATION b"]);
    stage.says("l:1", "RESULT 2\nOKREADY\n");
    assert_eq!(stage.heard_by("l:1"), ["2/2 REMOTE_COMMUNICATION c"]);
}

#[test]
fn an_event_of_two_types_that_are_listed_is_sent_twice_with_the_same_serials() {
    let mut stage =
        Stage::new("[eventlistener:l]\ncommand=x\nevents=PROCESS_STATE_EXITED,PROCESS_STATE\n");
    stage.changes("g:p", State::Running, State::Exited);
    stage.changes("g:p", State::Exited, State::Starting);
    stage.is_up("l");
    for _ in 0..3 {
        stage.says("l", "READY\n");
        stage.says("l", "RESULT 2\nOK");
    }
    let exited =
        "PROCESS_STATE_EXITED processname:p groupname:g from_state:RUNNING expected:1 pid:42";
    let starting = "PROCESS_STATE_STARTING processname:p groupname:g from_state:EXITED tries:2";
    assert_eq!(
        stage.heard_by("l"),
        [format!("0/0 {exited}"), format!("0/0 {exited}"), format!("1/1 {starting}")]
    );
}

#[test]
fn serials_count_what_is_taken_and_outlive_a_restart_of_the_daemon() {
    let ticks = "[eventlistener:t]\ncommand=x\nevents=TICK\n";
    let mut stage = Stage::new(&format!("{REMOTE}{ticks}"));
    stage.changes("g:p", State::Running, State::Exited);
    stage.tells("first");
    stage.announcer.begin_again("supervisor");
    stage.add(REMOTE);
    stage.tells("second");
    stage.is_up("l");
    stage.says("l", "READY\n");
    assert_eq!(stage.heard_by("l"), ["1/0 REMOTE_COMMUNICATION second"]);
}

#[test]
fn a_pool_hears_of_itself_and_of_groups_that_come_after_it_and_not_of_its_own_end() {
    let listener = "[eventlistener:l]\ncommand=x\nevents=PROCESS_GROUP\n";
    let mut stage = Stage::new(&format!("{listener}[program:web]\ncommand=x\n"));
    stage.is_up("l");
    stage.is_done("l");
    assert_eq!(stage.heard_by("l"), ["0/0 PROCESS_GROUP_ADDED groupname:l"]);
    stage.says("l", "READY\n");
    drop(stage.said(LogLevel::Debug));
    stage.remove(listener);
    assert!(!stage.announcer.has_listeners());
    assert_eq!(stage.said(LogLevel::Debug), [""; 0]);
}

#[test]
fn the_last_words_of_a_process_come_before_the_news_of_its_end() {
    let listener = "[eventlistener:l]\ncommand=x\nevents=EVENT\nbuffer_size=100\n";
    let last_words = || {
        let name = ProcessName::new("g", "p");
        let data = b"bye".to_vec();
        Heard::Output(Box::new(Output {
            name,
            pid: 7,
            stream: Stream::Stdout,
            is_capture: false,
            data,
        }))
    };
    let mut stage = Stage::new(&format!("{listener}[program:p]\ncommand=x\n"));
    let key = stage.key("p");
    stage.is_up("l");
    let hears = |stage: &mut Stage| {
        let mut types = Vec::new();
        while let [event] = stage.heard_by("l").as_slice() {
            types.push(event.split(' ').nth(1).unwrap().to_owned());
            stage.says("l", "RESULT 2\nOKREADY\n");
        }
        types
    };
    stage.says("l", "READY\n");
    assert_eq!(hears(&mut stage).len(), 3, "two groups and itself");
    stage.hear(Heard::Ended { key, pid: 7 });
    stage.changes("g:p", State::Running, State::Exited);
    stage.hear(last_words());
    stage.hear(Heard::Finished { key, pid: 7 });
    stage.hear(Heard::Announcement(Announcement::running()));
    assert_eq!(stage.announcer.deadline().map(|due| due.since(stage.now.time).as_secs()), Some(4));
    let mut heard = hears(&mut stage);
    assert_eq!(
        heard.split_off(0),
        ["PROCESS_LOG_STDOUT", "PROCESS_STATE_EXITED", "SUPERVISOR_STATE_CHANGE_RUNNING"]
    );
    // They never come: the news does not wait for ever.
    stage.hear(Heard::Ended { key, pid: 7 });
    stage.changes("g:p", State::Running, State::Exited);
    assert_eq!(hears(&mut stage), [""; 0]);
    stage.passes(std::time::Duration::from_secs(1));
    assert_eq!(stage.heard_by("l").len(), 1);
}
