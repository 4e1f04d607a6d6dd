//! Who is told what: the events of Supervisor, and the pools of listeners that are sent them.
//!
//! The caller owns the clock, the pipes and one timer, as with [`crate::engine`]:
//!
//! ```text
//! announcer.step(now, heard, &mut effects)
//! perform every effect, in order
//! ```
//!
//! [`Topic`] has the types, [`Announcement`] the texts, `listener` reads what listeners say, `handler` judges their
//! results, `pool` keeps what waits for them, `ticks` is the clock's share, [`capture`] finds what stands between the
//! capture marks of a program's output.
//!
//! # Where it differs from Supervisor
//!
//! An event is sent as soon as somebody is ready for it, not at the next turn of a loop. A rejected event goes back to the
//! pool whose listener rejected it; Supervisor puts it into every pool of the same priority. A result of more than
//! 16 MiB, and a negative length, is a bad result; Supervisor collects until memory is full, or recurs without end.

pub mod capture;
mod effect;
mod handler;
mod listener;
mod payload;
mod pool;
mod ticks;
mod topic;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use effect::{Effect, Heard, Output};
pub use handler::{ResultHandler, Verdict};
pub use listener::{ListenerState, Reader, Said};
pub use payload::{Announcement, Serials, Stream, decoded};
pub use topic::Topic;

use crate::engine::{Change, Key, State};
use crate::time::{Moment, Time};
use crate::unit::{Group, GroupKind};
use pool::{Pool, Settings, Turn};
use ticks::Ticks;

/// How long what happened after the end of a process waits for the last words of that process.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How much waits for that at most.
const HELD_MAX: usize = 1024;

/// Every pool, and what all of them share.
#[derive(Debug, Default)]
pub struct Announcer {
    /// `[supervisord] identifier`.
    identifier: String,
    /// In the order in which they came.
    pools: Vec<Pool>,
    next_serial: u64,
    ticks: Ticks,
    held: Held,
}

/// What waits for the last words of processes that have ended.
#[derive(Debug, Default)]
struct Held {
    announcements: VecDeque<Announcement>,
    awaited: BTreeSet<(Key, u32)>,
    until: Option<Time>,
}

impl Announcer {
    /// An announcer that has told nothing yet.
    #[must_use]
    pub fn new(identifier: &str) -> Self {
        Self { identifier: identifier.to_owned(), ..Self::default() }
    }

    /// Lets go of every pool and of what waits, because everything begins again. The count of events goes on, as in
    /// Supervisor.
    pub fn begin_again(&mut self, identifier: &str) {
        *self = Self { next_serial: self.next_serial, ..Self::new(identifier) };
    }

    /// Takes in what is heard at `now` and appends what must be done to `effects`. Everything due at `now` happens first.
    pub fn step(&mut self, now: Moment, heard: Heard, effects: &mut Vec<Effect>) {
        self.expire(now, effects);
        match heard {
            Heard::Tick => {}
            Heard::Announcement(announcement) => self.announce(announcement, effects),
            Heard::Changed(change) => self.changed(&change, effects),
            Heard::GroupAdded(group, keys) => {
                self.add_pool(now, &group, &keys);
                self.announce(Announcement::group_added(&group.name), effects);
            }
            Heard::GroupRemoved(group) => {
                self.remove_pool(now, &group);
                self.announce(Announcement::group_removed(&group.name), effects);
            }
            Heard::Began { key, pid } => self.with(key, effects, |turn| turn.begin(key, pid)),
            Heard::Said { key, pid, bytes } => {
                self.with(key, effects, |turn| turn.hear(key, pid, &bytes));
            }
            Heard::Output(output) => self.tell(output.announcement(), effects),
            Heard::Ended { key, pid } => self.await_last_words(now, key, pid),
            Heard::Finished { key, pid } => self.finished(key, pid, effects),
            Heard::Unsent { key } => self.with(key, effects, |turn| turn.unsent(key)),
        }
    }

