//! The table of `status`.

use anstyle::{AnsiColor, Style};
use visor_dbus::UnitRow;
use visor_units::engine::{State, SubState};

use super::description::{Clock, describe};
use super::quantity::{bytes, cpu};
use super::table::{Cell, Column, Fit, table};

const COLUMNS: [Column; 5] = [
    Column { head: "NAME", right: false, fit: Fit::Middle(12) },
    Column { head: "STATE", right: false, fit: Fit::Whole },
    Column { head: "MEMORY", right: true, fit: Fit::Optional },
    Column { head: "CPU", right: true, fit: Fit::Optional },
    Column { head: "DESCRIPTION", right: false, fit: Fit::Cut(16) },
];

/// The table, a line for each process. `width` cuts it to a terminal, which also gets a header.
pub(crate) fn render(
    shown: &[&UnitRow],
    clock: &Clock,
    width: Option<usize>,
    header: bool,
) -> String {
    let rows: Vec<Vec<Cell>> = shown.iter().map(|row| cells(row, clock)).collect();
    table(&COLUMNS, &rows, width, header)
}

fn cells(row: &UnitRow, clock: &Clock) -> Vec<Cell> {
    let readable = row.pid != 0 && row.memory != 0;
    let amount = |text: String| Cell::plain(if readable { &text } else { "-" });
    vec![
        Cell::plain(&row.id),
        state_cell(row),
        amount(bytes(row.memory)),
        amount(cpu(row.cpu_nsec / 1000)),
        Cell::plain(describe(row, clock)),
    ]
}

/// The state in its colour.
pub(crate) fn state_cell(row: &UnitRow) -> Cell {
    Cell::styled(&row.state, style(row))
}

fn style(row: &UnitRow) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match State::from_name(&row.state) {
        Some(State::Running) => colour(AnsiColor::Green),
        Some(State::Starting | State::Stopping) => colour(AnsiColor::Yellow),
        Some(State::Backoff) => colour(AnsiColor::Yellow).bold(),
        Some(State::Exited) if row.sub_state == SubState::ExitedUnexpected.name() => {
            colour(AnsiColor::Red)
        }
        Some(State::Stopped | State::Exited) => Style::new().dimmed(),
        Some(State::Fatal | State::Unknown) | None => colour(AnsiColor::Red).bold(),
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::super::description::tests::{NOW, clock, row};
    use super::*;

    fn processes() -> Vec<UnitRow> {
        let spawn_error = "can't find command '/opt/mailer'".to_owned();
        vec![
            UnitRow {
                id: "db".to_owned(),
                pid: 4711,
                memory: 43_300_000,
                cpu_nsec: 1_520_000_000,
                started: NOW - 723_000_000,
                ..row("RUNNING")
            },
            UnitRow { waiting_for: vec!["db".to_owned()], ..row("STARTING") },
            UnitRow { id: "workers:w_00".to_owned(), spawn_error, ..row("FATAL") },
        ]
    }

    fn text(width: Option<usize>, header: bool) -> String {
        let rows = processes();
        let shown: Vec<&UnitRow> = rows.iter().collect();
        strip_str(&render(&shown, &clock(), width, header)).to_string()
    }

    #[test]
    fn a_pipe_gets_everything_and_no_header() {
        assert_eq!(
            text(None, false),
            "\
db            RUNNING   41.2M  1.52s  pid 4711, uptime 0:12:03
web           STARTING      -      -  waiting for db
workers:w_00  FATAL         -      -  can't find command '/opt/mailer'
"
        );
    }

    #[test]
    fn a_terminal_gets_a_header_and_what_fits() {
        assert_eq!(
            text(Some(62), true),
            "\
NAME          STATE     MEMORY    CPU  DESCRIPTION
db            RUNNING    41.2M  1.52s  pid 4711, uptime 0:12:…
web           STARTING       -      -  waiting for db
workers:w_00  FATAL          -      -  can't find command '/o…
"
        );
    }

    #[test]
    fn a_narrow_terminal_loses_cpu_and_memory_before_names() {
        assert_eq!(
            text(Some(48), false),
            "\
db            RUNNING   41.2M  pid 4711, uptime…
web           STARTING      -  waiting for db
workers:w_00  FATAL         -  can't find comma…
"
        );
        assert_eq!(
            text(Some(40), false),
            "\
db            RUNNING   pid 4711, uptim…
web           STARTING  waiting for db
workers:w_00  FATAL     can't find comm…
"
        );
    }

    #[test]
    fn every_state_has_a_colour_of_its_kind() {
        let styled = |state: &str| style(&row(state)).render().to_string();
        assert_eq!(styled("RUNNING"), "\u{1b}[32m");
        assert_eq!(styled("FATAL"), "\u{1b}[1m\u{1b}[31m");
        assert_eq!(styled("STOPPED"), "\u{1b}[2m");
        let surprise = UnitRow { sub_state: "exited-unexpected".to_owned(), ..row("EXITED") };
        assert_eq!(style(&surprise).render().to_string(), "\u{1b}[31m");
    }
}
