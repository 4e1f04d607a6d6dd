//! What the page says of an order, in Supervisor's words.

use visor_units::engine::{Answer, Outcome};

use super::action::{Action, Subject, Verb};
use crate::http::clock::Clock;
use crate::http::xmlrpc::{Code, Fault};

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// For people.
    pub(super) text: String,
    /// Whether it failed.
    pub(super) is_error: bool,
}

impl Message {
    /// It is done.
    pub(super) fn good(text: String) -> Self {
        Self { text, is_error: false }
    }

    /// It is not.
    pub(super) fn bad(text: String) -> Self {
        Self { text, is_error: true }
    }

    /// A message that comes back in an address: what begins like an error is shown as one.
    pub(super) fn returned(text: &str) -> Self {
        let errors = ["ERROR", "No such process", "unexpected rpc fault"];
        let is_error = errors.iter().any(|beginning| text.starts_with(beginning));
        Self { text: text.to_owned(), is_error }
    }

    /// The page is shown again.
    pub(super) fn refreshed(clock: &Clock) -> Self {
        Self::good(format!("Page refreshed at {}", clock.ctime()))
    }

    /// There is no process or group of that name.
    pub(super) fn unknown(subject: &Subject) -> Self {
        Self::bad(format!("No such process named {}", subject.word()))
    }

    /// A process could not be started.
    pub(super) fn not_started(name: &str, fault: &Fault) -> Self {
        Self::bad(format!("ERROR: Process {name}: {}", failure(fault)))
    }

    /// What the engine's answer to an order comes to.
    pub(super) fn of(action: &Action, answer: &Answer, clock: &Clock) -> Self {
        let outcomes = match answer {
            Answer::Refused(refusal) => {
                return Self::bad(format!("ERROR: {}", unexpected(&Fault::of(refusal, ""))));
            }
            Answer::Done => &[][..],
            Answer::Outcomes(outcomes) => outcomes,
        };
        match action {
            Action::Refresh => Self::refreshed(clock),
            Action::StopAll => Self::of_many("All", "stopped", outcomes, clock),
            Action::RestartAll => Self::of_many("All", "restarted", outcomes, clock),
            Action::Do(verb, Subject::Group(group)) => {
                Self::of_many(&format!("All of {group}"), verb.done(), outcomes, clock)
            }
            Action::Do(verb, Subject::Process(name)) => {
                Self::of_one(*verb, &name.to_string(), outcomes)
            }
        }
    }

    fn of_one(verb: Verb, name: &str, outcomes: &[Outcome]) -> Self {
        let refusal = outcomes.iter().find_map(|outcome| outcome.result.as_ref().err());
        match refusal.map(|refusal| Fault::of(refusal, name)) {
            Some(fault) if verb == Verb::Stop => Self::bad(unexpected(&fault)),
            Some(fault) => Self::not_started(name, &fault),
            None if verb == Verb::ClearLog => Self::good(format!("Log for {name} cleared")),
            None => Self::good(format!("Process {name} {}", verb.done())),
        }
    }

    fn of_many(whom: &str, done: &str, outcomes: &[Outcome], clock: &Clock) -> Self {
        let failed: Vec<String> = outcomes
            .iter()
            .filter_map(|outcome| {
                let refusal = outcome.result.as_ref().err()?;
                let fault = Fault::of(refusal, &outcome.name);
                Some(format!("{} ({})", outcome.name, failure(&fault)))
            })
            .collect();
        if failed.is_empty() {
            return Self::good(format!("{whom} {done} at {}", clock.ctime()));
        }
        Self::bad(format!("ERROR: {whom} {done}, except {}", failed.join(", ")))
    }
}

/// What kept a process from starting.
fn failure(fault: &Fault) -> String {
    match fault.code {
        Code::NoFile => "no such file".to_owned(),
        Code::NotExecutable => "file not executable".to_owned(),
        Code::AlreadyStarted => "already started".to_owned(),
        Code::SpawnError => "spawn error".to_owned(),
        Code::AbnormalTermination => "abnormal termination".to_owned(),
        _ => unexpected(fault),
    }
}

/// What has no words of its own.
pub(super) fn unexpected(fault: &Fault) -> String {
    format!("unexpected rpc fault [{}] {}", fault.code as i32, fault.text())
}
