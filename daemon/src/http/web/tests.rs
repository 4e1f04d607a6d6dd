//! What the page says, from rows alone.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use jiff::tz::TimeZone;
use visor_dbus::ManagerRow;
use visor_units::engine::{Answer, Cause, Counts, Mood, Outcome, Requester, Row, State, SubState};
use visor_units::exit::ExitStatus;
use visor_units::fault::{Fault, Refusal};
use visor_units::name::ProcessName;
use visor_units::signal::Signal;
use visor_units::time::Stamp;

use super::action::Action;
use super::form::Form;
use super::line::Line;
use super::message::Message;
use super::page;
use super::words::{Part, details};
use crate::fixture;
use crate::http::clock::Clock;

const SECOND: u64 = 1_000_000;
/// 2026-11-22 06:23:42 UTC.
const NOW: u64 = 1_795_328_622 * SECOND;

fn clock() -> Clock {
    Clock { now: Stamp(NOW), zone: TimeZone::UTC }
}

fn row(name: &str, state: State, sub_state: SubState) -> Row {
    let (group, process) = name.split_once(':').unwrap_or((name, name));
    Row { state, sub_state, ..fixture::row(7, fixture::program(group, process)) }
}

fn running(name: &str) -> Row {
    let mut row = row(name, State::Running, SubState::Running);
    row.pid = 42;
    row.started.wall = Stamp(NOW - 3 * SECOND);
    row
}

fn manager() -> ManagerRow {
    ManagerRow {
        identifier: "supervisor".into(),
        mood: Mood::Running,
        counts: Counts::default(),
        pid: 1,
        started: Stamp(NOW),
        config_revision: 1,
        config_file: "/etc/supervisord.conf".into(),
        features: Vec::new(),
    }
}

fn status(rows: &[Row]) -> String {
    page::status(rows, &manager(), ("0123", None), &clock())
}

fn action(query: &str) -> Action {
    Action::read(&Form::read(query, b"")).unwrap().unwrap()
}

/// The details of a row, with what stands before a time.
fn said(row: &Row) -> String {
    let parts = details(row, &clock());
    let text = |part: &Part| match part {
        Part::Text(text) | Part::At(_, text) | Part::Until(_, text) => text.clone(),
    };
    parts.iter().map(text).collect::<Vec<_>>().join("; ")
}

