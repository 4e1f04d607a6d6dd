//! `visorctl reload`

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Stop everything and begin again with a fresh configuration
///
/// A configuration with errors is refused before anything is stopped.
#[derive(Debug, Args)]
pub(crate) struct Reload {}

impl Reload {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let daemon = context.connect().await?;
        daemon.reload_daemon().await?;
        let text = format!("Restarted {}", daemon.program());
        context.screen.done(&text, &json!({ "done": "restarted" }))
    }
}
