//! `visorctl version`

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show the versions of visorctl and of the running visord
#[derive(Debug, Args)]
pub(crate) struct Version {}

impl Version {
    /// Carries it out. Its own version is shown also when nobody answers.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let own = env!("CARGO_PKG_VERSION");
        context.screen.line(&format!("visorctl {own}"))?;
        let daemon = context.connect().await?;
        let (program, version) = (daemon.program(), daemon.manager_property("Version").await?);
        let document = json!({ "visorctl": own, program: version });
        context.screen.done(&format!("{program} {version}"), &document)
    }
}
