//! `visorctl remove`

use clap::Args;
use visor_units::fault::Fault;

use super::group;
use super::report::hint;
use crate::complete;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Remove groups of which nothing runs
///
/// The configuration is left as it is: `add` and `update` bring back what is still in it.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Groups; a program that is in none is one of its own
    #[arg(value_name = "GROUP", required = true, add = complete::groups())]
    groups: Vec<String>,
}

impl Remove {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        let screen = &context.screen;
        let remove = async |name: &str| client.remove_group(name).await;
        let outcomes = group::each(screen, &self.groups, "removed process group", remove).await?;
        if group::refused(&outcomes, Fault::NoSuchUnit).next().is_some() {
            let rows = client.list().await?;
            group::suggest(screen, &outcomes, rows.iter().map(|row| row.group.as_str()));
        }
        for name in group::refused(&outcomes, Fault::StillRunning) {
            hint(screen, &format!("`visorctl stop '{name}:*'` stops it"));
        }
        group::conclude(screen, &outcomes)
    }
}
