//! `visorctl clear`

use clap::Args;
use visor_dbus::Outcomes;

use super::Names;
use super::order::{Order, carry_out};
use crate::context::Context;
use crate::daemon::Daemon;
use crate::exit::Exit;
use crate::failure::Failure;

/// What is said of a process whose logs are empty.
const CLEARED: &str = "cleared";

/// Empty the log files of processes
///
/// Files that were rotated are kept, and so is what a process that does not run has written.
#[derive(Debug, Args)]
pub(crate) struct Clear {
    #[command(flatten)]
    names: Names,
}

impl Clear {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let order = Order {
            verb: "be cleared",
            wanted: |_| true,
            last_first: false,
            done: |_| CLEARED,
            reached: |_| false,
            code: |refusal| refusal.fault.into(),
        };
        carry_out(context, &self.names.names, order, async |client, names| {
            Ok(clear_all(client, names).await)
        })
        .await
    }
}

/// One after the other: each takes no time.
async fn clear_all(client: &Daemon, names: &[&str]) -> Outcomes {
    let mut outcomes = Vec::new();
    for name in names {
        let cleared = client.clear_log(name).await;
        outcomes.push(((*name).to_owned(), cleared.map(|()| CLEARED.to_owned())));
    }
    outcomes
}
