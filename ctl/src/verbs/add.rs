//! `visorctl add`

use clap::Args;
use visor_units::fault::Fault;

use super::group;
use crate::complete;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Add groups of the configuration that are not there yet
///
/// The configuration is read again for it; `avail` shows what there is to add. What starts by itself is started.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Groups; a program that is in none is one of its own
    #[arg(value_name = "GROUP", required = true, add = complete::available_groups())]
    groups: Vec<String>,
}

impl Add {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        let screen = &context.screen;
        let add = async |name: &str| client.add_group(name).await;
        let outcomes = group::each(screen, &self.groups, "added process group", add).await?;
        if group::refused(&outcomes, Fault::NoSuchUnit).next().is_some() {
            let configured = client.configured().await?;
            group::suggest(screen, &outcomes, configured.iter().map(|row| row.group.as_str()));
        }
        group::conclude(screen, &outcomes)
    }
}
