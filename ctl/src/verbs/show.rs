//! `visorctl show`

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Map, Value};

use super::Names;
use super::report::{hint, show_unknown};
use crate::complete;
use crate::context::Context;
use crate::daemon::Properties;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{json, printable};
use crate::screen::Screen;
use crate::select::{nearest, select};

/// Show every property of processes, as the bus has them
///
/// Of a Supervisor what it tells: under the same names where it means the same, else under those of its options.
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    names: Names,
    /// Only this property (may be given several times)
    #[arg(short, long = "property", value_name = "PROPERTY", add = complete::properties())]
    properties: Vec<String>,
    /// The values without their names
    #[arg(long)]
    value: bool,
}

impl Show {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        let rows = client.list().await?;
        let selection = select(&rows, &self.names.names);
        let names: Vec<&str> = selection.picked.iter().map(|p| p.row.id.as_str()).collect();
        let mut shown = client.properties(&names).await?;
        let screen = &context.screen;
        self.suggest(screen, &shown);
        for properties in &mut shown {
            properties.retain(|(name, _)| self.asks_for(name));
        }
        if screen.json {
            let values = shown.into_iter().map(object).collect();
            screen.document(&json::with_unknown("processes", values, &selection.unknown))?;
        } else {
            show_unknown(screen, &selection.unknown)?;
            screen.print(&text(&shown, self.value))?;
        }
        Ok(if selection.unknown.is_empty() { Exit::Success } else { Exit::Failed })
    }

    /// Says which property was probably meant by each name that is none.
    fn suggest(&self, screen: &Screen, shown: &[Properties]) {
        let known: BTreeSet<&str> = shown.iter().flatten().map(|(name, _)| name.as_str()).collect();
        let is_known = |asked: &&String| known.iter().any(|name| name.eq_ignore_ascii_case(asked));
        for asked in self.properties.iter().filter(|asked| !known.is_empty() && !is_known(asked)) {
            let meant = nearest(asked, known.iter().copied());
            let meant = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            hint(screen, &format!("there is no property {asked}{meant}"));
        }
    }

    fn asks_for(&self, name: &str) -> bool {
        self.properties.is_empty()
            || self.properties.iter().any(|asked| asked.eq_ignore_ascii_case(name))
    }
}

fn object(properties: Properties) -> Value {
    properties
        .into_iter()
        .map(|(name, value)| (name, json::property(value)))
        .collect::<Map<_, _>>()
        .into()
}

/// `Name=value` lines, an empty line between processes.
fn text(shown: &[Properties], values_only: bool) -> String {
    let line = |(name, value): &(String, visor_dbus::Value)| {
        let value = value.to_string();
        let value = printable(&value);
        if values_only { format!("{value}\n") } else { format!("{name}={value}\n") }
    };
    let blocks: Vec<String> = shown.iter().map(|one| one.iter().map(line).collect()).collect();
    blocks.join(if values_only { "" } else { "\n" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pid: u64) -> Properties {
        let id = visor_dbus::Value::Text("web".to_owned());
        vec![("Id".to_owned(), id), ("MainPID".to_owned(), visor_dbus::Value::Unsigned(pid))]
    }

    #[test]
    fn processes_are_apart_by_an_empty_line() {
        let shown = [properties(1), properties(2)];
        assert_eq!(text(&shown, false), "Id=web\nMainPID=1\n\nId=web\nMainPID=2\n");
        assert_eq!(text(&shown, true), "web\n1\nweb\n2\n");
    }
}