    /// When `step` next has something to do on its own.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        [self.ticks.deadline(), self.held.until].into_iter().flatten().min()
    }

    /// Whether it is a listener.
    #[must_use]
    pub fn is_listener(&self, key: Key) -> bool {
        self.pools.iter().any(|pool| pool.has(key))
    }

    /// Whether there is anybody to tell.
    #[must_use]
    pub const fn has_listeners(&self) -> bool {
        !self.pools.is_empty()
    }

    /// Events that the buffer of a listener's pool had no room for; 0 for what is no listener.
    #[must_use]
    pub fn dropped(&self, key: Key) -> u64 {
        self.pools.iter().find(|pool| pool.has(key)).map_or(0, Pool::dropped)
    }

    fn expire(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if self.held.until.is_some_and(|until| until <= now.time) {
            self.release(effects);
        }
        for tick in self.ticks.expire(now) {
            self.announce(tick, effects);
        }
    }

    /// Tells everybody who wants to know, in its turn.
    fn announce(&mut self, announcement: Announcement, effects: &mut Vec<Effect>) {
        if self.held.until.is_none() {
            return self.tell(announcement, effects);
        }
        self.held.announcements.push_back(announcement);
        if self.held.announcements.len() > HELD_MAX {
            self.release(effects);
        }
    }

    fn tell(&mut self, announcement: Announcement, effects: &mut Vec<Effect>) {
        let announcement = Arc::new(announcement);
        let serial = self.next_serial;
        for pool in &mut self.pools {
            let times = pool.interest(announcement.topic);
            if times > 0 {
                self.next_serial = serial + 1;
                let mut turn = Turn { pool, identifier: &self.identifier, effects };
                turn.accept(serial, &announcement, times);
            }
        }
    }

    /// Tells of a change while the process is not RUNNING: what it is told of itself it is sent later, if ever.
    fn changed(&mut self, change: &Change, effects: &mut Vec<Effect>) {
        let key = change.key;
        if change.from == State::Running {
            self.with(key, effects, |turn| turn.set_running(key, false));
        }
        self.announce(Announcement::of_change(change), effects);
        if change.to == State::Running {
            self.with(key, effects, |turn| turn.set_running(key, true));
        }
    }

    fn add_pool(&mut self, now: Moment, group: &Group, keys: &[Key]) {
        let GroupKind::EventListener { buffer_size, events, result_handler } = &group.kind else {
            return;
        };
        let names = group.programs.iter().map(|program| program.name.process.clone());
        self.pools.push(Pool::new(Settings {
            name: group.name.clone(),
            buffer_size: usize::try_from(*buffer_size).unwrap_or(1),
            topics: events.clone(),
            handler: ResultHandler::of(result_handler),
            members: keys.iter().copied().zip(names).collect(),
        }));
        self.want_ticks(now);
    }

    fn remove_pool(&mut self, now: Moment, group: &Group) {
        if matches!(group.kind, GroupKind::EventListener { .. }) {
            self.pools.retain(|pool| pool.name() != &*group.name);
            self.want_ticks(now);
        }
    }

    fn want_ticks(&mut self, now: Moment) {
        let pools = &self.pools;
        self.ticks.want(now, |topic| pools.iter().any(|pool| pool.interest(topic) > 0));
    }

    fn await_last_words(&mut self, now: Moment, key: Key, pid: u32) {
        if self.has_listeners() {
            self.held.awaited.insert((key, pid));
            self.held.until.get_or_insert_with(|| now.time.after(LAST_WORDS));
        }
    }

    fn finished(&mut self, key: Key, pid: u32, effects: &mut Vec<Effect>) {
        self.with(key, effects, |turn| turn.end(key, pid));
        if self.held.awaited.remove(&(key, pid)) && self.held.awaited.is_empty() {
            self.release(effects);
        }
    }

    /// Tells what was held back.
    fn release(&mut self, effects: &mut Vec<Effect>) {
        for announcement in std::mem::take(&mut self.held).announcements {
            self.tell(announcement, effects);
        }
    }

    /// Does something with the pool of a listener.
    fn with(&mut self, key: Key, effects: &mut Vec<Effect>, act: impl FnOnce(&mut Turn<'_>)) {
        if let Some(pool) = self.pools.iter_mut().find(|pool| pool.has(key)) {
            act(&mut Turn { pool, identifier: &self.identifier, effects });
        }
    }
}

impl Output {
    fn announcement(&self) -> Announcement {
        let Self { name, pid, stream, is_capture, data } = self;
        if *is_capture {
            Announcement::of_capture(name, *pid, *stream, data)
        } else {
            Announcement::of_log(name, *pid, *stream, data)
        }
    }
}
