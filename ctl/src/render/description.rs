//! What is said of a process in words: Supervisor's description, and after it why.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use visor_dbus::UnitRow;
use visor_units::engine::{State, SubState};
use visor_units::exit::ExitStatus;
use visor_units::signal::Signal;
use visor_units::time::uptime;

use super::quantity::span;

/// The moment that is shown as now, and where on earth.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// µs since 1970.
    pub(crate) now: u64,
    /// In which times of day are written.
    pub(crate) zone: TimeZone,
}

impl Clock {
    /// The machine's.
    pub(crate) fn system() -> Self {
        let now = u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0);
        Self { now, zone: TimeZone::system() }
    }

    /// Whole seconds from `stamp` until now.
    fn seconds_since(&self, stamp: u64) -> u64 {
        self.now.saturating_sub(stamp) / 1_000_000
    }

    /// A time of day in Supervisor's form, `Nov 23 01:02 AM`.
    pub(crate) fn date(&self, stamp: u64) -> String {
        let time = i64::try_from(stamp).ok().and_then(|us| Timestamp::from_microsecond(us).ok());
        let local = time.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone());
        local.strftime("%b %d %I:%M %p").to_string()
    }
}

/// Supervisor's text for the state (`pid 1, uptime 0:00:03`, `Not started`, `Nov 23 01:02 AM`) with what else there is to
/// know, apart by semicolons and the most useful first.
pub(crate) fn describe(row: &UnitRow, clock: &Clock) -> String {
    let parts = match State::from_name(&row.state) {
        Some(State::Running) => running(row, clock),
        Some(State::Starting) => starting(row, clock),
        Some(State::Backoff) => backoff(row, clock),
        Some(State::Stopping) => stopping(row),
        Some(State::Stopped) => stopped(row, clock),
        Some(State::Exited) => exited(row, clock),
        Some(State::Fatal) => fatal(row),
        Some(State::Unknown) | None => vec![row.spawn_error.clone(), row.cause.clone()],
    };
    let mut said: Vec<String> = Vec::new();
    for part in parts {
        if !part.is_empty() && !said.contains(&part) {
            said.push(part);
        }
    }
    said.join("; ")
}

fn running(row: &UnitRow, clock: &Clock) -> Vec<String> {
    vec![pid_and_uptime(row, clock), restarts(row), lost(row), row.log_trouble.clone(), missed(row)]
}

fn starting(row: &UnitRow, clock: &Clock) -> Vec<String> {
    let process = if row.pid == 0 { String::new() } else { pid_and_uptime(row, clock) };
    vec![process, waiting(row)]
}

fn backoff(row: &UnitRow, clock: &Clock) -> Vec<String> {
    let wait = row.next_retry.saturating_sub(clock.now).div_ceil(1_000_000);
    let next = match (row.next_retry, wait) {
        (0, _) => String::new(),
        (_, 0) => "next try now".to_owned(),
        _ if row.tries == 0 => format!("starts again in {}", span(wait)),
        _ => format!("next try in {}", span(wait)),
    };
    let failures =
        if row.tries > 1 { format!("failed {} times", row.tries) } else { String::new() };
    vec![next, failures, last_end(row), failure(row), waiting(row)]
}

fn stopping(row: &UnitRow) -> Vec<String> {
    let how = match row.sub_state.as_str() {
        sub if sub == SubState::StopKilled.name() => "SIGKILL sent",
        sub if sub == SubState::StopSignalled.name() => "stop signal sent",
        _ => "",
    };
    vec![format!("pid {}", row.pid), how.to_owned(), row.cause.clone()]
}

fn stopped(row: &UnitRow, clock: &Clock) -> Vec<String> {
    if row.stopped != 0 {
        return vec![clock.date(row.stopped), row.cause.clone(), waiting(row)];
    }
    let why = if row.started == 0 && !row.autostart { "autostart=false" } else { "" };
    let text = if row.spawn_error.is_empty() { "Not started" } else { &row.spawn_error };
    vec![text.to_owned(), row.cause.clone(), why.to_owned(), waiting(row)]
}

fn exited(row: &UnitRow, clock: &Clock) -> Vec<String> {
    let surprise = row.sub_state == SubState::ExitedUnexpected.name();
    let end = last_end(row) + if surprise { ", not expected" } else { "" };
    vec![clock.date(row.stopped), end]
}

