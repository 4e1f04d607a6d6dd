//! The loop that owns the engine: hear something, decide, do.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use visor_dbus::{Backend as _, ManagerRow, Notice, Notices};
use visor_units::announce::{self, Announcement, Announcer};
use visor_units::config::{Difference, Plan};
use visor_units::engine::{
    Answer, Change, Command, Effect, Ending, Engine, Event, Key, Mood, Requester, State, Ticket,
};
use visor_units::fault::{Fault, Refusal};
use visor_units::name::ProcessName;
use visor_units::time::Time;
use visor_units::unit::LogLevel;

use crate::child::launcher::{Launched, Launcher};
use crate::child::orphans::{Buried, Orphans};
use crate::child::reap::{Ended, Reaper};
use crate::clock;
use crate::door::{Door, Request};
use crate::fastcgi::{Sharers, stopped_by};
use crate::http::Servers;
use crate::log::{Pump, Record, Tapped};
use crate::notify::Notify;
use crate::perform::Paths;
use crate::pidfile::Pidfile;
use crate::reload::Fixed;
use crate::settings::Settings;
use crate::signal::{Signals, Told};
use crate::stdin::{Inputs, Unwritten, WAITING_MAX};

/// The ticket of orders that nobody waits for: those of signals. The door gives it to nobody.
const NOBODY: Ticket = Ticket(0);

/// Without this thread no program can be started any more.
const LAUNCHER: &str = "the launcher thread died";

/// Without this thread no program is read any more, and each stops when its pipe is full.
const LOG: &str = "a log thread died";

/// What is said to SIGHUP while everything is being stopped.
const IGNORED_HUP: &str = "ignored SIGHUP indicating restart request (shutdown in progress)";

/// How long the end waits for those who are still to be told something.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Everything the loop works with. The engine decides; the rest are the hands that do it and the ears that hear.
pub(crate) struct Core {
    pub(crate) engine: Engine,
    pub(crate) launcher: Launcher,
    pub(crate) reaper: Reaper,
    pub(crate) orphans: Orphans,
    pub(crate) pump: Pump,
    pub(crate) notify: Notify,
    pub(crate) notices: Notices,
    pub(crate) paths: Paths,
    pub(crate) sharers: Sharers,
    pub(crate) asked: HashMap<Ticket, oneshot::Sender<Answer>>,
    pub(crate) inputs: Inputs,
    pub(crate) announcer: Announcer,
    /// What is heard of output.
    pub(crate) tapped: Tapped,
    pub(crate) settings: Settings,
    /// Which thread died, if one did.
    pub(crate) bereft: Option<&'static str>,
    /// What it has not reported yet.
    pub(crate) launching: BTreeSet<Key>,
    /// Events that came of doing, not yet decided about.
    pub(crate) pending: VecDeque<Event>,
    /// The change that the next log lines tell of.
    pub(crate) last_change: Option<Change>,
    /// What the daemon as a whole was doing when it was last told.
    pub(crate) mood: Mood,
    /// Settings that a reload does not change.
    pub(crate) fixed: Fixed,
    /// Where the process id can be read.
    pub(crate) pidfile: Option<Pidfile>,
    /// What to begin again with, once everything is stopped.
    pub(crate) next: Option<Box<Plan>>,
    /// Set by the last effect of all.
    pub(crate) finished: Option<Ending>,
    pub(crate) launched: mpsc::UnboundedReceiver<Launched>,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) signals: Signals,
    pub(crate) servers: Servers,
    /// For what a signal asks that needs the configuration read first.
    pub(crate) door: Door,
}

/// What those who only look are shown.
pub(crate) struct View<'a> {
    /// The truth.
    pub(crate) engine: &'a Engine,
    /// Where AUTO logs are.
    pub(crate) paths: &'a Paths,
    /// Who is told what.
    pub(crate) announcer: &'a Announcer,
    /// What the configuration says beside the programs.
    pub(crate) settings: &'a Settings,
}

