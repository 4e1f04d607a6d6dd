//! One `[eventlistener:x]`: the events that wait, and the listeners that are sent them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::effect::Effect;
use super::handler::{ResultHandler, Verdict};
use super::listener::{ListenerState, Reader, Said};
use super::payload::{Announcement, Serials};
use super::topic::Topic;
use crate::config::repr_bytes;
use crate::engine::Key;
use crate::unit::LogLevel;

/// What a pool is made of.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: Arc<str>,
    pub(super) buffer_size: usize,
    pub(super) topics: Vec<Topic>,
    pub(super) handler: ResultHandler,
    /// Its processes with their names, in order.
    pub(super) members: Vec<(Key, Arc<str>)>,
}

/// A pool of listeners that share the events of some types.
#[derive(Debug)]
pub(super) struct Pool {
    settings: Settings,
    members: Vec<Member>,
    waiting: VecDeque<Queued>,
    next_serial: u64,
    dropped: u64,
}

/// One of its processes.
#[derive(Debug)]
struct Member {
    key: Key,
    name: Arc<str>,
    /// Whether its process is RUNNING.
    running: bool,
    run: Option<Run>,
}

/// A run of it.
#[derive(Debug)]
struct Run {
    pid: u32,
    reader: Reader,
    /// The event it is busy with.
    event: Option<Queued>,
    /// Whether nothing can be written to it any more.
    deaf: bool,
}

/// An event that waits, or is being dealt with.
#[derive(Clone, Debug)]
struct Queued {
    serials: Serials,
    announcement: Arc<Announcement>,
}

impl Pool {
    pub(super) fn new(settings: Settings) -> Self {
        let member = |(key, name): &(Key, Arc<str>)| Member {
            key: *key,
            name: name.clone(),
            running: false,
            run: None,
        };
        let members = settings.members.iter().map(member).collect();
        Self { settings, members, waiting: VecDeque::new(), next_serial: 0, dropped: 0 }
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// Events that its buffer had no room for.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn has(&self, key: Key) -> bool {
        self.members.iter().any(|member| member.key == key)
    }

    /// How many of the types it names an event of this one is of: so often it is sent it, as in Supervisor.
    pub(super) fn interest(&self, topic: Topic) -> usize {
        self.settings.topics.iter().filter(|wanted| topic.is(**wanted)).count()
    }
}