/// What can be done with a process, by the words of its buttons.
fn verbs(row: &Row) -> String {
    let line = Line::new(row, &clock());
    line.verbs.iter().flatten().map(|verb| verb.word()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_state_says_why_and_what_can_be_done() {
    let stopped = |mut row: Row| {
        row.started.wall = Stamp(NOW - 9 * SECOND);
        row.stopped = Stamp(NOW - SECOND);
        row
    };
    let by_hand = Cause::Asked(Requester { uid: Some(0), pid: None, via: "socket".into() });
    for (row, description, buttons) in [
        (running("web"), "", "stop restart"),
        (Row { restarts: 2, ..running("web") }, "restarted 2 times", "stop restart"),
        (
            Row {
                waiting_for: vec![ProcessName::new("db", "db")],
                ..row("web", State::Starting, SubState::WaitingDependency)
            },
            "waiting for db",
            "stop",
        ),
        (
            stopped(Row {
                tries: 3,
                next_retry: Stamp(NOW + 2_500_000),
                exit: Some(ExitStatus::Exited(1)),
                spawn_error: "Exited too quickly".into(),
                ..row("web", State::Backoff, SubState::WaitingBackoff)
            }),
            "next try in 3 s; failed 3 times; exit status 1; Exited too quickly",
            "stop",
        ),
        (
            Row {
                spawn_error: "can't find command '/x'".into(),
                cause: Some(Cause::GaveUp),
                ..row("web", State::Fatal, SubState::Failed)
            },
            "can't find command '/x'; too many start retries too quickly",
            "start",
        ),
        (
            Row {
                cause: Some(Cause::DependencyFailed(ProcessName::new("db", "db"))),
                ..row("web", State::Fatal, SubState::DependencyFailed)
            },
            "dependency db failed",
            "start",
        ),
        (
            stopped(Row {
                exit: Some(ExitStatus::Killed { signal: Signal(11), core: false }),
                ..row("web", State::Exited, SubState::ExitedUnexpected)
            }),
            "Nov 22 06:23 AM; terminated by SIGSEGV; not expected",
            "start",
        ),
        (
            stopped(Row { cause: Some(by_hand), ..row("web", State::Stopped, SubState::Stopped) }),
            "Nov 22 06:23 AM; asked by uid 0 (socket)",
            "start",
        ),
        (row("web", State::Stopped, SubState::Dead), "not started", "start"),
        (Row { pid: 9, ..row("web", State::Stopping, SubState::StopKilled) }, "SIGKILL sent", ""),
    ] {
        assert_eq!(
            (said(&row), verbs(&row)),
            (description.into(), buttons.into()),
            "{:?}",
            row.state
        );
    }
}

#[test]
fn a_program_without_autostart_says_so() {
    let mut row = row("web", State::Stopped, SubState::Dead);
    let mut program = fixture::program("web", "web");
    program.autostart = false;
    row.program = Arc::new(program);
    assert_eq!(said(&row), "not started; autostart=false");
}

#[test]
fn uptimes_and_ctime_are_supervisors() {
    let uptime = |seconds: u64| clock().uptime(Stamp(NOW - seconds * SECOND));
    assert_eq!(uptime(3), "0:00:03");
    assert_eq!(uptime(86_400 + 7_384), "1 day, 2:03:04");
    assert_eq!(uptime(12 * 86_400), "12 days, 0:00:00");
    assert_eq!(clock().uptime(Stamp(NOW + SECOND)), "0:00:00");
    assert_eq!(clock().ctime(), "Sun Nov 22 06:23:42 2026");
    let early = Clock { now: Stamp(NOW - 20 * 86_400 * SECOND), ..clock() };
    assert_eq!(early.ctime(), "Mon Nov  2 06:23:42 2026");
}

#[test]
fn the_table_is_sorted_by_group_and_name_and_counted() {
    let rows = [running("web:1"), row("db", State::Fatal, SubState::Failed), running("web:0")];
    let page = status(&rows);
    let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part} in {page}"));
    assert!(at("data-name=\"db\"") < at("data-name=\"web:0\""));
    assert!(at("data-name=\"web:0\"") < at("data-name=\"web:1\""));
    assert!(page.contains("2 of 2 running"));
    assert!(page.contains("<span class=\"statusrunning\">running</span>"));
    assert!(page.contains("<span class=\"statuserror\">fatal</span>"));
    // A program that is alone in its group has no line for the group.
    assert_eq!(page.matches("class=\"group\"").count(), 1);
    assert!(page.contains("formaction=\"index.html?processname=web%3A0&amp;action=stop\""));
    assert!(page.contains("href=\"tail.html?processname=web%3A0&amp;limit="));
}

#[test]
fn an_empty_table_says_so() {
    assert!(status(&[]).contains("class=\"none\">No programs to manage"));
    assert!(status(&[running("web")]).contains("class=\"none\" hidden>No programs to manage"));
}

#[test]
fn whatever_a_program_is_called_or_says_is_text() {
    let hostile = "<script>alert(1)</script>\"'&\r\ndata: x";
    let mut row = row(&format!("g{hostile}:p{hostile}"), State::Fatal, SubState::Failed);
    row.spawn_error = hostile.into();
    let message = Message::returned(hostile);
    let tail = page::TailPage::failed(hostile, hostile).text();
    let order = action(&format!("action=stop&processname={}", super::form::quoted(hostile)));
    let ask = page::confirm(&order, hostile, Some(hostile));
    let page = page::status(&[row], &manager(), (hostile, Some(message)), &clock());
    for page in [page, tail, ask] {
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(!page.contains("\"'&"), "{page}");
        assert!(page.contains("&#60;script&#62;alert"), "{page}");
    }
}

#[test]
fn a_question_carries_the_form_that_does_it() {
    let page = page::confirm(&action("action=stop&processname=web:0"), "0123", None);
    for part in [
        "method=\"post\" action=\"index.html\"",
        "name=\"token\" value=\"0123\"",
        "name=\"action\" value=\"stop\"",
        "name=\"processname\" value=\"web:0\"",
        "Stop web:0?",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let page = page::confirm(&action("action=stopall"), "0123", None);
    assert!(page.contains("Stop every program?") && !page.contains("processname"), "{page}");
}

fn told(query: &str, answer: &Answer) -> String {
    Message::of(&action(query), answer, &clock()).text
}

/// Where the browser is led after an order, by what it said of itself.
fn led_to(headers: &[(&'static str, &'static str)]) -> String {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let message = Message::good("done".to_owned());
    let reply = super::told(StatusCode::OK, &message, &headers.collect());
    reply.headers()["location"].to_str().unwrap().to_owned()
}

#[test]
fn the_way_back_leads_to_us() {
    let host = ("host", "box:9001");
    for (headers, location) in [
        (&[host][..], "http://box:9001/?message=done"),
        (&[host, ("origin", "https://box:9001")], "https://box:9001/?message=done"),
        (
            &[host, ("origin", "https://proxy.example"), ("sec-fetch-site", "same-origin")],
            "https://proxy.example/?message=done",
        ),
        (&[host, ("origin", "http://evil.example")], "http://box:9001/?message=done"),
        (
            &[host, ("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")],
            "http://box:9001/?message=done",
        ),
        (&[("origin", "http://evil.example")], "/?message=done"),
    ] {
        assert_eq!(led_to(headers), location, "{headers:?}");
    }
}

fn outcomes(results: &[(&str, Result<&str, Fault>)]) -> Answer {
    let outcome = |(name, result): &(&str, Result<&str, Fault>)| Outcome {
        name: (*name).to_owned(),
        result: result.map(str::to_owned).map_err(Refusal::from),
    };
    Answer::Outcomes(results.iter().map(outcome).collect())
}

#[test]
fn the_messages_are_supervisors() {
    let done = outcomes(&[("web", Ok("started"))]);
    let failed = |fault| outcomes(&[("web", Err(fault))]);
    for (query, answer, text) in [
        ("action=start&processname=web", &done, "Process web started"),
        ("action=stop&processname=g:web", &done, "Process g:web stopped"),
        ("action=restart&processname=web", &done, "Process web restarted"),
        ("action=clearlog&processname=web", &done, "Log for web cleared"),
        ("action=stopall", &done, "All stopped at Sun Nov 22 06:23:42 2026"),
        ("action=restartall", &done, "All restarted at Sun Nov 22 06:23:42 2026"),
        (
            "action=start&processname=web",
            &failed(Fault::NoFile),
            "ERROR: Process web: no such file",
        ),
        (
            "action=start&processname=web",
            &failed(Fault::NotExecutable),
            "ERROR: Process web: file not executable",
        ),
        (
            "action=start&processname=web",
            &failed(Fault::AlreadyStarted),
            "ERROR: Process web: already started",
        ),
        (
            "action=start&processname=web",
            &failed(Fault::AbnormalTermination),
            "ERROR: Process web: abnormal termination",
        ),
        (
            "action=restart&processname=web",
            &failed(Fault::SpawnError),
            "ERROR: Process web: spawn error",
        ),
        (
            "action=stop&processname=web",
            &failed(Fault::NotRunning),
            "unexpected rpc fault [70] NOT_RUNNING: web",
        ),
        (
            "action=stop&processname=web",
            &Answer::Refused(Fault::ShuttingDown.into()),
            "ERROR: unexpected rpc fault [6] SHUTDOWN_STATE",
        ),
    ] {
        assert_eq!(told(query, answer), text, "{query}");
    }
    assert_eq!(Message::refreshed(&clock()).text, "Page refreshed at Sun Nov 22 06:23:42 2026");
}

#[test]
fn a_group_says_who_failed() {
    let some = outcomes(&[("g:a", Ok("started")), ("g:b", Err(Fault::SpawnError))]);
    let text = told("action=start&processname=g:*", &some);
    assert_eq!(text, "ERROR: All of g started, except g:b (spawn error)");
}

#[test]
fn an_error_that_comes_back_in_the_address_still_is_one() {
    assert!(Message::returned("ERROR: Process web: spawn error").is_error);
    assert!(Message::returned("No such process named web").is_error);
    assert!(!Message::returned("Process web started").is_error);
}
