//! The journal, with a real journald: present, stopped, dead and back.

use std::fs;
use std::io::Write;
use std::thread;

use visor_units::engine::{Key, State};
use visor_units::exit::ExitStatus;
use visor_units::name::ProcessName;
use visor_units::unit::{LogLevel, MainLog as Destination, OnOffAuto};

use super::journald::{Journald, bytes, text};
use super::{Fixture, KEY, PID, daemon, lines, pattern, program};
use crate::log::journal::{self, Journal};
use crate::log::{MainLog, Pump, Record};

macro_rules! beside_journald {
    ($name:ident) => {{
        let test = concat!("log::tests::journal::", stringify!($name));
        match Journald::beside(test) {
            Some(journald) => journald,
            None => return,
        }
    }};
}

/// How many lines a notice says are missing.
fn skipped(message: &str) -> Option<u64> {
    message.strip_suffix(" lines skipped, the journal did not keep up")?.parse().ok()
}

const UNIT: &[&str] = &["--unit", "visord@web"];

#[test]
fn every_line_is_found_by_its_unit_with_all_its_fields() {
    let journald = beside_journald!(every_line_is_found_by_its_unit_with_all_its_fields);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let long = vec![b'x'; 300_000];
    let process = fixture.launch(KEY, PID, &program("web", "web"), None);
    (&process.stdout).write_all(b"plain\n\n<3>an error\nnot \xff UTF-8\0\n").expect("write");
    (&process.stdout).write_all(&long).expect("write");
    (&process.stdout).write_all(b"\nno newline").expect("write");
    drop(process.stdout);
    (&process.stderr).write_all(b"on stderr\n").expect("write");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();

    let entries = journald.entries(UNIT);
    let of = |stream: &str| {
        let of_stream = entries.iter().filter(|entry| text(entry, "VISORD_STREAM") == stream);
        of_stream.map(|entry| bytes(entry, "MESSAGE")).collect::<Vec<_>>()
    };
    let wanted: [&[u8]; 6] =
        [b"plain", b"", b"an error", b"not \xff UTF-8\0", &long, b"no newline"];
    assert!(of("stdout") == wanted);
    assert_eq!(of("stderr"), [b"on stderr"]);
    assert_eq!(text(&entries[2], "PRIORITY"), "3");
    for (field, value) in [
        ("PRIORITY", "6"),
        ("SYSLOG_IDENTIFIER", "web"),
        ("VISORD_PROGRAM", "web"),
        ("VISORD_GROUP", "web"),
        ("VISORD_PROCESS", "web:web"),
        ("VISORD_INVOCATION_ID", &"ab".repeat(16)),
        ("OBJECT_PID", "4711"),
        ("OBJECT_SYSTEMD_UNIT", "visord@web.service"),
    ] {
        assert_eq!(text(&entries[0], field), value, "{field}");
    }
    assert_eq!(fixture.pump.stats(KEY).journal_dropped, 0);
}

#[test]
fn a_hostile_name_forges_no_field() {
    let journald = beside_journald!(a_hostile_name_forges_no_field);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let name = "a\nSYSLOG_IDENTIFIER=b\n\nMESSAGE=c";
    let process = fixture.launch(KEY, PID, &program(name, name), None);
    (&process.stdout).write_all(b"hello\n").expect("write");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    let entries = journald.entries(&["VISORD_STREAM=stdout"]);
    assert_eq!(entries.len(), 1);
    assert_eq!(text(&entries[0], "VISORD_GROUP"), name);
    assert_eq!(text(&entries[0], "MESSAGE"), "hello");
}

#[test]
fn a_stopped_journald_slows_no_file_and_what_it_misses_is_counted() {
    let journald = beside_journald!(a_stopped_journald_slows_no_file_and_what_it_misses_is_counted);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let file = fixture.path("web.log");
    let output = lines(80_000);
    let process = fixture.launch(KEY, PID, &program("web", "web"), Some(&file));
    journald.pause();
    (&process.stdout).write_all(&output).expect("write");
    while fs::metadata(&file).expect("metadata").len() < output.len() as u64 {
        thread::yield_now();
    }
    fixture.pump.say(Record::new(LogLevel::Info, "still here"));
    while !fixture.main_log().contains("still here") {
        thread::yield_now();
    }
    let dropped = fixture.pump.stats(KEY).journal_dropped;
    assert!(dropped > 0);
    journald.resume();
    // Every line is there or counted, where it is missing.
    let total = output.len() as u64 / 100;
    loop {
        let entries = journald.entries(UNIT);
        let messages: Vec<String> = entries.iter().map(|entry| text(entry, "MESSAGE")).collect();
        let skipped: Vec<u64> = messages.iter().filter_map(|text| skipped(text)).collect();
        let arrived = messages.len() - skipped.len();
        assert!(arrived as u64 <= total);
        if arrived as u64 + skipped.iter().sum::<u64>() == total {
            assert_eq!(skipped.iter().sum::<u64>(), dropped);
            break;
        }
    }
    (&process.stdout).write_all(b"flows again\n").expect("write");
    fixture.pump.finish(KEY, PID);
    journald.wait_for(1, &["MESSAGE=flows again"]);
    journald.wait_for(1, &["MESSAGE=still here"]);
    assert!(fs::read(&file).expect("read") == [&output[..], b"flows again\n"].concat());
    fixture.pump.stop();
}