/// One pool at work.
pub(super) struct Turn<'a> {
    pub(super) pool: &'a mut Pool,
    pub(super) identifier: &'a str,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Turn<'_> {
    /// Takes an event in, so many times.
    pub(super) fn accept(&mut self, serial: u64, announcement: &Arc<Announcement>, times: usize) {
        let pool_serial = self.pool.next_serial;
        self.pool.next_serial += 1;
        let serials = Serials { serial, pool_serial };
        for time in 0..times {
            let queued = Queued { serials, announcement: announcement.clone() };
            if time > 0 {
                self.say_rebuffering(serial);
            }
            self.make_room();
            self.pool.waiting.push_back(queued);
        }
        self.dispatch();
    }

    /// A process of the pool came to be RUNNING, or ceased to be.
    pub(super) fn set_running(&mut self, key: Key, running: bool) {
        if let Some(member) = self.member(key) {
            member.running = running;
        }
        self.dispatch();
    }

    /// A process of the pool was launched.
    pub(super) fn begin(&mut self, key: Key, pid: u32) {
        let run = Run { pid, reader: Reader::default(), event: None, deaf: false };
        let Some(member) = self.member(key) else { return };
        if let Some(event) = member.run.replace(run).and_then(|run| run.event) {
            self.take_back(event);
            self.dispatch();
        }
    }

    /// That run is over, and everything it said was heard.
    pub(super) fn end(&mut self, key: Key, pid: u32) {
        let Some(member) = self.member(key).filter(|member| member.is_in_run(pid)) else { return };
        if let Some(event) = member.run.take().and_then(|run| run.event) {
            self.take_back(event);
            self.dispatch();
        }
    }

    /// What it was sent could not be written.
    pub(super) fn unsent(&mut self, key: Key) {
        let Some(member) = self.member(key) else { return };
        let name = member.name.clone();
        let Some(run) = &mut member.run else { return };
        run.deaf = true;
        let Some(event) = run.event.take() else { return };
        run.reader.unsend();
        self.say(
            LogLevel::Debug,
            format!(
                "epipe occurred while sending event {} to listener {name}, listener state unchanged",
                event.serials.serial
            ),
        );
        self.take_back(event);
        self.dispatch();
    }

    /// A run of a member said something.
    pub(super) fn hear(&mut self, key: Key, pid: u32, bytes: &[u8]) {
        let Some(run) = self.run(key, pid) else { return };
        run.reader.feed(bytes);
        while let Some(said) = self.run(key, pid).and_then(|run| run.reader.next_said()) {
            self.judge(key, pid, said);
        }
        self.dispatch();
    }

    fn judge(&mut self, key: Key, pid: u32, said: Said) {
        let Some(name) = self.member(key).map(|member| member.name.clone()) else { return };
        match said {
            Said::Ready => self.say_state(&name, ListenerState::Acknowledged, ListenerState::Ready),
            Said::OutOfTurn(from) => self.say_state(&name, from, ListenerState::Unknown),
            Said::BadResult(line) => {
                let line = match String::from_utf8(line) {
                    Ok(text) => text,
                    Err(error) => format!("Undecodable: {}", repr_bytes(error.as_bytes())),
                };
                self.say(LogLevel::Warn, format!("{name}: bad result line: '{line}'"));
                self.say_state(&name, ListenerState::Busy, ListenerState::Unknown);
                self.reject(key, pid);
            }
            Said::Result(result) => self.judge_result(key, pid, &name, &result),
        }
    }

    fn judge_result(&mut self, key: Key, pid: u32, name: &str, result: &[u8]) {
        let verdict = self.pool.settings.handler.judge(result);
        let (level, text, next) = match &verdict {
            Verdict::Good | Verdict::Print(_) => {
                (LogLevel::Debug, "event was processed", ListenerState::Acknowledged)
            }
            Verdict::Rejected => {
                (LogLevel::Warn, "event was rejected", ListenerState::Acknowledged)
            }
            Verdict::Broken => (LogLevel::Warn, "event caused an error", ListenerState::Unknown),
        };
        if let Verdict::Print(bytes) = &verdict {
            self.effects.push(Effect::Print(bytes.clone()));
        }
        self.say(level, format!("{name}: {text}"));
        self.say_state(name, ListenerState::Busy, next);
        if next == ListenerState::Unknown
            && let Some(run) = self.run(key, pid)
        {
            run.reader.condemn();
        }
        match verdict {
            Verdict::Rejected | Verdict::Broken => self.reject(key, pid),
            Verdict::Good | Verdict::Print(_) => {
                if let Some(run) = self.run(key, pid) {
                    run.event = None;
                }
            }
        }
    }

    fn reject(&mut self, key: Key, pid: u32) {
        if let Some(event) = self.run(key, pid).and_then(|run| run.event.take()) {
            self.take_back(event);
        }
    }

    /// Puts an event before all others that wait.
    fn take_back(&mut self, event: Queued) {
        self.say_rebuffering(event.serials.serial);
        self.make_room();
        self.pool.waiting.push_front(event);
    }

    /// Drops the oldest event if there is no room for another.
    fn make_room(&mut self) {
        if self.pool.waiting.len() < self.pool.settings.buffer_size {
            return;
        }
        let Some(oldest) = self.pool.waiting.pop_front() else { return };
        self.pool.dropped += 1;
        let (name, serial) = (self.pool.name().to_owned(), oldest.serials.serial);
        let text = format!("pool {name} event buffer overflowed, discarding event {serial}");
        self.say(LogLevel::Error, text);
    }

    /// Sends what waits to whoever is ready.
    fn dispatch(&mut self) {
        let Pool { settings, members, waiting, .. } = &mut *self.pool;
        if !members.iter().any(Member::is_ready) {
            return;
        }
        while let Some(event) = waiting.pop_front() {
            let ready = members.iter_mut().find(|member| member.is_ready());
            let Some(member) = ready else {
                waiting.push_front(event);
                let serial = waiting[0].serials.serial;
                let (count, max) = (waiting.len() - 1, settings.buffer_size);
                return self.say_rebuffered(serial, count, max);
            };
            let Some(run) = &mut member.run else { return };
            let bytes =
                event.announcement.envelope(self.identifier, &settings.name, event.serials).into();
            let serial = event.serials.serial;
            run.reader.send();
            run.event = Some(event);
            self.effects.push(Effect::Write { key: member.key, pid: run.pid, bytes });
            let text = format!("event {serial} sent to listener {}", member.name);
            self.effects.push(Effect::Log { level: LogLevel::Debug, text });
        }
    }

    fn member(&mut self, key: Key) -> Option<&mut Member> {
        self.pool.members.iter_mut().find(|member| member.key == key)
    }

    fn run(&mut self, key: Key, pid: u32) -> Option<&mut Run> {
        self.member(key)?.run.as_mut().filter(|run| run.pid == pid)
    }

    fn say(&mut self, level: LogLevel, text: String) {
        self.effects.push(Effect::Log { level, text });
    }

    fn say_rebuffering(&mut self, serial: u64) {
        self.say_rebuffered(serial, self.pool.waiting.len(), self.pool.settings.buffer_size);
    }

    fn say_rebuffered(&mut self, serial: u64, count: usize, max: usize) {
        let name = self.pool.name();
        let text =
            format!("rebuffering event {serial} for pool {name} (buf size={count}, max={max})");
        self.say(LogLevel::Debug, text);
    }

    fn say_state(&mut self, name: &str, from: ListenerState, to: ListenerState) {
        self.say(LogLevel::Debug, format!("{name}: {} -> {}", from.name(), to.name()));
        if to == ListenerState::Unknown {
            let text = format!(
                "{name}: has entered the UNKNOWN state and will no longer receive events, this usually indicates \
                 the process violated the eventlistener protocol"
            );
            self.say(LogLevel::Warn, text);
        }
    }
}

impl Member {
    fn is_in_run(&self, pid: u32) -> bool {
        self.run.as_ref().is_some_and(|run| run.pid == pid)
    }

    /// Whether it can be sent an event.
    fn is_ready(&self) -> bool {
        let ready = |run: &Run| run.reader.state() == ListenerState::Ready && !run.deaf;
        self.running && self.run.as_ref().is_some_and(ready)
    }
}
