//! What the page says about a process: times, and why it is as it is.

use visor_units::engine::{Row, State, SubState};
use visor_units::time::Stamp;

use crate::http::clock::Clock;

/// One piece of what is said. Times are pieces of their own, so that the browser can let them run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// As it is.
    Text(String),
    /// When something was, and the words for it.
    At(Stamp, String),
    /// When something will be, and the words for it now.
    Until(Stamp, String),
}

/// What there is to know beside name, state, process id and uptime; the most useful first.
pub(super) fn details(row: &Row, clock: &Clock) -> Vec<Part> {
    let mut said = match row.state {
        State::Running => vec![restarts(row)],
        State::Starting => vec![waiting(row)],
        State::Backoff => {
            vec![retry(row, clock), failures(row), last_end(row), failure(row), waiting(row)]
        }
        State::Stopping => vec![text(halting(row)), cause(row)],
        State::Stopped => stopped(row, clock),
        State::Exited => vec![ended(row, clock), last_end(row), text(surprise(row))],
        State::Fatal => vec![failure(row), last_end(row), given_up(row)],
        State::Unknown => vec![text(&row.spawn_error), cause(row)],
    };
    said.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    said
}

fn stopped(row: &Row, clock: &Clock) -> Vec<Part> {
    if row.stopped.0 != 0 {
        return vec![ended(row, clock), cause(row), waiting(row)];
    }
    let is_manual = row.started.wall.0 == 0 && !row.program.autostart;
    let first = if row.spawn_error.is_empty() { "not started" } else { &row.spawn_error };
    vec![
        text(first),
        cause(row),
        text(if is_manual { "autostart=false" } else { "" }),
        waiting(row),
    ]
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn restarts(row: &Row) -> Part {
    Part::Text(match row.restarts {
        0 => String::new(),
        1 => "restarted once".to_owned(),
        n => format!("restarted {n} times"),
    })
}

fn failures(row: &Row) -> Part {
    Part::Text(if row.tries > 1 { format!("failed {} times", row.tries) } else { String::new() })
}

fn retry(row: &Row, clock: &Clock) -> Part {
    let wait = row.next_retry.0.saturating_sub(clock.now.0).div_ceil(1_000_000);
    match (row.next_retry, wait) {
        (Stamp(0), _) => text(""),
        (at, 0) => Part::Until(at, "next try now".to_owned()),
        (at, _) => Part::Until(at, format!("next try in {wait} s")),
    }
}

fn halting(row: &Row) -> &'static str {
    match row.sub_state {
        SubState::StopSignalled => "stop signal sent",
        SubState::StopKilled => "SIGKILL sent",
        _ => "",
    }
}

fn surprise(row: &Row) -> &'static str {
    if row.sub_state == SubState::ExitedUnexpected { "not expected" } else { "" }
}

fn ended(row: &Row, clock: &Clock) -> Part {
    Part::At(row.stopped, clock.date(row.stopped))
}

/// How its last run ended; nothing if the last try did not come as far as running.
fn last_end(row: &Row) -> Part {
    let has_ended = row.stopped.0 != 0 && row.stopped >= row.started.wall;
    let status = row.exit.filter(|_| has_ended);
    Part::Text(status.map_or_else(String::new, |status| status.to_string()))
}

fn cause(row: &Row) -> Part {
    Part::Text(row.cause.as_ref().map_or_else(String::new, ToString::to_string))
}

/// Why it could not be started.
fn failure(row: &Row) -> Part {
    if row.spawn_error.is_empty() { cause(row) } else { text(&row.spawn_error) }
}

fn given_up(row: &Row) -> Part {
    if row.spawn_error.is_empty() { text("") } else { cause(row) }
}

fn waiting(row: &Row) -> Part {
    if row.waiting_for.is_empty() {
        return text("");
    }
    let names: Vec<String> = row.waiting_for.iter().map(ToString::to_string).collect();
    Part::Text(format!("waiting for {}", names.join(", ")))
}
