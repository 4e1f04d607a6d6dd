//! `visorctl shutdown`

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Stop everything and end visord
#[derive(Debug, Args)]
pub(crate) struct Shutdown {}

impl Shutdown {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        context.connect().await?.shutdown().await?;
        context.screen.done("Shut down", &json!({ "done": "shut down" }))
    }
}
