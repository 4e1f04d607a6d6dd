//! `visorctl completion`

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::complete;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Print the completion script of a shell
///
/// For one session: `source <(visorctl completion bash)`; fish: `visorctl completion fish | source`. Names of processes
/// are completed from the running visord.
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// bash, zsh or fish
    #[arg(value_parser = PossibleValuesParser::new(["bash", "zsh", "fish"]), hide_possible_values = true)]
    shell: String,
}

impl Completion {
    /// Carries it out.
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        if let Some(shell) = complete::SHELLS.completer(&self.shell) {
            context.screen.print(&String::from_utf8_lossy(&complete::script(shell)?))?;
        }
        Ok(Exit::Success)
    }
}
