//! Questions that are open: what each still waits for, and what it has gathered so far.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::process::{Phase, Process};
use super::turn::{Fact, Turn};
use super::{Answer, Effect, Key, Outcome, State, Ticket};
use crate::fault::{Fault, Refusal};

/// Every open question.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    open: BTreeMap<Ticket, Entry>,
    waits: BTreeMap<Key, Vec<(Ticket, Want)>>,
}

/// One open question.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Entry {
    outcomes: Vec<Outcome>,
    /// Whether the engine is still at work on the question itself.
    in_hand: bool,
    /// Processes not heard of yet.
    awaited: BTreeSet<Key>,
}

/// What a question waits for a process to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Want {
    /// To be launched.
    Launched,
    /// To be up.
    Up,
    /// To be down.
    Down,
    /// To be down, and then to be up.
    DownThenUp,
}

/// What came of one thing done to one process.
pub(super) type Done = Result<String, Refusal>;

/// What a fact means for somebody who waits: what was done, and what to wait for now, if anything.
struct Verdict {
    done: Vec<Done>,
    next: Option<Want>,
}

impl Verdict {
    const fn wait(want: Want) -> Self {
        Self { done: Vec::new(), next: Some(want) }
    }

    fn over(done: Done) -> Self {
        Self { done: vec![done], next: None }
    }
}

impl Ledger {
    /// Opens a question; not if it is open already.
    pub(super) fn open(&mut self, ticket: Ticket) -> bool {
        if self.open.contains_key(&ticket) {
            return false;
        }
        self.open.insert(ticket, Entry { in_hand: true, ..Entry::default() });
        true
    }

    /// Forgets a question: nobody waits for its answer.
    pub(super) fn withdraw(&mut self, ticket: Ticket) {
        let entry = self.open.remove(&ticket).unwrap_or_default();
        for key in entry.awaited {
            if let Some(waits) = self.waits.get_mut(&key) {
                waits.retain(|(other, _)| *other != ticket);
            }
        }
    }

    /// Whether somebody waits for this process to be down.
    pub(super) fn awaits_stop(&self, key: Key) -> bool {
        self.waits
            .get(&key)
            .is_some_and(|waits| waits.iter().any(|(_, want)| want.is_for_the_end()))
    }

    /// Adds an outcome to a question.
    pub(super) fn note(&mut self, ticket: Ticket, name: String, result: Done) {
        if let Some(entry) = self.open.get_mut(&ticket) {
            entry.outcomes.push(Outcome { name, result });
        }
    }

    /// Lets a question wait for a process.
    pub(super) fn wait(&mut self, ticket: Ticket, key: Key, want: Want) {
        if let Some(entry) = self.open.get_mut(&ticket) {
            entry.awaited.insert(key);
            self.waits.entry(key).or_default().push((ticket, want));
        }
    }

    /// Takes out everything that waits for a process. What is to go on waiting is put back with [`Ledger::wait`].
    fn take_waits(&mut self, key: Key) -> Vec<(Ticket, Want)> {
        let waits = self.waits.remove(&key).unwrap_or_default();
        for (ticket, _) in &waits {
            if let Some(entry) = self.open.get_mut(ticket) {
                entry.awaited.remove(&key);
            }
        }
        waits
    }

    /// Closes a question for which nothing is left to do or to wait for, and gives what it gathered.
    fn close(&mut self, ticket: Ticket) -> Option<Vec<Outcome>> {
        let entry = self.open.get(&ticket)?;
        if entry.in_hand || !entry.awaited.is_empty() {
            return None;
        }
        self.open.remove(&ticket).map(|entry| entry.outcomes)
    }
}

