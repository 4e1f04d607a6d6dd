//! `visorctl stop`

use clap::Args;
use visor_units::engine::State;
use visor_units::fault::{Fault, Refusal};

use super::Names;
use super::order::{Order, carry_out};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select::Picked;

/// Stop processes and wait until they are down
///
/// What requires a process is stopped before it. Stopping what does not run is no failure.
#[derive(Debug, Args)]
pub(crate) struct Stop {
    #[command(flatten)]
    names: Names,
}

impl Stop {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let order = Order {
            verb: "stop",
            wanted: is_wanted,
            last_first: true,
            done: |_| "stopped",
            reached: State::is_stopped,
            code,
        };
        carry_out(context, &self.names.names, order, async |client, names| {
            client.stop_all(names, true).await
        })
        .await
    }
}

/// A group, a pattern or `all` means those of its processes that run or are on their way, as in Supervisor.
fn is_wanted(picked: &Picked<'_>) -> bool {
    picked.by_name || !State::from_name(&picked.row.state).is_some_and(State::is_stopped)
}

fn code(refusal: &Refusal) -> Exit {
    match refusal.fault {
        Fault::NotRunning => Exit::Success,
        fault => fault.into(),
    }
}
