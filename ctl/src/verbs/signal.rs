//! `visorctl signal`

use clap::Args;
use visor_dbus::Outcomes;
use visor_units::engine::State;
use visor_units::fault::{Fault, Refusal};
use visor_units::signal::Signal;

use super::Names;
use super::order::{Order, carry_out};
use crate::complete;
use crate::context::Context;
use crate::daemon::Daemon;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::select::{Picked, nearest};

/// Send a signal to processes
///
/// States do not change by it: what ends by the signal is started again if its configuration says so.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Name or number: HUP, SIGUSR1, 15
    #[arg(value_name = "SIGNAL", value_parser = parse_signal, add = complete::signals())]
    signal: Signal,
    #[command(flatten)]
    names: Names,
    /// Send it to the whole process group
    #[arg(short, long)]
    group: bool,
}

fn parse_signal(text: &str) -> Result<Signal, String> {
    Signal::parse(text).map_err(|error| {
        let names: Vec<String> = (1..=31).map(|number| Signal(number).to_string()).collect();
        let upper = text.to_ascii_uppercase();
        let full = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
        match nearest(&full, names.iter().map(String::as_str)) {
            Some(meant) => format!("{error}; did you mean {meant}?"),
            None => error,
        }
    })
}

impl Send {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let order = Order {
            verb: "be signalled",
            wanted: is_wanted,
            last_first: false,
            done: |_| "signalled",
            reached: |_| false,
            code,
        };
        carry_out(context, &self.names.names, order, async |client, names| {
            Ok(self.send_all(client, names).await)
        })
        .await
    }

    /// One after the other: a signal takes no time.
    async fn send_all(&self, client: &Daemon, names: &[&str]) -> Outcomes {
        let mut outcomes = Vec::new();
        for name in names {
            let sent = client.signal(name, self.signal, self.group).await;
            outcomes.push(((*name).to_owned(), sent.map(|()| "signalled".to_owned())));
        }
        outcomes
    }
}

/// A group, a pattern or `all` means those of its processes that can be signalled, as in Supervisor.
fn is_wanted(picked: &Picked<'_>) -> bool {
    let state = State::from_name(&picked.row.state);
    picked.by_name || matches!(state, Some(State::Running | State::Starting | State::Stopping))
}

fn code(refusal: &Refusal) -> Exit {
    match refusal.fault {
        Fault::NotRunning => Exit::NoProcess,
        fault => fault.into(),
    }
}