fn fatal(row: &UnitRow) -> Vec<String> {
    let cause = if row.spawn_error.is_empty() { String::new() } else { row.cause.clone() };
    vec![failure(row), last_end(row), cause]
}

fn pid_and_uptime(row: &UnitRow, clock: &Clock) -> String {
    format!("pid {}, uptime {}", row.pid, uptime(clock.seconds_since(row.started)))
}

fn restarts(row: &UnitRow) -> String {
    match row.restarts {
        0 => String::new(),
        1 => "restarted once".to_owned(),
        n => format!("restarted {n} times"),
    }
}

fn lost(row: &UnitRow) -> String {
    match row.log_dropped {
        0 => String::new(),
        1 => "1 line missing in the journal".to_owned(),
        n => format!("{n} lines missing in the journal"),
    }
}

fn missed(row: &UnitRow) -> String {
    match row.events_dropped {
        0 => String::new(),
        1 => "1 event dropped".to_owned(),
        n => format!("{n} events dropped"),
    }
}

fn waiting(row: &UnitRow) -> String {
    if row.waiting_for.is_empty() {
        return String::new();
    }
    format!("waiting for {}", row.waiting_for.join(", "))
}

/// Why it could not be started.
fn failure(row: &UnitRow) -> String {
    match (row.spawn_error.as_str(), row.cause.as_str()) {
        ("", "") => format!("unknown error (try \"visorctl logs {}\")", row.id),
        ("", cause) => cause.to_owned(),
        (error, _) => error.to_owned(),
    }
}

/// Whether its last try came as far as running, and is over.
pub(crate) fn has_ended(row: &UnitRow) -> bool {
    row.stopped != 0 && row.stopped >= row.started
}

