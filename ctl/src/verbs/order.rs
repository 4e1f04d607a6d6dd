//! One order for several processes.

use std::collections::HashMap;

use visor_dbus::{Outcomes, StateChanges, UnitRow};
use visor_units::engine::{Outcome, State};
use visor_units::fault::{Fault, Refusal};

use super::report::{conclude, is_about_process, show, show_unknown};
use crate::context::Context;
use crate::daemon::Daemon;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::screen::Screen;
use crate::select::{Picked, select};

/// What is particular about an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    /// What is waited for: `waiting for web to start`.
    pub(crate) verb: &'static str,
    /// Whether the process is meant; those that a group, a pattern or `all` names may be left out.
    pub(crate) wanted: fn(&Picked<'_>) -> bool,
    /// Whether what was started last comes first.
    pub(crate) last_first: bool,
    /// What will have been done to a process that was as its row says.
    pub(crate) done: fn(&UnitRow) -> &'static str,
    /// Whether a process that comes into this state is where the order wants it.
    pub(crate) reached: fn(State) -> bool,
    /// The exit code of a refusal.
    pub(crate) code: fn(&Refusal) -> Exit,
}

/// Gives the order to every process that `words` name, all in one call so that the daemon can order them, and shows what
/// comes of it as soon as it is known.
pub(crate) async fn carry_out(
    context: &Context,
    words: &[String],
    order: Order,
    call: impl AsyncFnOnce(&Daemon, &[&str]) -> Result<Outcomes, Refusal>,
) -> Result<Exit, Failure> {
    let client = context.connect().await?;
    let rows = client.list().await?;
    let selection = select(&rows, words);
    let screen = &context.screen;
    let mut outcomes = show_unknown(screen, &selection.unknown)?;
    let mut wanted: Vec<&UnitRow> =
        selection.picked.iter().filter(|picked| (order.wanted)(picked)).map(|p| p.row).collect();
    if order.last_first {
        wanted.reverse();
    }
    if !wanted.is_empty() {
        outcomes.extend(give(&client, screen, &wanted, order, call).await?);
    }
    let failed = !screen.json && outcomes.iter().any(is_about_process);
    let after = if failed { client.list().await? } else { Vec::new() };
    conclude(screen, &outcomes, &after, order.code)
}

async fn give(
    client: &Daemon,
    screen: &Screen,
    wanted: &[&UnitRow],
    order: Order,
    call: impl AsyncFnOnce(&Daemon, &[&str]) -> Result<Outcomes, Refusal>,
) -> Result<Vec<Outcome>, Failure> {
    let names: Vec<&str> = wanted.iter().map(|row| row.id.as_str()).collect();
    let mut tally = Tally::new(screen, wanted, order);
    // The answer to an order for one process is also the first that is heard of it.
    let mut changes = if names.len() > 1 { client.subscribe().await } else { None };
    let answer = call(client, &names);
    tokio::pin!(answer);
    let answers = loop {
        tokio::select! {
            answers = &mut answer => break answers?,
            Some((name, state)) = next_change(&mut changes) => tally.hear(&name, state)?,
            () = tally.progress.due() => tally.show_progress(),
        }
    };
    tally.close(answers)
}

/// The next transition: name and new state. Never returns where there is nothing to listen to.
async fn next_change(changes: &mut Option<StateChanges>) -> Option<(String, State)> {
    let Some(stream) = changes else { return std::future::pending().await };
    match stream.next().await {
        Some(change) => Some((change.id, State::from_name(&change.to)?)),
        None => {
            *changes = None;
            None
        }
    }
}

/// What is known of each process, and shown already.
struct Tally<'a> {
    screen: &'a Screen,
    order: Order,
    progress: Progress,
    done: HashMap<&'a str, &'static str>,
    pending: Vec<String>,
    outcomes: Vec<Outcome>,
}

impl<'a> Tally<'a> {
    fn new(screen: &'a Screen, wanted: &[&'a UnitRow], order: Order) -> Self {
        Self {
            screen,
            order,
            progress: Progress::new(screen),
            done: wanted.iter().map(|row| (row.id.as_str(), (order.done)(row))).collect(),
            pending: wanted.iter().map(|row| row.id.clone()).collect(),
            outcomes: Vec::new(),
        }
    }

    /// A process changed its state; if it is where it should be, that is said at once.
    fn hear(&mut self, name: &str, state: State) -> Result<(), Failure> {
        if (self.order.reached)(state) && self.pending.iter().any(|pending| pending == name) {
            self.settle(name, Ok(()))?;
        }
        Ok(())
    }

    /// The daemon has answered for every process. What it refuses counts, also where a state looked well in between.
    fn close(mut self, answers: Outcomes) -> Result<Vec<Outcome>, Failure> {
        for (name, result) in answers {
            if result.is_err() || self.pending.contains(&name) {
                self.outcomes.retain(|outcome| outcome.name != name);
                self.settle(&name, result.map(drop))?;
            }
        }
        for name in std::mem::take(&mut self.pending) {
            self.settle(&name, Err(Refusal::new(Fault::Failed, "no answer")))?;
        }
        self.progress.clear(self.screen);
        Ok(self.outcomes)
    }

    fn settle(&mut self, name: &str, result: Result<(), Refusal>) -> Result<(), Failure> {
        let done = self.done.get(name).copied().unwrap_or_default();
        let outcome = Outcome { name: name.to_owned(), result: result.map(|()| done.to_owned()) };
        self.pending.retain(|pending| pending != name);
        self.progress.clear(self.screen);
        show(self.screen, std::slice::from_ref(&outcome))?;
        self.outcomes.push(outcome);
        Ok(())
    }

    fn show_progress(&mut self) {
        self.progress.show(self.screen, &self.pending, self.order.verb);
    }
}
