//! `visorctl pid`

use clap::Args;
use serde_json::{Value, json};
use visor_dbus::UnitRow;

use super::report::show_unknown;
use crate::complete;
use crate::context::Context;
use crate::daemon::Daemon;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::json;
use crate::select::{Unknown, select};

/// Show process ids: of visord, or of processes
///
/// One line for each process, in the order in which they are named; 0 for one that does not run.
#[derive(Debug, Args)]
pub(crate) struct Pid {
    /// Processes [default: visord itself]
    #[arg(value_name = "NAME", add = complete::processes())]
    names: Vec<String>,
}

impl Pid {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        if self.names.is_empty() {
            return daemon(context, &client).await;
        }
        let rows = client.list().await?;
        let (found, unknown) = self.find(&rows);
        let screen = &context.screen;
        if screen.json {
            let values = found.iter().map(|row| json!({ "id": row.id, "pid": row.pid })).collect();
            screen.document(&json::with_unknown("processes", values, &unknown))?;
        } else {
            screen.print(&found.iter().map(|row| format!("{}\n", row.pid)).collect::<String>())?;
            show_unknown(screen, &unknown)?;
        }
        let asked_for_one = |row: &&UnitRow| self.names.contains(&row.id);
        let idle = found.iter().any(|row| row.pid == 0 && asked_for_one(row));
        let missing = if unknown.is_empty() { Exit::Success } else { Exit::Failed };
        Ok(if idle { Exit::NoProcess } else { missing })
    }

    /// The processes in the order in which they were named, as often as they were.
    fn find<'a>(&self, rows: &'a [UnitRow]) -> (Vec<&'a UnitRow>, Vec<Unknown>) {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for word in &self.names {
            let selection = select(rows, std::slice::from_ref(word));
            found.extend(selection.picked.iter().map(|picked| picked.row));
            unknown.extend(selection.unknown);
        }
        (found, unknown)
    }
}

async fn daemon(context: &Context, client: &Daemon) -> Result<Exit, Failure> {
    let pid = client.manager_property("PID").await?;
    let number: Value = pid.parse::<u32>().map_or(Value::Null, Value::from);
    context.screen.done(&pid, &json!({ "pid": number }))
}