/// One thing heard.
enum Heard {
    Launched(Launched),
    /// A thread is gone.
    Bereft(&'static str),
    Ended(Ended),
    Buried(Buried),
    Request(Request),
    Signal(Told),
    Tapped(announce::Heard),
    Tick,
}

impl Core {
    /// Runs until everything is stopped and is to stay so. The exit code to end with.
    ///
    /// # Errors
    /// If it could not go on.
    pub(crate) async fn run(mut self) -> io::Result<u8> {
        self.boot();
        let code = loop {
            let counts = self.engine.counts();
            self.notify.beat(clock::now(), counts);
            let deadlines =
                [self.engine.deadline(), self.announcer.deadline(), self.notify.deadline(counts)];
            let wake = deadlines.into_iter().flatten().min();
            let heard = self.hear(wake).await;
            self.handle(heard);
            // A storm of exits is always ready to be heard; those who serve callers must have their turn in it.
            tokio::task::yield_now().await;
            match self.finished.take() {
                None => {}
                Some(Ending::Restart) => self.begin_again(),
                Some(Ending::Shutdown) => break 0,
                Some(Ending::Exit(code)) => break code,
            }
        };
        self.launcher.finish(LAST_WORDS);
        let Self { notices, bereft, servers, door, asked, requests, .. } = self;
        // Whoever still waits for an answer hears that we are gone.
        drop((door, asked, requests));
        notices.finish(LAST_WORDS).await;
        servers.finish(LAST_WORDS).await;
        bereft.map_or(Ok(code), |thread| Err(io::Error::other(thread)))
    }

    async fn hear(&mut self, wake: Option<Time>) -> Heard {
        tokio::select! {
            launched = self.launched.recv(), if self.bereft != Some(LAUNCHER) => {
                launched.map_or(Heard::Bereft(LAUNCHER), Heard::Launched)
            }
            () = self.pump.lost(), if self.bereft.is_none() => Heard::Bereft(LOG),
            ended = self.reaper.next() => Heard::Ended(ended),
            buried = self.orphans.next() => Heard::Buried(buried),
            Some(request) = self.requests.recv() => Heard::Request(request),
            tapped = self.tapped.next() => Heard::Tapped(tapped),
            told = self.signals.next() => Heard::Signal(told),
            () = until(wake) => Heard::Tick,
        }
    }

    fn handle(&mut self, heard: Heard) {
        match heard {
            Heard::Launched(launched) => self.launched(launched),
            Heard::Bereft(thread) => self.bereft(thread),
            Heard::Ended(ended) => self.ended(ended),
            Heard::Buried(buried) => self.buried(buried),
            Heard::Request(request) => self.request(request),
            Heard::Signal(told) => self.told(told),
            Heard::Tapped(heard) => self.announce(heard),
            Heard::Tick => {
                self.step(Event::Tick);
                self.announce(announce::Heard::Tick);
            }
        }
    }

    /// Begins, with the groups that are there.
    pub(crate) fn boot(&mut self) {
        self.announce(announce::Heard::Announcement(Announcement::running()));
        self.step(Event::Boot);
    }

    /// Decides about one event and does what came of it.
    pub(crate) fn step(&mut self, event: Event) {
        self.pending.push_back(event);
        self.decide();
    }

    /// Decides about everything that is pending, and what comes of that.
    fn decide(&mut self) {
        while let Some(event) = self.pending.pop_front() {
            let mut effects = Vec::new();
            self.engine.step(clock::now(), event, &mut effects);
            self.last_change = None;
            self.tell_mood();
            self.perform_all(effects);
        }
    }

    /// Tells everyone, and the service manager, when the daemon as a whole does something else.
    fn tell_mood(&mut self) {
        let mood = self.engine.mood();
        let before = std::mem::replace(&mut self.mood, mood);
        if before == mood {
            return;
        }
        if before == Mood::Running {
            self.announce(announce::Heard::Announcement(Announcement::stopping()));
        }
        match mood {
            Mood::Running => {}
            Mood::Restarting => self.notify.reloading(clock::now()),
            Mood::Shutdown => self.notify.stopping(clock::now()),
        }
        self.publish_manager();
    }

