//! `visorctl send`

use std::io::Read as _;

use clap::Args;
use serde_json::json;
use visor_units::fault::Refusal;

use crate::complete;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What is sent at once.
const CHUNK: usize = 64 * 1024;

/// Write to the standard input of a process
///
/// What is read here from standard input, until its end, is written there as it is. What the process does not read now is
/// kept for it, up to 8 MiB; more is refused.
#[derive(Debug, Args)]
pub(crate) struct SendInput {
    /// The process: NAME or GROUP:NAME
    #[arg(value_name = "NAME", add = complete::processes())]
    name: String,
}

impl SendInput {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        let mut input = std::io::stdin().lock();
        let (mut chunk, mut sent) = (vec![0; CHUNK], 0);
        loop {
            let count = input.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            let written = client.send_stdin(&self.name, &chunk[..count]).await;
            written.map_err(|Refusal { fault, text }| {
                Refusal::new(fault, format!("{}: {text}", self.name))
            })?;
            sent += count;
        }
        let text = format!("{}: sent {sent} bytes", self.name);
        context.screen.done(&text, &json!({ "id": self.name, "bytes": sent }))
    }
}
