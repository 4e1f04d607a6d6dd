//! `visorctl avail`

use clap::Args;
use serde_json::{Value, json};
use visor_dbus::ConfiguredRow;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::table::{Cell, Column, Fit, table};

const COLUMNS: [Column; 4] = [
    Column { head: "NAME", right: false, fit: Fit::Middle(12) },
    Column { head: "USE", right: false, fit: Fit::Whole },
    Column { head: "AUTOSTART", right: false, fit: Fit::Optional },
    Column { head: "PRIORITY", right: false, fit: Fit::Optional },
];

/// Read the configuration again and show what is in it: in use, or available to `add`
///
/// The priorities are that of the group and that of the process.
#[derive(Debug, Args)]
pub(crate) struct Avail {}

impl Avail {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let rows = context.connect().await?.configured().await?;
        let screen = &context.screen;
        if screen.json {
            let processes: Vec<Value> = rows.iter().map(document).collect();
            screen.document(&json!({ "processes": processes }))?;
        } else {
            let lines: Vec<Vec<Cell>> = rows.iter().map(cells).collect();
            let header = screen.terminal && !lines.is_empty();
            screen.print(&table(&COLUMNS, &lines, screen.width, header))?;
        }
        Ok(Exit::Success)
    }
}

fn cells(row: &ConfiguredRow) -> Vec<Cell> {
    vec![
        Cell::plain(&row.id),
        Cell::plain(if row.in_use { "in use" } else { "avail" }),
        Cell::plain(if row.autostart { "auto" } else { "manual" }),
        Cell::plain(format!("{}:{}", row.group_priority, row.priority)),
    ]
}

fn document(row: &ConfiguredRow) -> Value {
    json!({
        "id": row.id,
        "group": row.group,
        "name": row.name,
        "in_use": row.in_use,
        "autostart": row.autostart,
        "group_priority": row.group_priority,
        "priority": row.priority,
    })
}
