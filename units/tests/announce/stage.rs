//! A stage: pools as a configuration describes them, a clock that jumps, and listeners that say what they are told to.

use std::collections::BTreeMap;
use std::time::Duration;

use visor_units::announce::{Announcement, Announcer, Effect, Heard};
use visor_units::engine::{Cause, Change, Key, State};
use visor_units::name::ProcessName;
use visor_units::time::{Moment, Stamp, Time};
use visor_units::unit::LogLevel;

use crate::host::accepted;

/// When every story begins, on the wall clock: one second past a full hour.
const EPOCH: u64 = 1_700_002_801_000_000;

pub(crate) struct Stage {
    pub(crate) announcer: Announcer,
    pub(crate) now: Moment,
    keys: BTreeMap<String, Key>,
    /// What was written to each listener, by name, since it was last looked at.
    written: BTreeMap<String, Vec<String>>,
    /// Listeners whose standard input is closed.
    deaf: Vec<Key>,
    pub(crate) log: Vec<(LogLevel, String)>,
    pub(crate) printed: String,
}

impl Stage {
    /// A stage with these sections.
    pub(crate) fn new(sections: &str) -> Self {
        let mut stage = Self {
            announcer: Announcer::new("supervisor"),
            now: Moment { time: Time(5_000_000), wall: Stamp(EPOCH) },
            keys: BTreeMap::new(),
            written: BTreeMap::new(),
            deaf: Vec::new(),
            log: Vec::new(),
            printed: String::new(),
        };
        stage.add(sections);
        stage
    }

    /// Adds the groups of these sections.
    pub(crate) fn add(&mut self, sections: &str) {
        for group in accepted(&format!("[supervisord]\n{sections}")).groups {
            let mut keys = Vec::new();
            for program in &group.programs {
                keys.push(Key(self.keys.len() as u32));
                self.keys.insert(program.name.to_string(), *keys.last().expect("a key"));
            }
            self.hear(Heard::GroupAdded(group, keys));
        }
    }

    pub(crate) fn remove(&mut self, section: &str) {
        let groups = accepted(&format!("[supervisord]\n{section}")).groups;
        self.hear(Heard::GroupRemoved(groups[0].clone()));
    }

    pub(crate) fn key(&self, name: &str) -> Key {
        self.keys[name]
    }

    pub(crate) fn pid(&self, name: &str) -> u32 {
        100 + self.key(name).0
    }

    pub(crate) fn hear(&mut self, heard: Heard) {
        let mut effects = Vec::new();
        self.announcer.step(self.now, heard, &mut effects);
        for effect in effects {
            match effect {
                Effect::Write { key, .. } if self.deaf.contains(&key) => {
                    self.hear(Heard::Unsent { key });
                }
                Effect::Write { key, bytes, .. } => {
                    let name =
                        self.keys.iter().find(|(_, k)| **k == key).expect("a name").0.clone();
                    let text = String::from_utf8(bytes).expect("text");
                    self.written.entry(name).or_default().push(text);
                }
                Effect::Print(bytes) => {
                    self.printed.push_str(std::str::from_utf8(&bytes).expect("text"));
                }
                Effect::Log { level, text } => self.log.push((level, text)),
            }
        }
    }

    /// Time passes; what is due on the way happens when it is due.
    pub(crate) fn passes(&mut self, span: Duration) {
        let end = self.now.time.after(span);
        while let Some(due) = self.announcer.deadline().filter(|due| *due <= end) {
            self.go_to(due);
            self.hear(Heard::Tick);
        }
        self.go_to(end);
    }

    fn go_to(&mut self, time: Time) {
        self.now.wall.0 += time.0.saturating_sub(self.now.time.0);
        self.now.time = time.max(self.now.time);
    }

    /// A process changes its state.
    pub(crate) fn changes(&mut self, name: &str, from: State, to: State) {
        let change = Change {
            key: self.keys.get(name).copied().unwrap_or(Key(9999)),
            name: match name.split_once(':') {
                Some((group, process)) => ProcessName::new(group, process),
                None => ProcessName::new(name, name),
            },
            from,
            to,
            at: self.now,
            pid: 42,
            tries: 2,
            exit: None,
            expected: true,
            cause: Cause::Autostart,
        };
        self.hear(Heard::Changed(change));
    }

    /// A listener is launched and stays up, and is not heard yet.
    pub(crate) fn is_up(&mut self, name: &str) {
        let (key, pid) = (self.key(name), self.pid(name));
        self.hear(Heard::Began { key, pid });
        self.changes(name, State::Starting, State::Running);
    }

    pub(crate) fn says(&mut self, name: &str, text: &str) {
        let (key, pid) = (self.key(name), self.pid(name));
        self.hear(Heard::Said { key, pid, bytes: text.into() });
    }

    /// A listener is ready, and done with what it is sent.
    pub(crate) fn is_done(&mut self, name: &str) {
        self.says(name, "READY\n");
        self.says(name, "RESULT 2\nOK");
    }

    /// A listener closes its standard input.
    pub(crate) fn closes_its_input(&mut self, name: &str) {
        self.deaf.push(self.key(name));
    }

    /// A listener ends.
    pub(crate) fn ends(&mut self, name: &str) {
        let (key, pid) = (self.key(name), self.pid(name));
        self.changes(name, State::Running, State::Exited);
        self.hear(Heard::Finished { key, pid });
    }

    pub(crate) fn tells(&mut self, data: &str) {
        self.hear(Heard::Announcement(Announcement::of_remote("t", data)));
    }

    /// What was written to a listener since this was last asked.
    pub(crate) fn sent(&mut self, name: &str) -> Vec<String> {
        self.written.remove(name).unwrap_or_default()
    }

    /// The same, as serial, serial in the pool, type, and the last line of the payload.
    pub(crate) fn heard_by(&mut self, name: &str) -> Vec<String> {
        self.sent(name).iter().map(|text| short(text)).collect()
    }

    /// Lines of the log at this level or above, since this was last asked.
    pub(crate) fn said(&mut self, level: LogLevel) -> Vec<String> {
        let log = std::mem::take(&mut self.log);
        log.into_iter().filter(|(at, _)| *at <= level).map(|(_, text)| text).collect()
    }
}

fn short(text: &str) -> String {
    let (head, payload) = text.split_once('\n').expect("a header");
    let value = |key: &str| {
        let found = head.split(' ').find_map(|word| word.strip_prefix(&format!("{key}:")));
        found.unwrap_or_else(|| panic!("{key} in {head}"))
    };
    let last = payload.trim_end().lines().last().unwrap_or_default();
    format!("{}/{} {} {last}", value("serial"), value("poolserial"), value("eventname"))
}
