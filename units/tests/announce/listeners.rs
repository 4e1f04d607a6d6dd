//! What listeners say, what is made of it, and that one that says nonsense harms nobody.

use visor_units::engine::State;
use visor_units::unit::LogLevel;

use crate::stage::Stage;

const LISTENER: &str = "[eventlistener:l]\ncommand=x\nevents=REMOTE_COMMUNICATION\n";
const CONDEMNED: &str = "l: has entered the UNKNOWN state and will no longer receive events, this usually indicates \
                         the process violated the eventlistener protocol";

/// A listener that is busy with an event, and a clean log.
fn busy() -> Stage {
    let mut stage = Stage::new(LISTENER);
    stage.is_up("l");
    stage.says("l", "READY\n");
    stage.tells("first");
    drop((stage.sent("l"), stage.said(LogLevel::Debug)));
    stage
}

#[test]
fn results_may_come_in_any_pieces() {
    for pieces in [
        &["RESULT 2\nOKREADY\n"][..],
        &["RESULT 2\nO", "KREADY\n"],
        &["RES", "ULT 2", "\n", "OK", "READ", "Y\n"],
        &["xxxxxxx 2\nOK", "READY\n"],
        &["RESULT +0_2 \nOKREADY\n"],
    ] {
        let mut stage = busy();
        stage.tells("second");
        for piece in pieces {
            stage.says("l", piece);
        }
        assert_eq!(stage.heard_by("l"), ["1/1 REMOTE_COMMUNICATION second"], "{pieces:?}");
        assert_eq!(
            stage.said(LogLevel::Debug)[..3],
            ["l: event was processed", "l: BUSY -> ACKNOWLEDGED", "l: ACKNOWLEDGED -> READY"]
        );
    }
}

#[test]
fn a_result_of_no_length_is_known_when_something_follows() {
    let mut stage = busy();
    stage.says("l", "RESULT 0\n");
    assert_eq!(stage.said(LogLevel::Debug), [""; 0]);
    stage.says("l", "READY\n");
    assert_eq!(stage.said(LogLevel::Warn), ["l: event was rejected"]);
    assert_eq!(stage.heard_by("l"), ["0/0 REMOTE_COMMUNICATION first"]);
}

#[test]
fn a_bad_result_ends_the_talk_and_the_event_goes_to_the_next_run() {
    for (line, shown) in [
        ("RESULT two", "RESULT two".to_owned()),
        ("OK", "OK".to_owned()),
        ("", String::new()),
        ("RESULT -1", "RESULT -1".to_owned()),
        ("RESULT 99999999999", "RESULT 99999999999".to_owned()),
    ] {
        let mut stage = busy();
        stage.says("l", &format!("{line}\nREADY\n"));
        assert_eq!(
            stage.said(LogLevel::Debug),
            [
                &*format!("l: bad result line: '{shown}'"),
                "l: BUSY -> UNKNOWN",
                CONDEMNED,
                "rebuffering event 0 for pool l (buf size=0, max=10)"
            ]
        );
        stage.says("l", "READY\n");
        assert_eq!(stage.sent("l"), [""; 0]);
        stage.ends("l");
        stage.is_up("l");
        stage.says("l", "READY\n");
        assert_eq!(stage.heard_by("l"), ["0/0 REMOTE_COMMUNICATION first"]);
    }
}

#[test]
fn a_line_without_end_is_a_bad_result() {
    let mut stage = busy();
    for _ in 0..70 {
        stage.says("l", &"x".repeat(1024));
    }
    let said = stage.said(LogLevel::Warn);
    assert_eq!((said.len(), &*said[1]), (2, CONDEMNED));
}

#[test]
fn what_is_said_out_of_turn_ends_the_talk() {
    for (said, from) in
        [("hello\n", "ACKNOWLEDGED"), ("READY\n\n", "READY"), ("ready\n", "ACKNOWLEDGED")]
    {
        let mut stage = Stage::new(LISTENER);
        stage.is_up("l");
        stage.says("l", said);
        let log = stage.said(LogLevel::Debug);
        assert!(log.ends_with(&[format!("l: {from} -> UNKNOWN"), CONDEMNED.to_owned()]), "{log:?}");
        stage.says("l", "READY\n");
        stage.tells("first");
        assert_eq!(stage.sent("l"), [""; 0]);
    }
}

#[test]
fn the_event_of_a_listener_that_dies_is_sent_again() {
    let mut stage = busy();
    stage.ends("l");
    assert_eq!(
        stage.said(LogLevel::Debug),
        ["rebuffering event 0 for pool l (buf size=0, max=10)"]
    );
    stage.is_up("l");
    stage.says("l", "READY\n");
    assert_eq!(stage.heard_by("l"), ["0/0 REMOTE_COMMUNICATION first"]);
}

#[test]
fn a_result_that_was_said_before_the_end_counts() {
    let mut stage = busy();
    let (key, pid) = (stage.key("l"), stage.pid("l"));
    stage.changes("l", State::Running, State::Exited);
    stage.says("l", "RESULT 2\nOK");
    stage.hear(visor_units::announce::Heard::Finished { key, pid });
    assert_eq!(stage.said(LogLevel::Debug), ["l: event was processed", "l: BUSY -> ACKNOWLEDGED"]);
}

#[test]
fn where_nobody_reads_the_event_goes_to_another_or_waits() {
    let mut stage = Stage::new(
        "[eventlistener:l]\ncommand=x\nevents=REMOTE_COMMUNICATION\nnumprocs=2\nprocess_name=%(process_num)d\n",
    );
    for name in ["l:0", "l:1"] {
        stage.is_up(name);
        stage.says(name, "READY\n");
    }
    stage.closes_its_input("l:0");
    stage.tells("a");
    assert_eq!(stage.heard_by("l:1"), ["0/0 REMOTE_COMMUNICATION a"]);
    assert!(stage.said(LogLevel::Debug).contains(
        &"epipe occurred while sending event 0 to listener 0, listener state unchanged".to_owned()
    ));
    stage.closes_its_input("l:1");
    stage.says("l:1", "RESULT 2\nOKREADY\n");
    stage.tells("b");
    stage.ends("l:0");
    stage.ends("l:1");
    assert_eq!(stage.announcer.dropped(stage.key("l:0")), 0);
}

#[test]
fn a_listener_in_place_of_supervisor_stdout_prints() {
    let mut stage = Stage::new(
        "[eventlistener:l]\ncommand=x\nevents=PROCESS_LOG,REMOTE_COMMUNICATION\nresult_handler=supervisor_stdout:event_handler\n",
    );
    stage.is_up("l");
    stage.says("l", "READY\n");
    stage.tells("x");
    let result = "processname:web groupname:web pid:1 channel:stdout\nhello\n";
    stage.says("l", &format!("RESULT {}\n{result}READY\n", result.len()));
    assert_eq!(stage.printed, "web stdout | hello\n");
    stage.tells("x");
    drop(stage.said(LogLevel::Warn));
    stage.says("l", "RESULT 2\nOKREADY\n");
    assert_eq!(stage.said(LogLevel::Warn), ["l: event caused an error", CONDEMNED]);
}
