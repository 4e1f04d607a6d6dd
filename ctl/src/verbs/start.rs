//! `visorctl start`

use clap::Args;
use visor_units::engine::State;
use visor_units::fault::{Fault, Refusal};

use super::Names;
use super::order::{Order, carry_out};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select::{NO_SUCH_GROUP, Picked};

/// Start processes and wait until they are up
///
/// What a process requires is started first. Starting what runs already is no failure.
#[derive(Debug, Args)]
pub(crate) struct Start {
    #[command(flatten)]
    names: Names,
}

impl Start {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let order = Order {
            verb: "start",
            wanted: is_wanted,
            last_first: false,
            done: |_| "started",
            reached: |state| state == State::Running,
            code,
        };
        carry_out(context, &self.names.names, order, async |client, names| {
            client.start_all(names, true).await
        })
        .await
    }
}

/// A group, a pattern or `all` means those of its processes that do not run, as in Supervisor.
fn is_wanted(picked: &Picked<'_>) -> bool {
    picked.by_name || !State::from_name(&picked.row.state).is_some_and(State::is_running)
}

/// The exit code of a process that was not started.
pub(super) fn code(refusal: &Refusal) -> Exit {
    match refusal.fault {
        Fault::AlreadyStarted => Exit::Success,
        Fault::SpawnError | Fault::AbnormalTermination | Fault::DependencyFailed => Exit::NoProcess,
        Fault::NoSuchUnit if refusal.text == NO_SUCH_GROUP => Exit::Usage,
        fault => fault.into(),
    }
}