    pub(crate) fn publish_manager(&self) {
        if self.notices.has_listeners() {
            self.notices.publish(Notice::Manager(self.view().manager()));
        }
    }

    pub(crate) fn perform_all(&mut self, effects: Vec<Effect>) {
        let stopped = stopped_by(&effects);
        for effect in effects {
            self.perform(effect);
        }
        self.release_resting(&stopped);
    }

    fn launched(&mut self, launched: Launched) {
        match launched {
            Launched::Started { key, pid, pidfd, invocation, stdin, setup_failure } => {
                self.launching.remove(&key);
                if let Err(error) = self.reaper.watch(key, pid, pidfd) {
                    let text = format!("process {pid} is watched the slow way: {error}");
                    self.say(LogLevel::Warn, &text);
                }
                self.inputs.insert(pid, stdin);
                let failure = setup_failure.map(|error| Event::SetupFailed { key, pid, error });
                self.pending.push_back(Event::Spawned { key, pid, invocation });
                self.pending.extend(failure);
                self.decide();
            }
            Launched::Failed { key, error } => {
                self.launching.remove(&key);
                self.step(Event::SpawnFailed { key, error });
            }
        }
    }

    /// A thread has died, which none ever does. So everything is stopped, and whoever started us may begin afresh.
    fn bereft(&mut self, thread: &'static str) {
        self.bereft = Some(thread);
        self.say(LogLevel::Critical, &format!("{thread}; stopping everything"));
        if thread == LAUNCHER {
            let lost = std::mem::take(&mut self.launching).into_iter();
            let failed = |key| Event::SpawnFailed { key, error: LAUNCHER.to_owned() };
            self.pending.extend(lost.map(failed));
        }
        let who = Requester { via: "visord".to_owned(), ..Requester::default() };
        self.ask(NOBODY, who, Command::Shutdown, None);
    }

    fn ended(&mut self, Ended { key, pid, status }: Ended) {
        self.pump.finish(key, pid);
        self.inputs.remove(pid);
        if self.announcer.has_listeners()
            && self.engine.row(key).is_some_and(|row| row.program.makes_events())
        {
            self.announce(announce::Heard::Ended { key, pid });
        }
        self.step(Event::Exited { key, pid, status });
    }

    fn buried(&self, Buried { pid, status }: Buried) {
        self.say(LogLevel::Info, &format!("reaped unknown pid {pid} ({status})"));
    }

    /// Writes a line into the daemon's log.
    pub(crate) fn say(&self, level: LogLevel, text: &str) {
        self.pump.say(Record::new(level, text));
    }

    /// Says what Supervisor says when it is up.
    pub(crate) fn say_started(&self) {
        let text = format!("supervisord started with pid {}", std::process::id());
        self.say(LogLevel::Info, &text);
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Ask { ticket, who, command, reply } => {
                self.ask(ticket, who, command, Some(reply));
            }
            Request::Withdraw(ticket) => {
                self.asked.remove(&ticket);
                self.step(Event::Withdrawn { ticket });
            }
            Request::Look(see) => see(&self.view()),
            Request::RemoteComm { kind, data } => {
                let told = Announcement::of_remote(&kind, &data);
                self.announce(announce::Heard::Announcement(told));
            }
            // Whoever asked may have gone.
            Request::SendStdin { name, bytes, reply } => {
                drop(reply.send(self.send_stdin(&name, &bytes)));
            }
            Request::Reread { plan, reply } => {
                let difference = Difference::between(&self.engine.groups(), &plan.groups);
                self.adopt_unless_ending(&plan);
                // Whoever asked may have gone.
                drop(reply.send(difference));
            }
            Request::Reload { ticket, who, plan, reply } => {
                // While everything is being stopped to begin again, the engine refuses, but what comes next is newer.
                if self.engine.mood() != Mood::Shutdown {
                    self.next = Some(plan);
                }
                self.ask(ticket, who, Command::RestartDaemon, Some(reply));
            }
            Request::Update { ticket, who, plan, only, reply } => {
                self.adopt_unless_ending(&plan);
                let wanted = plan.groups;
                self.ask(ticket, who, Command::Update { wanted, only }, Some(reply));
            }
        }
    }

