//! `visorctl reread`

use clap::Args;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{difference, json};

/// Read the configuration again and show what `update` would change; changes nothing
#[derive(Debug, Args)]
pub(crate) struct Reread {}

impl Reread {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let found = context.connect().await?.reread().await?;
        let screen = &context.screen;
        if screen.json {
            screen.document(&json::difference(&found))?;
        } else {
            screen.print(&difference::reread(&found))?;
        }
        Ok(Exit::Success)
    }
}
