//! Headers and payloads, to the byte.

use visor_units::announce::{Heard, Output, Stream};
use visor_units::engine::State;
use visor_units::name::ProcessName;

use crate::stage::Stage;

const LISTENER: &str = "[eventlistener:l]\ncommand=x\nevents=EVENT\n";

/// What an event looks like to a listener of everything, without its serials.
fn told(act: impl FnOnce(&mut Stage)) -> String {
    let mut stage = Stage::new(LISTENER);
    stage.is_up("l");
    for _ in 0..2 {
        stage.is_done("l");
    }
    stage.says("l", "READY\n");
    drop(stage.sent("l"));
    act(&mut stage);
    let sent = stage.sent("l");
    let [text] = sent.as_slice() else { panic!("one event: {sent:?}") };
    let (head, payload) = text.split_once('\n').expect("a header");
    let rest = head.strip_prefix("ver:3.0 server:supervisor serial:2 pool:l poolserial:2 ");
    format!("{}\n{payload}", rest.unwrap_or_else(|| panic!("a header: {head}")))
}

fn output(stream: Stream, is_capture: bool, data: &[u8]) -> Heard {
    let name = ProcessName::new("g", "p");
    Heard::Output(Box::new(Output { name, pid: 7, stream, is_capture, data: data.to_vec() }))
}

#[test]
fn a_change_of_state_tells_what_is_true_in_the_new_one() {
    use State::{Backoff, Exited, Fatal, Running, Starting, Stopped, Stopping, Unknown};
    for (from, to, state, payload) in [
        (Stopped, Starting, "STARTING", "processname:p groupname:g from_state:STOPPED tries:2"),
        (Starting, Backoff, "BACKOFF", "processname:p groupname:g from_state:STARTING tries:2"),
        (Starting, Running, "RUNNING", "processname:p groupname:g from_state:STARTING pid:42"),
        (Running, Stopping, "STOPPING", "processname:p groupname:g from_state:RUNNING pid:42"),
        (Stopping, Stopped, "STOPPED", "processname:p groupname:g from_state:STOPPING pid:42"),
        (
            Running,
            Exited,
            "EXITED",
            "processname:p groupname:g from_state:RUNNING expected:1 pid:42",
        ),
        (Backoff, Fatal, "FATAL", "processname:p groupname:g from_state:BACKOFF"),
        (Running, Unknown, "UNKNOWN", "processname:p groupname:g from_state:RUNNING"),
    ] {
        let told = told(|stage| stage.changes("g:p", from, to));
        let length = payload.len();
        assert_eq!(told, format!("eventname:PROCESS_STATE_{state} len:{length}\n{payload}"));
    }
}

#[test]
fn output_is_told_as_it_is_and_lengths_count_characters() {
    let log = "processname:p groupname:g pid:7 channel:stderr\n";
    for (data, shown) in [
        (&b"two\nlines\n"[..], "two\nlines\n"),
        ("schön".as_bytes(), "schön"),
        (b"\xff'\n\x00a", "Undecodable: b\"\\xff'\\n\\x00a\""),
    ] {
        let length = log.len() + shown.chars().count();
        let told = told(|stage| stage.hear(output(Stream::Stderr, false, data)));
        assert_eq!(told, format!("eventname:PROCESS_LOG_STDERR len:{length}\n{log}{shown}"));
    }
    let told = told(|stage| stage.hear(output(Stream::Stdout, true, b"inside")));
    let head = "eventname:PROCESS_COMMUNICATION_STDOUT len:38";
    assert_eq!(told, format!("{head}\nprocessname:p groupname:g pid:7\ninside"));
}

#[test]
fn groups_and_remote_messages_are_told() {
    let added = told(|stage| stage.add("[program:web]\ncommand=x\n"));
    assert_eq!(added, "eventname:PROCESS_GROUP_ADDED len:14\ngroupname:web\n");
    let removed = told(|stage| stage.remove("[program:web]\ncommand=x\n"));
    assert_eq!(removed, "eventname:PROCESS_GROUP_REMOVED len:14\ngroupname:web\n");
    let remote = told(|stage| stage.tells("a b"));
    assert_eq!(remote, "eventname:REMOTE_COMMUNICATION len:10\ntype:t\na b");
}
