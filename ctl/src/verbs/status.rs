//! `visorctl status`

use clap::Args;
use visor_dbus::UnitRow;
use visor_units::engine::State;

use super::AnyNames;
use super::report::show_unknown;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::description::Clock;
use crate::render::json;
use crate::render::status::render;
use crate::screen::Screen;
use crate::select::{Unknown, select};

/// Show what runs, what does not, and why not
///
/// MEMORY is what the process itself has resident, CPU the processor time it has used since its start. Exit status: 0 all
/// shown is well, 3 something shown is STOPPED, EXITED, FATAL or UNKNOWN, 4 a name is unknown or visord cannot be reached.
#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    names: AnyNames,
}

impl Status {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let rows = context.connect().await?.list_with_usage().await?;
        let selection = select(&rows, &self.names.names);
        let shown: Vec<&UnitRow> = selection.picked.iter().map(|picked| picked.row).collect();
        show(&context.screen, &selection.unknown, &shown)?;
        Ok(code(selection.unknown.is_empty(), shown))
    }
}

fn show(screen: &Screen, unknown: &[Unknown], shown: &[&UnitRow]) -> Result<(), Failure> {
    let clock = Clock::system();
    if screen.json {
        let each = shown.iter().map(|row| json::process(row, &clock));
        return screen.document(&json::with_unknown("processes", each.collect(), unknown));
    }
    show_unknown(screen, unknown)?;
    if shown.is_empty() && unknown.is_empty() && screen.terminal {
        screen.remark("no programs configured\n");
        return Ok(());
    }
    screen.print(&render(shown, &clock, screen.width, screen.terminal && !shown.is_empty()))
}

/// As LSB has it for init scripts.
fn code<'a>(all_known: bool, shown: impl IntoIterator<Item = &'a UnitRow>) -> Exit {
    if !all_known {
        return Exit::Unreachable;
    }
    let down = |row: &UnitRow| State::from_name(&row.state).is_none_or(State::is_stopped);
    if shown.into_iter().any(down) { Exit::NotRunning } else { Exit::Success }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::description::tests::row;

    #[test]
    fn the_code_is_that_of_the_worst() {
        for (state, exit) in [
            ("RUNNING", Exit::Success),
            ("STARTING", Exit::Success),
            ("BACKOFF", Exit::Success),
            ("STOPPED", Exit::NotRunning),
            ("EXITED", Exit::NotRunning),
            ("FATAL", Exit::NotRunning),
            ("UNKNOWN", Exit::NotRunning),
            ("a state of the future", Exit::NotRunning),
        ] {
            assert_eq!(code(true, &[row("RUNNING"), row(state)]), exit, "{state}");
        }
        assert_eq!(code(false, &[row("STOPPED")]), Exit::Unreachable);
    }
}
