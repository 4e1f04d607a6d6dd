//! What was asked becomes what is done.

use std::collections::BTreeSet;

use super::ledger::{Done, Want};
use super::process::Phase;
use super::start::Pull;
use super::stop::Direction;
use super::turn::Turn;
use super::update::Structural;
use super::{Answer, Cause, Command, Ending, Key, Mood, Requester, State, Ticket, Whom};
use crate::fault::{Fault, Refusal};
use crate::name::Selector;
use crate::signal::Signal;
use crate::unit::LogLevel;

/// A process that was asked for, and whether by its own name.
#[derive(Clone, Copy, Debug)]
struct Choice {
    key: Key,
    named: bool,
}

/// What to do with one process that was asked for.
enum Step {
    /// What the command is for.
    Act,
    /// Nothing, and nothing to say: it is as it should be and was not named.
    Pass,
    /// Nothing but the answer.
    Say(Done),
}

impl Turn<'_> {
    /// `Event::Asked`.
    pub(super) fn asked(&mut self, ticket: Ticket, who: Requester, command: Command) {
        if !self.engine.record.ledger.open(ticket) {
            return;
        }
        if self.is_refused(&command) {
            self.refuse(ticket, Fault::ShuttingDown);
            return;
        }
        match command {
            Command::Start { names, wait } => self.asked_start(ticket, who, &names, wait),
            Command::Stop { names, wait } => self.asked_stop(ticket, who, &names, wait),
            Command::Restart { names, wait } => self.asked_restart(ticket, who, &names, wait),
            Command::Signal { names, signal, whom } => {
                self.asked_signal(ticket, &names, signal, whom == Whom::Group);
            }
            Command::Update { wanted, only } => {
                self.restructure(Structural::Update { ticket, wanted, only });
            }
            Command::AddGroup(group) => self.restructure(Structural::Add { ticket, group }),
            Command::RemoveGroup(name) => self.restructure(Structural::Remove { ticket, name }),
            Command::Shutdown => self.asked_end(ticket, Ending::Shutdown),
            Command::RestartDaemon => self.asked_end(ticket, Ending::Restart),
        }
    }

    /// While everything is being stopped, the only order taken is to end instead of beginning again.
    fn is_refused(&self, command: &Command) -> bool {
        match self.engine.mood() {
            Mood::Running => false,
            Mood::Restarting => *command != Command::Shutdown,
            Mood::Shutdown => true,
        }
    }

    fn asked_end(&mut self, ticket: Ticket, ending: Ending) {
        self.answer(ticket, Answer::Done);
        self.close(ending);
    }

    fn asked_start(&mut self, ticket: Ticket, who: Requester, names: &[Selector], wait: bool) {
        let want = if wait { Want::Up } else { Want::Launched };
        let mut targets = Vec::new();
        for choice in self.choose_processes(ticket, names) {
            match self.judge_start(choice, wait) {
                Step::Act => targets.push(choice.key),
                Step::Pass => {}
                Step::Say(done) => self.say(ticket, choice.key, done),
            }
        }
        self.start_for(ticket, &targets, want, &Cause::Asked(who));
        self.conclude(ticket);
    }

    fn start_for(&mut self, ticket: Ticket, targets: &[Key], want: Want, cause: &Cause) {
        for key in targets {
            self.engine.record.ledger.wait(ticket, *key, want);
        }
        self.start(targets.iter().map(|key| (*key, cause.clone())), Pull::Everything);
    }

    fn judge_start(&mut self, choice: Choice, wait: bool) -> Step {
        let Some(process) = self.process(choice.key) else { return Step::Pass };
        let (state, name) = (process.state(), process.short_name());
        match state {
            State::Starting | State::Running | State::Backoff if choice.named => {
                Step::Say(Err(Fault::AlreadyStarted.into()))
            }
            State::Starting | State::Running | State::Backoff => Step::Pass,
            State::Unknown => Step::Say(Err(unknown(&name))),
            State::Stopping => {
                let text = format!("process '{name}' already running");
                self.log(LogLevel::Warn, choice.key, text);
                Step::Say(if wait {
                    Err(Fault::AbnormalTermination.into())
                } else {
                    Ok("started".to_owned())
                })
            }
            _ if self.is_leaving(choice.key) => Step::Say(Err(leaving())),
            State::Stopped | State::Exited | State::Fatal => Step::Act,
        }
    }

    fn asked_stop(&mut self, ticket: Ticket, who: Requester, names: &[Selector], wait: bool) {
        let mut targets = Vec::new();
        for choice in self.choose_processes(ticket, names) {
            match self.judge_stop(choice) {
                Step::Act => targets.push(choice.key),
                Step::Pass => {}
                Step::Say(done) => self.say(ticket, choice.key, done),
            }
        }
        for key in &targets {
            if wait {
                self.engine.record.ledger.wait(ticket, *key, Want::Down);
            } else {
                self.say(ticket, *key, Ok("stopped".to_owned()));
            }
        }
        self.stop(targets.into_iter(), &Cause::Asked(who), Direction::StartOrder);
        self.conclude(ticket);
    }

    fn judge_stop(&self, choice: Choice) -> Step {
        let Some(process) = self.process(choice.key) else { return Step::Pass };
        if process.state().is_running() || process.then_start.is_some() {
            Step::Act
        } else if choice.named {
            Step::Say(Err(Fault::NotRunning.into()))
        } else {
            Step::Pass
        }
    }

    /// A restart is a stop with a note to start again, here and on everything that had to go down for it.
    fn asked_restart(&mut self, ticket: Ticket, who: Requester, names: &[Selector], wait: bool) {
        let cause = Cause::Asked(who);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for choice in self.choose_processes(ticket, names) {
            match self.judge_restart(choice.key) {
                Step::Act => up.push(choice.key),
                Step::Pass => down.push(choice.key),
                Step::Say(done) => self.say(ticket, choice.key, done),
            }
        }
        for key in &up {
            if wait {
                self.engine.record.ledger.wait(ticket, *key, Want::DownThenUp);
            } else {
                self.say(ticket, *key, Ok("restarting".to_owned()));
            }
        }
        for key in self.stop(up.into_iter(), &cause, Direction::StartOrder) {
            if !self.is_leaving(key)
                && let Some(process) = self.process_mut(key)
            {
                process.then_start = Some(cause.clone());
            }
        }
        let want = if wait { Want::Up } else { Want::Launched };
        self.start_for(ticket, &down, want, &cause);
        self.conclude(ticket);
    }

    /// What a restart does with a process: act on one that is up or on its way down, pass over one that is down.
    fn judge_restart(&self, key: Key) -> Step {
        let Some(process) = self.process(key) else { return Step::Pass };
        match process.state() {
            State::Unknown => Step::Say(Err(unknown(&process.short_name()))),
            _ if self.is_leaving(key) => Step::Say(Err(leaving())),
            State::Stopped | State::Exited | State::Fatal => Step::Pass,
            State::Starting | State::Running | State::Backoff | State::Stopping => Step::Act,
        }
    }

    fn asked_signal(&mut self, ticket: Ticket, names: &[Selector], signal: Signal, group: bool) {
        for choice in self.choose_processes(ticket, names) {
            let Some(process) = self.process(choice.key) else { continue };
            let name = process.short_name();
            let pid = match process.phase() {
                Phase::Unknown { .. } => None,
                phase => phase.pid(),
            };
            if let Some(pid) = pid {
                let text = format!("sending {name} (pid {pid}) sig {signal}");
                self.log(LogLevel::Debug, choice.key, text);
                self.kill(choice.key, pid, signal, group);
                self.say(ticket, choice.key, Ok("signalled".to_owned()));
            } else if choice.named {
                self.say(ticket, choice.key, Err(Fault::NotRunning.into()));
            }
        }
        self.conclude(ticket);
    }

    fn say(&mut self, ticket: Ticket, key: Key, done: Done) {
        let name = self.name_of(key);
        self.note(ticket, name, done);
    }

    /// Finds what was asked for, each process once. A selector that finds nothing gets its outcome here.
    fn choose_processes(&mut self, ticket: Ticket, names: &[Selector]) -> Vec<Choice> {
        let mut seen = BTreeSet::new();
        let mut choices = Vec::new();
        for selector in names {
            match self.find(selector) {
                Ok(keys) => {
                    let named = matches!(selector, Selector::Process(..));
                    let new = keys.into_iter().filter(|key| seen.insert(*key));
                    choices.extend(new.map(|key| Choice { key, named }));
                }
                Err(refusal) => {
                    let name = match selector {
                        Selector::Group(group) => group.clone(),
                        other => other.to_string(),
                    };
                    self.note(ticket, name, Err(refusal));
                }
            }
        }
        choices
    }

    fn find(&self, selector: &Selector) -> Result<Vec<Key>, Refusal> {
        let index = &self.engine.index;
        match selector {
            Selector::All => Ok(index.order.clone()),
            Selector::Group(group) => match self.engine.member(group) {
                Some(member) => Ok(self.in_start_order(&member.keys)),
                None => Err(Refusal::new(Fault::NoSuchUnit, "no such group")),
            },
            Selector::Process(group, process) => {
                let name = crate::name::ProcessName::new(group.as_str(), process.as_str());
                let key = index.names.get(&name).copied();
                key.map(|key| vec![key]).ok_or_else(|| Fault::NoSuchUnit.into())
            }
            Selector::Pattern(_) => {
                let order = index.order.iter().copied();
                let keys: Vec<Key> =
                    order.filter(|key| selector.matches(&self.name_of(*key))).collect();
                if keys.is_empty() { Err(Fault::NoSuchUnit.into()) } else { Ok(keys) }
            }
        }
    }

    fn in_start_order(&self, keys: &[Key]) -> Vec<Key> {
        let mut keys = keys.to_vec();
        keys.sort_by_key(|key| self.process(*key).map(|process| process.place.rank));
        keys
    }
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(Fault::Failed, format!("{name} is in an unknown process state"))
}

fn leaving() -> Refusal {
    Refusal::new(Fault::Failed, "process group is being removed")
}
