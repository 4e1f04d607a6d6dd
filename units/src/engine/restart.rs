//! What becomes of a process that ended or could not be launched: another try, a restart, or giving up.
//!
//! A failed start is tried again after as many seconds as there were failures in a row, at most `startretries` times.
//! A process that was up is started again at once, as often as it ends, if `autorestart` says so. With `startsecs=0` a
//! process is up as soon as it is launched: one that fails at once is restarted for ever, as in Supervisor, but at most ten
//! times a second.
//!
//! That is Supervisor's rule; a program can have another ([`Pacing`](crate::unit::Pacing)). Its pauses grow with every
//! setback, which is a failed start, or a run that was not expected to end and was short. A pause after a run is spent in
//! BACKOFF, like one after a failed start: a stop ends it, and what needs the program waits for it.

use super::process::{Phase, Process};
use super::start::Pull;
use super::turn::Turn;
use super::{Cause, Key, RunResult};
use crate::exit::ExitStatus;
use crate::unit::{Autorestart, EarlyExit, LogLevel};

impl Turn<'_> {
    /// `Event::SpawnFailed`.
    pub(super) fn spawn_failed(&mut self, key: Key, error: String) {
        let Some(process) = self.process_mut(key) else { return };
        if *process.phase() != Phase::Launching {
            return;
        }
        process.spawn_error.clone_from(&error);
        process.result = RunResult::Resources;
        self.log(LogLevel::Info, key, format!("spawnerr: {error}"));
        self.failed_start(key, Cause::SpawnFailed(error), None);
    }

    /// `Event::SetupFailed`.
    pub(super) fn setup_failed(&mut self, key: Key, pid: u32, error: String) {
        let Some(process) = self.process_mut(key) else { return };
        if process.phase().pid() != Some(pid) {
            return;
        }
        process.setup_error = Some(error.clone());
        self.log(LogLevel::Info, key, format!("spawnerr: {error}"));
    }

    /// `Event::Exited`.
    pub(super) fn exited(&mut self, key: Key, pid: u32, status: ExitStatus) {
        let wall = self.now.wall;
        let Some(process) = self.process_mut(key) else { return };
        if process.phase().pid() != Some(pid) {
            return;
        }
        process.stopped = wall;
        process.exit = Some(status);
        match process.phase() {
            Phase::Settling { .. } if may_end_early(process, status) => {
                self.enter(key, Phase::Running { pid }, Cause::Exited(status));
                self.ended_by_itself(key, status);
            }
            Phase::Settling { .. } => self.exited_too_quickly(key, status),
            Phase::Stopping(_) | Phase::Unknown { stopping: true, .. } => {
                self.ended_by_order(key, status);
            }
            _ => self.ended_by_itself(key, status),
        }
    }

    fn exited_too_quickly(&mut self, key: Key, status: ExitStatus) {
        let Some(process) = self.process_mut(key) else { return };
        process.spawn_error = process
            .setup_error
            .take()
            .unwrap_or_else(|| "Exited too quickly (process log may have details)".to_owned());
        process.result = RunResult::of(status, false);
        let text = format!("exited: {} ({status}; not expected)", process.short_name());
        self.failed_start(key, Cause::ExitedTooQuickly(status), Some(text));
    }

    /// One failure more: waits for the next try, or gives up, or does as it was told meanwhile.
    fn failed_start(&mut self, key: Key, cause: Cause, warning: Option<String>) {
        let now = self.now.time;
        let Some(process) = self.process_mut(key) else { return };
        let halt = process.halt.take();
        process.tries = process.tries.saturating_add(1);
        process.setbacks = process.setbacks.saturating_add(1);
        let pause = process.program.pacing.after_failed_start(process.tries, process.setbacks);
        let retry_at = now.after(pause);
        let retries = process.program.startretries;
        let enough = retries != FOR_EVER && i64::from(process.tries) > retries;
        self.enter(key, Phase::Backoff { retry_at }, cause);
        if let Some(text) = warning {
            self.log(LogLevel::Warn, key, text);
        }
        if let Some(halt) = halt {
            self.stop_now(key, halt.cause);
        } else if enough {
            self.give_up(key);
        }
    }

    fn give_up(&mut self, key: Key) {
        let Some(process) = self.process_mut(key) else { return };
        process.tries = 0;
        process.result = RunResult::StartLimitHit;
        let text = format!(
            "gave up: {} entered FATAL state, too many start retries too quickly",
            process.short_name()
        );
        self.enter(key, Phase::Failed, Cause::GaveUp);
        self.log(LogLevel::Info, key, text);
    }

    /// The wait after a failed start, or after a run, is over.
    pub(super) fn retry(&mut self, key: Key) {
        let after_a_run = |process: &Process| process.cause == Some(Cause::Autorestart);
        let cause = if self.process(key).is_some_and(after_a_run) {
            Cause::Autorestart
        } else {
            Cause::Retry
        };
        self.start(std::iter::once((key, cause)), Pull::Required);
    }

    fn ended_by_order(&mut self, key: Key, status: ExitStatus) {
        let Some(process) = self.process_mut(key) else { return };
        let cause = process.cause.clone().unwrap_or(Cause::Exited(status));
        let level = level_of(process, status);
        let text = format!("stopped: {} ({status})", process.short_name());
        self.enter(key, Phase::Stopped, cause);
        self.log(level, key, text);
    }

    fn ended_by_itself(&mut self, key: Key, status: ExitStatus) {
        let now = self.now.time;
        let Some(process) = self.process_mut(key) else { return };
        let expected = status.is_expected(&process.program.exitcodes);
        let good = expected || now.since(process.started.time) >= process.program.pacing.good_run();
        process.setbacks = if good { 0 } else { process.setbacks.saturating_add(1) };
        process.tries = 0;
        process.result = RunResult::of(status, expected);
        if !expected {
            let setup_error = process.setup_error.take();
            process.spawn_error =
                setup_error.unwrap_or_else(|| format!("Bad exit code {}", status.code()));
        }
        let told = process.is_going_down();
        let again = !told && restarts(process.program.autorestart, expected);
        let level = level_of(process, status);
        let judgement = if expected { "expected" } else { "not expected" };
        let text = format!("exited: {} ({status}; {judgement})", process.short_name());
        self.enter(key, Phase::Exited { expected }, Cause::Exited(status));
        self.log(level, key, text);
        if again {
            self.start_again(key);
        }
    }

    /// Starts what ended by itself, now or after its pause; nothing that is to be down.
    fn start_again(&mut self, key: Key) {
        let Some(process) = self.process(key) else { return };
        let lasted = self.now.time.since(process.started.time);
        let pause = process.program.pacing.after_run(process.setbacks, lasted);
        if pause.is_zero() {
            self.start(std::iter::once((key, Cause::Autorestart)), Pull::Required);
        } else if !self.is_going_down() && !self.is_leaving(key) {
            let retry_at = self.now.time.after(pause);
            self.enter(key, Phase::Backoff { retry_at }, Cause::Autorestart);
        }
    }
}

/// The `startretries` of a program that is never given up.
const FOR_EVER: i64 = -1;

/// Whether a process that ends before `startsecs` are over has done what it was for.
fn may_end_early(process: &Process, status: ExitStatus) -> bool {
    process.program.pacing.early_exit == EarlyExit::Ok
        && process.setup_error.is_none()
        && status.is_expected(&process.program.exitcodes)
}

/// Whether a program that ended by itself is started again.
const fn restarts(autorestart: Autorestart, expected: bool) -> bool {
    match autorestart {
        Autorestart::Never => false,
        Autorestart::Unexpected => !expected,
        Autorestart::Always => true,
    }
}

/// How urgent an end is: Supervisor warns of every one that `exitcodes` does not name, so also of an ordinary stop by
/// `SIGTERM`.
fn level_of(process: &Process, status: ExitStatus) -> LogLevel {
    if status.is_expected(&process.program.exitcodes) { LogLevel::Info } else { LogLevel::Warn }
}
