//! `visorctl list`

use clap::Args;
use serde_json::{Value, json};
use visor_dbus::UnitRow;

use super::AnyNames;
use super::report::show_unknown;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::json;
use crate::render::status::state_cell;
use crate::render::table::{Cell, Column, Fit, table};
use crate::select::{Selection, select};

const COLUMNS: [Column; 5] = [
    Column { head: "NAME", right: false, fit: Fit::Middle(12) },
    Column { head: "KIND", right: false, fit: Fit::Optional },
    Column { head: "AUTOSTART", right: false, fit: Fit::Optional },
    Column { head: "PRIORITY", right: true, fit: Fit::Optional },
    Column { head: "STATE", right: false, fit: Fit::Whole },
];

/// List what is configured, in start order
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    names: AnyNames,
}

impl List {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let rows = context.connect().await?.list().await?;
        let selection = select(&rows, &self.names.names);
        let screen = &context.screen;
        if screen.json {
            screen.document(&document(&selection))?;
        } else {
            show_unknown(screen, &selection.unknown)?;
            let lines: Vec<Vec<Cell>> = selection.picked.iter().map(|p| cells(p.row)).collect();
            let header = screen.terminal && !lines.is_empty();
            screen.print(&table(&COLUMNS, &lines, screen.width, header))?;
        }
        Ok(if selection.unknown.is_empty() { Exit::Success } else { Exit::Failed })
    }
}

fn cells(row: &UnitRow) -> Vec<Cell> {
    vec![
        Cell::plain(&row.id),
        Cell::plain(if row.kind.is_empty() { "-" } else { &row.kind }),
        Cell::plain(if row.autostart { "auto" } else { "manual" }),
        Cell::plain(row.priority.to_string()),
        state_cell(row),
    ]
}

/// `{"processes":[…]}`, with `unknown` for the names that mean nothing.
fn document(selection: &Selection<'_>) -> Value {
    let process = |row: &UnitRow| {
        json!({
            "id": row.id,
            "group": row.group,
            "name": row.name,
            "kind": row.kind,
            "path": row.path,
            "autostart": row.autostart,
            "priority": row.priority,
            "state": row.state,
        })
    };
    let processes = selection.picked.iter().map(|picked| process(picked.row)).collect();
    json::with_unknown("processes", processes, &selection.unknown)
}