#[test]
fn a_program_with_nothing_but_the_journal_waits_for_it_and_loses_nothing() {
    let journald =
        beside_journald!(a_program_with_nothing_but_the_journal_waits_for_it_and_loses_nothing);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let output = lines(16_000);
    let process = fixture.launch(KEY, PID, &program("web", "web"), None);
    journald.pause();
    let writer = thread::spawn({
        let output = output.clone();
        move || (&process.stdout).write_all(&output).expect("write")
    });
    // Another program goes on meanwhile.
    let file = fixture.path("other.log");
    let other = fixture.launch(Key(9), 9, &program("other", "other"), Some(&file));
    (&other.stdout).write_all(&output).expect("write");
    while fs::metadata(&file).expect("metadata").len() < output.len() as u64 {
        thread::yield_now();
    }
    assert!(!writer.is_finished(), "more was taken than buffers hold");
    journald.resume();
    writer.join().expect("writer");
    fixture.pump.finish(KEY, PID);
    let entries = journald.wait_for(output.len() / 100, UNIT);
    let messages: Vec<u8> = entries
        .iter()
        .flat_map(|entry| [text(entry, "MESSAGE"), "\n".into()].concat().into_bytes())
        .collect();
    assert!(messages == output);
    assert_eq!(fixture.pump.stats(KEY).journal_dropped, 0);
    fixture.pump.stop();
}

#[test]
fn a_dead_journald_holds_nobody_back_and_is_found_again() {
    let mut journald = beside_journald!(a_dead_journald_holds_nobody_back_and_is_found_again);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let process = fixture.launch(KEY, PID, &program("web", "web"), None);
    (&process.stdout).write_all(b"before\n").expect("write");
    journald.wait_for(1, UNIT);
    journald.kill();
    let output = lines(16_000);
    (&process.stdout).write_all(&output).expect("write");
    let lost = output.len() as u64 / 100;
    while fixture.pump.stats(KEY).journal_dropped < lost {
        thread::yield_now();
    }
    journald.restart();
    (&process.stdout).write_all(b"after\n").expect("write");
    fixture.pump.finish(KEY, PID);
    journald.wait_for(1, &["MESSAGE=after"]);
    let entries = journald.entries(UNIT);
    let notices: Vec<u64> =
        entries.iter().filter_map(|entry| skipped(&text(entry, "MESSAGE"))).collect();
    assert_eq!(notices, [lost]);
    assert_eq!(fixture.pump.stats(KEY).journal_dropped, lost);
    fixture.pump.stop();
}

#[test]
fn a_journald_that_dies_while_it_is_waited_for_is_not_waited_for_any_longer() {
    let mut journald =
        beside_journald!(a_journald_that_dies_while_it_is_waited_for_is_not_waited_for_any_longer);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let process = fixture.launch(KEY, PID, &program("web", "web"), None);
    journald.pause();
    let writer = thread::spawn(move || {
        (&process.stdout).write_all(&lines(16_000)).expect("write");
        process
    });
    let file = fixture.path("other.log");
    let other = fixture.launch(Key(9), 9, &program("other", "other"), Some(&file));
    (&other.stdout).write_all(b"done\n").expect("write");
    while fixture.text("other.log") != "done\n" {
        thread::yield_now();
    }
    journald.kill();
    let process = writer.join().expect("writer");
    journald.restart();
    (&process.stdout).write_all(b"after\n").expect("write");
    fixture.pump.finish(KEY, PID);
    journald.wait_for(1, &["MESSAGE=after"]);
    fixture.pump.stop();
}

