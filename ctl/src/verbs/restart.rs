//! `visorctl restart`

use clap::Args;
use visor_dbus::UnitRow;
use visor_units::engine::State;

use super::order::{Order, carry_out};
use super::{Names, start};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Stop processes, start them again, and wait until they are up
///
/// What does not run is started.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    #[command(flatten)]
    names: Names,
}

impl Restart {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let order = Order {
            verb: "restart",
            wanted: |_| true,
            last_first: false,
            done,
            reached: |state| state == State::Running,
            code: start::code,
        };
        carry_out(context, &self.names.names, order, async |client, names| {
            client.restart_all(names, true).await
        })
        .await
    }
}

/// What a restart is for a process that was as `row` says.
fn done(row: &UnitRow) -> &'static str {
    let down = State::from_name(&row.state).is_some_and(State::is_stopped);
    if down { "started" } else { "restarted" }
}
