//! Reading logs: the last lines, a stretch, and what comes, through every rotation.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::thread;

use visor_units::engine::Key;
use visor_units::unit::{LogLevel, OnOffAuto};

use super::{Fixture, KEY, PID, append, pattern, program};
use crate::log::{Log, Range, Record, Stream};

fn range() -> Range {
    Range::default()
}

fn follow(lines: u64) -> Range {
    Range { follow: true, lines: Some(lines), ..range() }
}

impl Fixture {
    fn open(&self, file: &str, range: Range) -> File {
        self.try_open(file, range).expect("open log")
    }

    fn try_open(&self, file: &str, range: Range) -> std::io::Result<File> {
        let path = self.path(file);
        let log = Log::Program { key: KEY, stream: Stream::Stdout, path: Some(&path) };
        self.pump.open_log(log, range).map(File::from)
    }

    fn open_recent(&self, range: Range) -> File {
        let log = Log::Program { key: KEY, stream: Stream::Stdout, path: None };
        File::from(self.pump.open_log(log, range).expect("open log"))
    }
}

fn all(mut reader: File) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("read");
    text
}

fn exactly(reader: &mut File, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).expect("read");
    bytes
}

#[test]
fn a_stretch_of_a_file_is_read_whether_its_program_runs_or_not() {
    let fixture = Fixture::new();
    append(&fixture.path("web.log"), b"one\ntwo\nthree\n");
    for running in [false, true] {
        if running {
            fixture.launch(KEY, PID, &program("web", "web"), Some(&fixture.path("web.log")));
        }
        for (range, text) in [
            (range(), "one\ntwo\nthree\n"),
            (Range { lines: Some(2), ..range() }, "two\nthree\n"),
            (Range { lines: Some(0), ..range() }, ""),
            (Range { lines: Some(9), ..range() }, "one\ntwo\nthree\n"),
            (Range { last: Some(6), ..range() }, "three\n"),
            (Range { last: Some(99), ..range() }, "one\ntwo\nthree\n"),
            (Range { offset: Some(4), ..range() }, "two\nthree\n"),
            (Range { offset: Some(4), length: Some(3), ..range() }, "two"),
            (Range { offset: Some(99), ..range() }, ""),
            (Range { length: Some(0), ..range() }, ""),
        ] {
            assert_eq!(all(fixture.open("web.log", range.clone())), text, "{range:?}");
        }
    }
    fixture.pump.stop();
}

#[test]
fn following_goes_through_rotation_truncation_and_the_next_run() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    append(&file, b"old\nlast\n");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 50_000;
    program.stdout.backups = 1;
    let mut reader = fixture.open("web.log", follow(1));
    assert_eq!(exactly(&mut reader, 5), b"last\n");
    let bytes = pattern(400_000);
    // In steps, so that the reader is never further behind than what is kept for it.
    for step in bytes.chunks(40_000) {
        let process = fixture.launch(KEY, PID, &program, Some(&file));
        (&process.stdout).write_all(step).expect("write");
        fixture.pump.finish(KEY, PID);
        assert!(exactly(&mut reader, step.len()) == step);
    }
    program.stdout.backups = 0;
    let process = fixture.launch(KEY, PID, &program, Some(&file));
    for step in bytes.chunks(40_000) {
        (&process.stdout).write_all(step).expect("write");
        assert!(exactly(&mut reader, step.len()) == step);
    }
    drop(fixture.pump.clear(KEY, Stream::Stdout));
    (&process.stdout).write_all(b"after clearing\n").expect("write");
    assert_eq!(exactly(&mut reader, 15), b"after clearing\n");
    fs::rename(&file, fixture.path("moved")).expect("rename");
    fixture.pump.reopen();
    (&process.stdout).write_all(b"after reopening\n").expect("write");
    assert_eq!(exactly(&mut reader, 16), b"after reopening\n");
    fixture.pump.stop();
}

#[test]
fn a_reader_that_does_not_read_holds_nobody_up_and_loses_nothing_that_is_kept() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 300_000;
    program.stdout.backups = 1;
    let process = fixture.launch(KEY, PID, &program, Some(&file));
    let reader = fixture.open("web.log", follow(0));
    let bytes = pattern(1_500_000);
    (&process.stdout).write_all(b"begin\n").expect("write");
    (&process.stdout).write_all(&bytes).expect("write");
    fixture.pump.finish(KEY, PID);
    let mut reader = reader;
    // The files that were rotated away under the reader are held open for it.
    assert!(exactly(&mut reader, 6 + bytes.len())[6..] == bytes);
    fixture.pump.stop();
}

