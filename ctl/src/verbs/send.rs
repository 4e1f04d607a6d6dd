//! `visorctl send`

use std::io::Read as _;

use clap::Args;
use serde_json::json;
use visor_units::fault::{Fault, Refusal};

use crate::complete;
use crate::context::Context;
use crate::daemon::Daemon;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select::select;

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
        // Sent also if there is nothing, so that a wrong name is told.
        loop {
            let count = input.read(&mut chunk)?;
            if count > 0 || sent == 0 {
                let written = client.send_stdin(&self.name, &chunk[..count]).await;
                if let Err(refusal) = written {
                    return Err(self.failed(&client, refusal).await);
                }
            }
            if count == 0 {
                break;
            }
            sent += count;
        }
        let text = format!("{}: sent {sent} bytes", self.name);
        context.screen.done(&text, &json!({ "id": self.name, "bytes": sent }))
    }

    /// Why it could not be sent, and which process was probably meant.
    async fn failed(&self, client: &Daemon, refusal: Refusal) -> Failure {
        let fault = refusal.fault;
        let text = format!("{}: {}", self.name, refusal.text);
        let mut failure = Failure::from(Refusal::new(fault, text));
        if let Failure::Trouble(trouble) = &mut failure {
            match fault {
                Fault::NotRunning => trouble.exit = Exit::NoProcess,
                Fault::NoSuchUnit => trouble.hint = self.meant(client).await,
                _ => {}
            }
        }
        failure
    }

    async fn meant(&self, client: &Daemon) -> Option<String> {
        let rows = client.list().await.ok()?;
        let unknown = select(&rows, std::slice::from_ref(&self.name)).unknown.pop()?;
        unknown.hint.map(|name| format!("did you mean {name}?"))
    }
}
