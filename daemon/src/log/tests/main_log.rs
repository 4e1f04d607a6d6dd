//! The daemon's own log.

use std::fs;
use std::os::fd::AsFd;
use std::process::Stdio;

use nix::sys::stat::fstat;
use tempfile::TempDir;
use visor_units::unit::{Daemon, LogLevel, MainLog as Destination, OnOffAuto};

use super::again::{again, is_inner, passed};
use super::daemon;
use super::namespaces::{NAMESPACES, namespaces_can_be_had};
use crate::log::{MainLog, Pump, Record};

fn info(text: &str) -> Record {
    Record::new(LogLevel::Info, text)
}

fn temporary() -> (TempDir, Daemon) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let settings = daemon(&dir.path().join("main.log"), LogLevel::Info);
    (dir, settings)
}

fn texts(dir: &TempDir) -> Vec<String> {
    let log = fs::read_to_string(dir.path().join("main.log")).expect("log");
    log.lines().map(|line| line[24..].to_owned()).collect()
}

#[test]
fn what_was_said_early_is_written_by_urgency_and_only_what_is_wanted() {
    let (dir, settings) = temporary();
    let mut log = MainLog::new("visord");
    log.say(info("first info"));
    log.say(Record::new(LogLevel::Debug, "not wanted"));
    log.say(Record::new(LogLevel::Warn, "warning"));
    log.say(info("second info"));
    log.say(Record::new(LogLevel::Critical, "critical"));
    log.open(&settings, OnOffAuto::Off).expect("open");
    log.say(Record::new(LogLevel::Debug, "not wanted either"));
    log.say(info("third info"));
    let wanted =
        ["CRIT critical", "WARN warning", "INFO first info", "INFO second info", "INFO third info"];
    assert_eq!(texts(&dir), wanted);
}

#[test]
fn it_is_rotated_like_any_log() {
    let (dir, mut settings) = temporary();
    settings.logfile_maxbytes = 60;
    settings.logfile_backups = 1;
    let mut log = MainLog::new("visord");
    log.open(&settings, OnOffAuto::Off).expect("open");
    for n in 0..4 {
        log.say(info(&format!("message {n}")));
    }
    assert_eq!(texts(&dir), Vec::<String>::new());
    let backup = fs::read_to_string(dir.path().join("main.log.1")).expect("backup");
    assert!(backup.ends_with("INFO message 2\n") || backup.ends_with("INFO message 3\n"));
    assert_eq!(backup.lines().count(), 2);
}

#[test]
fn a_file_that_cannot_be_opened_is_the_callers_to_know() {
    let (dir, mut settings) = temporary();
    settings.logfile = Destination::Path(dir.path().display().to_string());
    let error = MainLog::new("visord").open(&settings, OnOffAuto::Off).expect_err("open");
    assert_eq!(error.kind(), std::io::ErrorKind::IsADirectory);
}

#[test]
fn a_journal_that_is_demanded_and_missing_is_said() {
    // Anywhere else it may be there.
    if !is_inner() {
        let test = "log::tests::main_log::a_journal_that_is_demanded_and_missing_is_said";
        let hide = ["sh", "-c", "mount -t tmpfs tmpfs /run && exec \"$@\"", "sh"];
        if namespaces_can_be_had() {
            passed(&again(test, &[NAMESPACES, &hide].concat()).output().expect("run"));
        }
        return;
    }
    let (dir, settings) = temporary();
    MainLog::new("visord").open(&settings, OnOffAuto::On).expect("open");
    let wanted = "WARN journal=on, but there is no journal at /run/systemd/journal/socket";
    assert_eq!(texts(&dir), [wanted]);
}

#[test]
fn in_the_foreground_it_is_on_the_terminal_too_unless_silent() {
    if !is_inner() {
        let test =
            "log::tests::main_log::in_the_foreground_it_is_on_the_terminal_too_unless_silent";
        let text = passed(&again(test, &[]).output().expect("run"));
        assert!(text.contains(" INFO shown\n"), "{text}");
        assert!(!text.contains("INFO hidden"), "{text}");
        return;
    }
    for (silent, text) in [(false, "shown"), (true, "hidden")] {
        let (dir, mut settings) = temporary();
        settings.nodaemon = true;
        settings.silent = silent;
        let mut log = MainLog::new("visord");
        log.open(&settings, OnOffAuto::Off).expect("open");
        let (pump, _tapped) = Pump::start(log).expect("pump");
        pump.say(info(text));
        pump.stop();
        assert_eq!(texts(&dir), [format!("INFO {text}")]);
    }
}

#[test]
fn what_the_journal_gets_anyway_it_does_not_get_as_text_again() {
    if !is_inner() {
        let test =
            "log::tests::main_log::what_the_journal_gets_anyway_it_does_not_get_as_text_again";
        let (reader, writer) = std::io::pipe().expect("pipe");
        let stat = fstat(writer.as_fd()).expect("fstat");
        let mut command = again(test, &[]);
        command
            .env("JOURNAL_STREAM", format!("{}:{}", stat.st_dev, stat.st_ino))
            .stdout(Stdio::from(writer));
        let status = command.status().expect("run");
        drop(command);
        let text = std::io::read_to_string(reader).expect("read");
        assert!(status.success() && text.contains("1 passed"), "{text}");
        assert!(!text.contains("INFO in the journal"), "{text}");
        assert!(text.contains("INFO without a journal"), "{text}");
        return;
    }
    for (journal, text) in
        [(OnOffAuto::On, "in the journal"), (OnOffAuto::Off, "without a journal")]
    {
        let (_dir, mut settings) = temporary();
        settings.nodaemon = true;
        let mut log = MainLog::new("visord");
        log.open(&settings, journal).expect("open");
        log.say(info(text));
    }
}