/// How its last run ended; nothing if the last try did not come as far as running.
fn last_end(row: &UnitRow) -> String {
    if !has_ended(row) {
        return String::new();
    }
    if row.exit_signal != 0 {
        let signal = Signal(row.exit_signal);
        return ExitStatus::Killed { signal, core: row.result == "core-dump" }.to_string();
    }
    u8::try_from(row.exit_code)
        .map_or_else(|_| String::new(), |code| ExitStatus::Exited(code).to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    /// 2026-11-23 01:02:03 UTC.
    pub(crate) const NOW: u64 = 1_795_395_723 * SECOND;

    pub(crate) fn clock() -> Clock {
        Clock { now: NOW, zone: TimeZone::UTC }
    }

    pub(crate) fn row(state: &str) -> UnitRow {
        let name = "web".to_owned();
        UnitRow {
            id: name.clone(),
            group: name.clone(),
            name,
            state: state.to_owned(),
            exit_code: -1,
            autostart: true,
            ..UnitRow::default()
        }
    }

    fn said(row: &UnitRow) -> String {
        describe(row, &clock())
    }

    #[test]
    fn a_running_process_has_supervisors_text() {
        let web = UnitRow { pid: 1, started: NOW - 3 * SECOND, ..row("RUNNING") };
        assert_eq!(said(&web), "pid 1, uptime 0:00:03");
        let web = UnitRow { restarts: 2, log_dropped: 7, ..web };
        assert_eq!(
            said(&web),
            "pid 1, uptime 0:00:03; restarted 2 times; 7 lines missing in the journal"
        );
        let log_trouble = "cannot open log file /x: Permission denied".to_owned();
        let web = UnitRow { log_trouble, restarts: 0, log_dropped: 0, ..web };
        assert_eq!(said(&web), "pid 1, uptime 0:00:03; cannot open log file /x: Permission denied");
        let web = UnitRow { log_trouble: String::new(), events_dropped: 2, ..web };
        assert_eq!(said(&web), "pid 1, uptime 0:00:03; 2 events dropped");
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_negative_uptime() {
        let web = UnitRow { pid: 1, started: NOW + SECOND, ..row("RUNNING") };
        assert_eq!(said(&web), "pid 1, uptime 0:00:00");
    }

    #[test]
    fn a_starting_process_says_what_it_waits_for() {
        let names = vec!["db".to_owned(), "cache".to_owned()];
        assert_eq!(
            said(&UnitRow { waiting_for: names, ..row("STARTING") }),
            "waiting for db, cache"
        );
        assert_eq!(said(&row("STARTING")), "");
        let web = UnitRow { pid: 7, started: NOW, ..row("STARTING") };
        assert_eq!(said(&web), "pid 7, uptime 0:00:00");
    }

    #[test]
    fn a_backoff_says_what_failed_and_when_it_is_tried_again() {
        let web = UnitRow {
            spawn_error: "Exited too quickly (process log may have details)".to_owned(),
            tries: 2,
            started: NOW - 2 * SECOND,
            stopped: NOW - SECOND,
            exit_code: 1,
            next_retry: NOW + 2_500_000,
            ..row("BACKOFF")
        };
        assert_eq!(
            said(&web),
            "next try in 3 s; failed 2 times; exit status 1; Exited too quickly (process log may have details)"
        );
    }

    #[test]
    fn a_pause_after_a_run_is_no_try() {
        let web = UnitRow {
            started: NOW - 9 * SECOND,
            stopped: NOW - SECOND,
            exit_code: 1,
            spawn_error: "Bad exit code 1".to_owned(),
            next_retry: NOW + 4 * SECOND,
            ..row("BACKOFF")
        };
        assert_eq!(said(&web), "starts again in 4 s; exit status 1; Bad exit code 1");
        let web = UnitRow { exit_code: 0, spawn_error: String::new(), ..web };
        let web = UnitRow { cause: "autorestart".to_owned(), ..web };
        assert_eq!(said(&web), "starts again in 4 s; exit status 0; autorestart");
    }

    #[test]
    fn a_program_that_could_not_be_launched_has_no_exit_status() {
        let web = UnitRow {
            spawn_error: "can't find command '/x'".to_owned(),
            cause: "too many start retries too quickly".to_owned(),
            started: NOW - SECOND,
            ..row("FATAL")
        };
        assert_eq!(said(&web), "can't find command '/x'; too many start retries too quickly");
    }

    #[test]
    fn a_fatal_without_spawn_error_names_its_cause_or_the_log() {
        let web = UnitRow { cause: "dependency db failed".to_owned(), ..row("FATAL") };
        assert_eq!(said(&web), "dependency db failed");
        let web = UnitRow { spawn_error: web.cause.clone(), ..web };
        assert_eq!(said(&web), "dependency db failed", "once is enough");
        assert_eq!(said(&row("FATAL")), "unknown error (try \"visorctl logs web\")");
    }

    #[test]
    fn a_stopped_process_shows_when_and_by_whom() {
        assert_eq!(said(&row("STOPPED")), "Not started");
        assert_eq!(
            said(&UnitRow { autostart: false, ..row("STOPPED") }),
            "Not started; autostart=false"
        );
        let web = UnitRow {
            started: NOW - SECOND,
            stopped: NOW,
            cause: "asked by uid 0 (socket)".to_owned(),
            ..row("STOPPED")
        };
        assert_eq!(said(&web), "Nov 23 01:02 AM; asked by uid 0 (socket)");
    }

    #[test]
    fn a_try_that_never_ran_does_not_show_the_year_1970() {
        let web = UnitRow {
            started: NOW,
            spawn_error: "can't find command '/x'".to_owned(),
            ..row("STOPPED")
        };
        assert_eq!(said(&web), "can't find command '/x'");
    }

    #[test]
    fn an_exited_process_shows_when_and_how() {
        let web = UnitRow { stopped: NOW, exit_code: 0, ..row("EXITED") };
        assert_eq!(said(&web), "Nov 23 01:02 AM; exit status 0");
        let web = UnitRow { exit_code: 3, sub_state: "exited-unexpected".to_owned(), ..web };
        assert_eq!(said(&web), "Nov 23 01:02 AM; exit status 3, not expected");
        let web = UnitRow { exit_code: -1, exit_signal: 11, result: "core-dump".to_owned(), ..web };
        assert_eq!(
            said(&web),
            "Nov 23 01:02 AM; terminated by SIGSEGV (core dumped), not expected"
        );
    }

    #[test]
    fn a_stopping_process_says_how_far_it_is() {
        let web = UnitRow { pid: 9, sub_state: "stop-killed".to_owned(), ..row("STOPPING") };
        assert_eq!(said(&web), "pid 9; SIGKILL sent");
    }

    #[test]
    fn dates_are_local() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let clock = Clock { now: NOW, zone };
        assert_eq!(clock.date(NOW), "Nov 23 03:02 AM");
    }
}