#[test]
fn a_stream_can_opt_out_and_so_can_the_daemon() {
    let journald = beside_journald!(a_stream_can_opt_out_and_so_can_the_daemon);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let mut program = program("web", "web");
    program.stdout.journal = false;
    let process = fixture.launch(KEY, PID, &program, None);
    (&process.stdout).write_all(b"not this\n").expect("write");
    (&process.stderr).write_all(b"but this\n").expect("write");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    let silent = Fixture::with(LogLevel::Info, OnOffAuto::Off);
    let process = silent.launch(KEY, PID, &program, None);
    (&process.stderr).write_all(b"nor this\n").expect("write");
    silent.pump.finish(KEY, PID);
    silent.pump.stop();
    let entries = journald.entries(UNIT);
    let messages: Vec<String> = entries.iter().map(|entry| text(entry, "MESSAGE")).collect();
    assert_eq!(messages, ["but this"]);
}

#[test]
fn the_daemons_own_messages_have_fields_and_none_is_lost_in_a_burst() {
    let journald =
        beside_journald!(the_daemons_own_messages_have_fields_and_none_is_lost_in_a_burst);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Auto);
    let name = ProcessName::new("web", "web");
    let record = Record::new(LogLevel::Warn, "exited: web (exit status 3; not expected)")
        .about(&name)
        .pid(4711)
        .change(State::Running, State::Exited)
        .exit(ExitStatus::Exited(3));
    fixture.pump.say(record);
    fixture.pump.say(Record::new(LogLevel::Debug, "not wanted"));
    for n in 0..500 {
        fixture.pump.say(Record::new(LogLevel::Info, &format!("burst {n}")));
    }
    fixture.pump.stop();
    let entries = journald.entries(&["--identifier", "visord"]);
    assert_eq!(entries.len(), 501);
    for (field, value) in [
        ("MESSAGE", "exited: web (exit status 3; not expected)"),
        ("PRIORITY", "4"),
        ("VISORD_PROGRAM", "web"),
        ("VISORD_GROUP", "web"),
        ("VISORD_PROCESS", "web:web"),
        ("VISORD_FROM", "RUNNING"),
        ("VISORD_TO", "EXITED"),
        ("OBJECT_PID", "4711"),
        ("OBJECT_SYSTEMD_UNIT", "visord@web.service"),
        ("EXIT_CODE", "exited"),
        ("EXIT_STATUS", "3"),
    ] {
        assert_eq!(text(&entries[0], field), value, "{field}");
    }
    assert_eq!(text(&entries[500], "MESSAGE"), "burst 499");
    assert_eq!(journald.entries(UNIT).len(), 1);
}

#[test]
fn syslog_gets_each_line_after_the_name_of_the_process() {
    let journald = beside_journald!(syslog_gets_each_line_after_the_name_of_the_process);
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Off);
    let mut program = program("g", "web");
    program.stdout.syslog = true;
    let process = fixture.launch(KEY, PID, &program, None);
    (&process.stdout).write_all(b"one\ntwo").expect("write");
    fixture.pump.finish(KEY, PID);
    fixture.pump.stop();
    let entries = journald.entries(&["--identifier", "visord"]);
    let messages: Vec<String> = entries.iter().map(|entry| text(entry, "MESSAGE")).collect();
    assert_eq!(messages, ["web one", "web two"]);
    assert_eq!(text(&entries[0], "SYSLOG_FACILITY"), "1");
    assert_eq!(text(&entries[0], "PRIORITY"), "6");
}

#[test]
fn the_daemons_log_can_go_to_syslog() {
    let journald = beside_journald!(the_daemons_log_can_go_to_syslog);
    let mut settings = daemon("".as_ref(), LogLevel::Info);
    settings.logfile = Destination::Syslog;
    let mut log = MainLog::new("visord");
    log.open(&settings, OnOffAuto::Off).expect("open");
    log.say(Record::new(LogLevel::Info, "before the pump"));
    let (pump, _tapped) = Pump::start(log).expect("pump");
    pump.say(Record::new(LogLevel::Warn, "and after"));
    pump.stop();
    let entries = journald.entries(&["--identifier", "visord"]);
    let messages: Vec<String> = entries.iter().map(|entry| text(entry, "MESSAGE")).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].ends_with(" INFO before the pump"), "{messages:?}");
    assert!(messages[1].ends_with(" WARN and after"), "{messages:?}");
}

#[test]
fn an_entry_of_any_size_arrives() {
    let journald = beside_journald!(an_entry_of_any_size_arrives);
    let mut journal = Journal::new(journal::SOCKET.into());
    let mut line = pattern(3_000_000);
    line.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
    assert_eq!(journal.send(b"SYSLOG_IDENTIFIER=large\n", &[&line, b"small"]), Ok(1));
    let entries = journald.entries(&["--identifier", "large"]);
    assert_eq!(entries.len(), 1);
    assert!(bytes(&entries[0], "MESSAGE") == line);
}