#[test]
fn what_a_slow_reader_misses_is_said() {
    let fixture = Fixture::new();
    let file = fixture.path("web.log");
    let mut program = program("web", "web");
    program.stdout.maxbytes = 1;
    program.stdout.backups = 1;
    let mut reader = fixture.open_after_launch(&program);
    let process = fixture.launch(KEY, PID, &program, Some(&file));
    let bytes = pattern(6_000_000);
    (&process.stdout).write_all(&bytes).expect("write");
    fixture.pump.finish(KEY, PID);
    let next = fixture.launch(KEY, PID, &program, Some(&file));
    (&next.stdout).write_all(b"\nend of it\n").expect("write");
    fixture.pump.finish(KEY, PID);
    let mut text = Vec::new();
    while !text.ends_with(b"\nend of it\n") {
        let mut buffer = [0; 65_536];
        let count = reader.read(&mut buffer).expect("read");
        text.extend_from_slice(&buffer[..count]);
    }
    let text = String::from_utf8(text).expect("text");
    let (mut skipped, mut seen) = (0, 0);
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("[visord: ").and_then(|line| line.strip_suffix(" bytes skipped]\n"))
        {
            Some(count) => skipped += count.parse::<usize>().expect("number"),
            None => seen += line.len(),
        }
    }
    // A marker within a line adds a newline of its own.
    let sum = skipped + seen;
    let wanted = bytes.len() + 11;
    assert!((wanted..wanted + 100).contains(&sum), "{skipped} + {seen} of {wanted}");
    assert!(skipped > 0);
    fixture.pump.stop();
}

impl Fixture {
    /// A reader from the very beginning of `web.log`, who does not read.
    fn open_after_launch(&self, program: &visor_units::unit::Program) -> File {
        drop(self.launch(KEY, 1, program, Some(&self.path("web.log"))));
        self.pump.finish(KEY, 1);
        self.open("web.log", Range { follow: true, ..range() })
    }
}

#[test]
fn without_a_file_the_latest_output_is_kept_and_followed() {
    let fixture = Fixture::new();
    let process = fixture.launch(KEY, PID, &program("web", "web"), None);
    let mut early = fixture.open_recent(Range { follow: true, ..range() });
    (&process.stdout).write_all(b"one\ntwo\n").expect("write");
    assert_eq!(exactly(&mut early, 8), b"one\ntwo\n");
    let mut late = fixture.open_recent(follow(1));
    assert_eq!(exactly(&mut late, 4), b"two\n");
    (&process.stdout).write_all(b"three\n").expect("write");
    assert_eq!(exactly(&mut late, 6), b"three\n");
    fixture.pump.finish(KEY, PID);
    let next = fixture.launch(KEY, 2, &program("web", "web"), None);
    (&next.stdout).write_all(b"four\n").expect("write");
    assert_eq!(exactly(&mut late, 5), b"four\n");
    assert_eq!(exactly(&mut early, 11), b"three\nfour\n");
    assert_eq!(all(fixture.open_recent(Range { lines: Some(3), ..range() })), "two\nthree\nfour\n");
    assert_eq!(all(fixture.open_recent(Range { last: Some(5), ..range() })), "four\n");
    fixture.pump.stop();
}

#[test]
fn the_daemons_own_log_is_read_in_the_same_way() {
    let fixture = Fixture::with(LogLevel::Info, OnOffAuto::Off);
    fixture.pump.say(Record::new(LogLevel::Info, "first"));
    let log = fixture.pump.open_log(Log::Daemon, Range { follow: true, ..range() });
    let mut log = File::from(log.expect("open log"));
    let first = exactly(&mut log, "2026-01-01 00:00:00,000 INFO first\n".len());
    assert!(first.ends_with(b" INFO first\n"));
    fixture.pump.say(Record::new(LogLevel::Info, "next!"));
    assert!(exactly(&mut log, first.len()).ends_with(b" INFO next!\n"));
    fixture.pump.stop();
}

#[test]
fn a_file_that_is_not_there_is_not_found_and_a_fifo_is_not_waited_for() {
    let fixture = Fixture::new();
    let error = fixture.try_open("missing.log", range()).expect_err("missing");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    nix::unistd::mkfifo(&fixture.path("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
    assert_eq!(all(fixture.open("fifo", range())), "");
    fixture.pump.stop();
}

#[test]
fn readers_are_counted_and_those_that_left_are_forgotten() {
    let fixture = Fixture::new();
    append(&fixture.path("web.log"), b"text\n");
    let readers: Vec<File> = (0..64).map(|_| fixture.open("web.log", follow(9))).collect();
    let error = fixture.try_open("web.log", follow(9)).expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
    drop(readers);
    while fixture.try_open("web.log", range()).is_err() {
        thread::yield_now();
    }
    fixture.pump.stop();
}

#[test]
fn output_of_one_program_is_not_shown_as_anothers() {
    let fixture = Fixture::new();
    let process = fixture.launch(Key(1), 1, &program("a", "a"), None);
    let own = fixture.launch(KEY, PID, &program("b", "b"), None);
    (&process.stdout).write_all(b"a\n").expect("write");
    (&own.stderr).write_all(b"stderr of b\n").expect("write");
    let mut reader = fixture.open_recent(Range { follow: true, ..range() });
    (&own.stdout).write_all(b"b\n").expect("write");
    assert_eq!(exactly(&mut reader, 2), b"b\n");
    fixture.pump.stop();
}
