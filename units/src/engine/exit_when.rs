//! Ending by itself (`[visord] exit_when`): what a container runs for is done, or has failed.
//!
//! Only a process that ends for good of its own accord brings the daemon down: one that `autorestart` starts again or
//! that waits for its next try has not ended, and one that was stopped by order is where somebody wants it. Everything
//! else is then stopped in order, and the daemon ends with the code of the process that it ends for.

use super::machine::Index;
use super::process::{Phase, Process};
use super::turn::{Fact, Turn};
use super::{Ending, Key, State};
use crate::exit::ExitStatus;
use crate::unit::{ExitWhen, LogLevel};

/// The exit code for what has none of its own: it could not be launched, or was given up although it ended well.
const FAILURE: u8 = 1;

impl Turn<'_> {
    /// A process is at rest: perhaps that is what the daemon was to end with.
    pub(super) fn judge_exit(&mut self, fact: Fact) {
        if self.is_going_down() {
            return;
        }
        let Some(condition) = &self.engine.record.exit_when else { return };
        let Some(code) = self.exit_code(condition, fact) else { return };
        let Some(process) = self.process(fact.key) else { return };
        let status = process.exit.map(|status| format!(" ({status})")).unwrap_or_default();
        let text = format!(
            "exit_when={condition}: {} is {}{status}; stopping everything, to end with exit code {code}",
            process.name(),
            process.state()
        );
        self.log(LogLevel::Warn, fact.key, text);
        self.close(Ending::Exit(code));
    }

    /// The code to end with, if the condition is met by this process having come to rest.
    fn exit_code(&self, condition: &ExitWhen, fact: Fact) -> Option<u8> {
        let process = self.process(fact.key).filter(|it| condition.watches(it.name()))?;
        let code = process.exit_code()?;
        let is_met = match condition {
            ExitWhen::AnyFatal => process.state() == State::Fatal,
            ExitWhen::Process(_) => true,
            ExitWhen::Group(name) => return self.worst_of_group(name),
            ExitWhen::AllExited if process.is_listener => false,
            ExitWhen::AllExited => return self.worst_of_all(),
        };
        is_met.then_some(code)
    }

    /// If every process of the group is at rest.
    fn worst_of_group(&self, name: &str) -> Option<u8> {
        let keys = &self.engine.member(name)?.keys;
        keys.iter().all(|key| self.is_over(*key)).then(|| self.worst(keys))
    }

    /// If nothing runs, or will, but event listeners, which have nobody left to listen to.
    fn worst_of_all(&self) -> Option<u8> {
        let Index { counts, listeners, .. } = &self.engine.index;
        let live = counts.total - counts.stopped - counts.exited - counts.fatal;
        let live_listeners = listeners.iter().filter(|key| !self.is_over(**key)).count();
        let programs = self.engine.record.processes.keys().filter(|key| !listeners.contains(key));
        (live as usize == live_listeners).then(|| self.worst(programs))
    }

    fn is_over(&self, key: Key) -> bool {
        self.process(key).is_none_or(|process| {
            matches!(process.state(), State::Stopped | State::Exited | State::Fatal)
        })
    }

    fn worst<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> u8 {
        let processes = keys.into_iter().filter_map(|key| self.process(*key));
        processes.filter_map(Process::exit_code).max().unwrap_or_default()
    }
}

impl Process {
    /// What its end comes to as an exit code; `None` unless it has ended for good of its own accord.
    fn exit_code(&self) -> Option<u8> {
        match self.phase() {
            Phase::Exited { .. } => self.exit.map(ExitStatus::shell_code),
            Phase::Failed | Phase::DependencyFailed => {
                Some(self.exit.map_or(FAILURE, ExitStatus::shell_code).max(FAILURE))
            }
            _ => None,
        }
    }
}
