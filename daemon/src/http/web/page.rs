//! The pages, as text.

use askama::Template;
use visor_dbus::ManagerRow;
use visor_units::engine::Row;

use super::action::Action;
use super::line::{Line, Tone};
use super::message::Message;
use super::words::Part;
use crate::http::clock::Clock;

/// The status page.
#[derive(Template)]
#[template(path = "status.html")]
struct Status<'a> {
    identifier: &'a str,
    config_file: &'a str,
    version: &'static str,
    now: u64,
    token: &'a str,
    message: Option<Message>,
    total: usize,
    counts: [usize; 4],
    sections: Vec<Section>,
}

/// The bodies of its table alone.
#[derive(Template)]
#[template(path = "table.html")]
struct Table {
    sections: Vec<Section>,
}

/// One line of it alone.
#[derive(Template)]
#[template(path = "row.html")]
struct OneLine {
    line: Line,
}

/// What is asked before something is done.
#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    action: &'a Action,
    token: &'a str,
    reason: Option<&'a str>,
}

/// The end of a log.
#[derive(Clone, Copy, Default, Template)]
#[template(path = "tail.html")]
pub(super) struct TailPage<'a> {
    /// The process, as it was named.
    pub(super) name: &'a str,
    /// Whether there is such a process.
    pub(super) is_known: bool,
    /// Whether it is its standard error.
    pub(super) is_stderr: bool,
    /// Whether it has one of its own.
    pub(super) has_stderr: bool,
    /// How much was asked for, in bytes.
    pub(super) limit: u64,
    /// For the form.
    pub(super) token: &'a str,
    /// What is shown.
    pub(super) text: &'a str,
}

impl<'a> TailPage<'a> {
    /// The page of something that has no log.
    pub(super) fn failed(name: &'a str, text: &'a str) -> Self {
        Self { name, text, ..Self::default() }
    }

    /// Its HTML.
    pub(super) fn text(&self) -> String {
        render(self)
    }
}

/// A group in the table.
struct Section {
    group: String,
    /// Whether it has a line of its own.
    is_named: bool,
    running: usize,
    lines: Vec<Line>,
}

/// The status page.
pub(super) fn status(
    rows: &[Row],
    manager: &ManagerRow,
    (token, message): (&str, Option<Message>),
    clock: &Clock,
) -> String {
    let counts = [Tone::Good, Tone::Busy, Tone::Idle, Tone::Bad]
        .map(|tone| rows.iter().filter(|row| Tone::of(row) == tone).count());
    render(&Status {
        identifier: &manager.identifier,
        config_file: &manager.config_file,
        version: env!("CARGO_PKG_VERSION"),
        now: clock.now.0,
        token,
        message,
        total: rows.len(),
        counts,
        sections: sections(rows, clock),
    })
}

/// The bodies of the table.
pub(super) fn table(rows: &[Row], clock: &Clock) -> String {
    render(&Table { sections: sections(rows, clock) })
}

/// The line of one process.
pub(super) fn line(row: &Row, clock: &Clock) -> String {
    render(&OneLine { line: Line::new(row, clock) })
}

/// The page that asks before `action` is done; `reason` says why it was not done at once.
pub(super) fn confirm(action: &Action, token: &str, reason: Option<&str>) -> String {
    render(&Confirm { action, token, reason })
}

/// Sorted as Supervisor's page is: by group, then by name.
fn sections(rows: &[Row], clock: &Clock) -> Vec<Section> {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by(|a, b| a.program.name.cmp(&b.program.name));
    let groups = rows.chunk_by(|a, b| a.program.name.group == b.program.name.group);
    groups.map(|rows| Section::new(rows, clock)).collect()
}

impl Section {
    fn new(rows: &[&Row], clock: &Clock) -> Self {
        let lines: Vec<Line> = rows.iter().map(|row| Line::new(row, clock)).collect();
        let group = lines.first().map_or_else(String::new, |line| line.group.clone());
        Self {
            is_named: lines.len() > 1 || lines.iter().any(|line| line.process != group),
            running: lines.iter().filter(|line| line.tone == Tone::Good).count(),
            group,
            lines,
        }
    }
}

fn render(template: &impl Template) -> String {
    // Writing into a string does not fail.
    template.render().unwrap_or_default()
}