impl Turn<'_> {
    /// Answers a question as a whole.
    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        if self.engine.record.ledger.open.contains_key(&ticket) {
            self.engine.record.ledger.withdraw(ticket);
            self.effects.push(Effect::Reply { ticket, answer });
        }
    }

    /// Refuses a question as a whole.
    pub(super) fn refuse(&mut self, ticket: Ticket, refusal: impl Into<Refusal>) {
        self.answer(ticket, Answer::Refused(refusal.into()));
    }

    /// Adds an outcome to a question.
    pub(super) fn note(&mut self, ticket: Ticket, name: impl ToString, result: Done) {
        self.engine.record.ledger.note(ticket, name.to_string(), result);
    }

    /// Ends the work on a question: it is answered now, or when the last process that it waits for is heard of.
    pub(super) fn conclude(&mut self, ticket: Ticket) {
        if let Some(entry) = self.engine.record.ledger.open.get_mut(&ticket) {
            entry.in_hand = false;
        }
        self.answer_if_complete(ticket);
    }

    fn answer_if_complete(&mut self, ticket: Ticket) {
        if let Some(outcomes) = self.engine.record.ledger.close(ticket) {
            self.effects.push(Effect::Reply { ticket, answer: Answer::Outcomes(outcomes) });
        }
    }

    /// Tells every question that waits for a process what it did.
    pub(super) fn settle_tickets(&mut self, fact: Fact) {
        for (ticket, want) in self.engine.record.ledger.take_waits(fact.key) {
            let Some(process) = self.process(fact.key) else { continue };
            let name = process.name().clone();
            let Verdict { done, next } = want.judge(fact.state, process);
            for done in done {
                self.note(ticket, &name, done);
            }
            match next {
                Some(want) => self.engine.record.ledger.wait(ticket, fact.key, want),
                None => self.answer_if_complete(ticket),
            }
        }
    }
}

impl Want {
    const fn is_for_the_end(self) -> bool {
        matches!(self, Self::Down | Self::DownThenUp)
    }

    /// What it means for this want that the process went to `state`. By now it may be further on.
    fn judge(self, state: State, process: &Process) -> Verdict {
        match self {
            Self::Launched => launched(state, process),
            Self::Up => up(state, process).map_or(Verdict::wait(self), Verdict::over),
            Self::Down | Self::DownThenUp if !state.is_stopped() => Verdict::wait(self),
            Self::Down => Verdict::over(down(state, process)),
            Self::DownThenUp => match down(state, process) {
                Ok(text) if process.then_start.is_some() => {
                    Verdict { done: vec![Ok(text)], next: Some(Self::Up) }
                }
                Ok(text) => Verdict {
                    done: vec![Ok(text), Err(Fault::AbnormalTermination.into())],
                    next: None,
                },
                Err(refusal) => Verdict::over(Err(refusal)),
            },
        }
    }
}

/// Supervisor's `startProcess` without waiting: it was launched, or could not be.
fn launched(state: State, process: &Process) -> Verdict {
    match (state, process.phase()) {
        (State::Starting, Phase::Settling { .. } | Phase::Waiting { .. }) => {
            Verdict::over(Ok("started".to_owned()))
        }
        _ => up(state, process).map_or(Verdict::wait(Want::Launched), Verdict::over),
    }
}

/// Supervisor's `startProcess`: what was wrong is a spawn error if there is a text for it, else an abnormal end. `None`
/// while it is not known.
fn up(state: State, process: &Process) -> Option<Done> {
    match state {
        State::Starting => None,
        State::Running => Some(Ok("started".to_owned())),
        State::Fatal if *process.phase() == Phase::DependencyFailed => {
            Some(Err(Refusal::new(Fault::DependencyFailed, process.spawn_error.clone())))
        }
        State::Backoff | State::Fatal => Some(Err(Fault::SpawnError.into())),
        State::Stopped | State::Stopping | State::Exited | State::Unknown => {
            Some(Err(Fault::AbnormalTermination.into()))
        }
    }
}

/// Supervisor's `stopProcess`: it is down, or the signal could not be sent.
fn down(state: State, process: &Process) -> Done {
    match (state, &process.cause) {
        (State::Unknown, Some(cause)) => Err(Refusal::new(Fault::Failed, cause.to_string())),
        _ => Ok("stopped".to_owned()),
    }
}
