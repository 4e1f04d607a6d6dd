//! Doing what the engine decided: a line for each kind of effect.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use visor_dbus::Notice;
use visor_units::announce::Heard;
use visor_units::engine::{Change, Effect, Event, Key};
use visor_units::signal::Signal;
use visor_units::unit::{Group, LogFile, LogLevel, Output, Program};

use crate::child::launcher::Launch;
use crate::core::Core;
use crate::log::{Record, Stream, create_auto_log};
use crate::settings::Settings;

/// Where the output files of the processes are, AUTO names chosen.
#[derive(Debug, Default)]
pub(crate) struct Paths(HashMap<Key, LogPaths>);

/// The log files of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogPaths {
    /// Of its standard output.
    pub(crate) stdout: Option<PathBuf>,
    /// Of its standard error.
    pub(crate) stderr: Option<PathBuf>,
}

impl Paths {
    /// The files of one process; none if there is no such process.
    pub(crate) fn of(&self, key: Key) -> LogPaths {
        self.0.get(&key).cloned().unwrap_or_default()
    }
}

impl Core {
    /// Does one thing.
    pub(crate) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn { key, program } => self.spawn(key, program),
            Effect::Kill { key, pid, signal, group } => self.kill(key, pid, signal, group),
            Effect::Publish(change) => self.publish(change),
            Effect::Refresh { key } => self.refresh(key),
            Effect::Log { level, about, text } => self.log(level, about, &text),
            Effect::Reply { ticket, answer } => {
                if let Some(reply) = self.asked.remove(&ticket) {
                    // Whoever asked may have gone.
                    drop(reply.send(answer));
                }
            }
            Effect::GroupAdded { group, keys } => self.group_added(group, &keys),
            Effect::GroupRemoved { group, keys } => self.group_removed(group, &keys),
            Effect::Settled => self.notify.ready(),
            Effect::Finished(ending) => self.finished = Some(ending),
        }
    }

    fn spawn(&mut self, key: Key, program: Arc<Program>) {
        self.launching.insert(key);
        let LogPaths { stdout, stderr } = self.paths.of(key);
        let settings = self.settings.launch.clone();
        self.launcher.launch(Launch {
            key,
            program,
            is_listener: self.announcer.is_listener(key),
            settings,
            stdout_log: stdout,
            stderr_log: stderr,
        });
    }

    fn kill(&mut self, key: Key, pid: u32, signal: Signal, group: bool) {
        if let Err(errno) = self.reaper.signal(pid, signal, group) {
            self.pending.push_back(Event::KillFailed { key, pid, error: format!("{errno:?}") });
        }
    }

    fn publish(&mut self, change: Change) {
        if self.notices.has_listeners()
            && let Some(row) = self.engine.row(change.key)
        {
            self.notices.publish(Notice::Changed(change.clone(), Box::new(row)));
        }
        self.last_change = Some(change.clone());
        self.announce(Heard::Changed(change));
    }

    /// Something that faces show changed without a change of state.
    fn refresh(&self, key: Key) {
        if self.notices.has_listeners()
            && let Some(row) = self.engine.row(key)
        {
            self.notices.publish(Notice::Refreshed(Box::new(row)));
        }
    }

    fn log(&self, level: LogLevel, about: Option<Key>, text: &str) {
        let mut record = Record::new(level, text);
        if let Some(change) = self.last_change.as_ref().filter(|change| Some(change.key) == about) {
            record = record.about(&change.name).pid(change.pid).change(change.from, change.to);
            if let Some(status) = change.exit {
                record = record.exit(status);
            }
        } else if let Some(row) = about.and_then(|key| self.engine.row(key)) {
            record = record.about(&row.program.name).pid(row.pid);
        }
        self.pump.say(record);
    }

    fn group_added(&mut self, group: Arc<Group>, keys: &[Key]) {
        self.add_sharers(keys.iter().zip(&group.programs));
        for (key, program) in keys.iter().zip(&group.programs) {
            let paths = LogPaths {
                stdout: self.log_path(program, &program.stdout, Stream::Stdout),
                stderr: if program.redirect_stderr {
                    None
                } else {
                    self.log_path(program, &program.stderr, Stream::Stderr)
                },
            };
            self.paths.0.insert(*key, paths);
        }
        self.announce(Heard::GroupAdded(group.clone(), keys.to_vec()));
        if self.notices.has_listeners() {
            let rows = keys.iter().filter_map(|key| self.engine.row(*key)).collect();
            self.notices.publish(Notice::Added(group, rows));
        }
    }

    /// The file of one stream. An AUTO file that cannot be made is said, and the program runs without it.
    fn log_path(&self, program: &Program, output: &Output, stream: Stream) -> Option<PathBuf> {
        match &output.logfile {
            LogFile::None => None,
            LogFile::Path(path) => (!path.is_empty()).then(|| PathBuf::from(path)),
            LogFile::Auto => {
                let Settings { childlogdir, identifier, .. } = &self.settings;
                let made = create_auto_log(childlogdir, identifier, &program.name, stream);
                made.map_err(|error| self.say_no_auto(program, childlogdir, &error)).ok()
            }
        }
    }

    fn say_no_auto(&self, program: &Program, directory: &Path, error: &std::io::Error) {
        let text = format!(
            "no log file for {} in {}: {error}; its output is not kept in a file",
            program.name,
            directory.display()
        );
        self.pump.say(Record::new(LogLevel::Error, &text).about(&program.name));
    }

    fn group_removed(&mut self, group: Arc<Group>, keys: &[Key]) {
        for key in keys {
            self.paths.0.remove(key);
        }
        self.remove_sharers(keys);
        self.pump.forget(keys.to_vec());
        self.announce(Heard::GroupRemoved(group.clone()));
        let names = group.programs.iter().map(|program| program.name.clone()).collect();
        self.notices.publish(Notice::Removed(group, names));
    }
}