    /// Takes over what of a plan holds at once; while everything is being stopped that is settled already.
    fn adopt_unless_ending(&mut self, plan: &Plan) {
        if self.engine.mood() == Mood::Running {
            self.adopt(plan);
        }
    }

    fn ask(
        &mut self,
        ticket: Ticket,
        requester: Requester,
        command: Command,
        reply: Option<oneshot::Sender<Answer>>,
    ) {
        if let Some(reply) = reply {
            self.asked.insert(ticket, reply);
        }
        self.step(Event::Asked { ticket, requester, command });
    }

    /// Supervisor's judgement, in its order.
    fn send_stdin(&mut self, name: &ProcessName, bytes: &[u8]) -> Result<(), Refusal> {
        if self.engine.mood() != Mood::Running {
            return Err(Fault::ShuttingDown.into());
        }
        let row = self.engine.find(name).and_then(|key| self.engine.row(key));
        let row = row.ok_or(Fault::NoSuchUnit)?;
        if row.pid == 0 || row.state == State::Stopping {
            return Err(Fault::NotRunning.into());
        }
        self.inputs.send(row.pid, bytes).map_err(|unwritten| match unwritten {
            Unwritten::Closed => Refusal::new(Fault::NoFile, "standard input is closed"),
            Unwritten::Full => {
                let most = WAITING_MAX / (1024 * 1024);
                let text = format!("does not read its standard input: {most} MiB may wait for it");
                Refusal::new(Fault::Failed, text)
            }
        })
    }

    fn view(&self) -> View<'_> {
        View {
            engine: &self.engine,
            paths: &self.paths,
            announcer: &self.announcer,
            settings: &self.settings,
        }
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Exit(name) => {
                self.say(LogLevel::Warn, &format!("received {name} indicating exit request"));
                self.ask(
                    NOBODY,
                    Requester { via: name.to_owned(), ..Requester::default() },
                    Command::Shutdown,
                    None,
                );
            }
            Told::Restart => self.restart_by_signal(),
            Told::Reopen => {
                self.say(LogLevel::Info, "received SIGUSR2 indicating log reopen request");
                self.pump.reopen();
                self.say(LogLevel::Info, "supervisord logreopen");
            }
        }
    }

    /// SIGHUP: the new configuration is judged first; a bad one is reported and everything keeps running. While a restart is
    /// under way another one changes what is begun with.
    fn restart_by_signal(&self) {
        let mood = self.engine.mood();
        if mood == Mood::Shutdown {
            self.say(LogLevel::Warn, IGNORED_HUP);
            return;
        }
        self.say(LogLevel::Warn, "received SIGHUP indicating restart request");
        let (door, pump) = (self.door.clone(), self.pump.clone());
        tokio::task::spawn_local(async move {
            let who = Requester { via: "SIGHUP".to_owned(), ..Requester::default() };
            let Answer::Refused(refusal) = door.reload_daemon(who).await else { return };
            if refusal.fault == Fault::ShuttingDown {
                if mood == Mood::Running {
                    pump.say(Record::new(LogLevel::Warn, IGNORED_HUP));
                }
                return;
            }
            for problem in refusal.text.lines() {
                pump.say(Record::new(LogLevel::Error, problem));
            }
            let text = "restart refused, everything keeps running";
            pump.say(Record::new(LogLevel::Error, text));
        });
    }
}

impl View<'_> {
    /// What the manager object shows.
    pub(crate) fn manager(&self) -> ManagerRow {
        self.settings.manager_row(self.engine.mood(), self.engine.counts())
    }
}

/// Sleeps until the monotonic clock shows `wake`; without one, for ever.
async fn until(wake: Option<Time>) {
    match wake {
        Some(time) => tokio::time::sleep_until(clock::instant(time)).await,
        None => std::future::pending().await,
    }
}
