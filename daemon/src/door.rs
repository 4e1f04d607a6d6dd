//! The way in to the core: every face asks here, and nowhere else.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};
use visor_dbus::{Backend, Configured, Inbox, LogRequest, ManagerRow, Notices, Usage};
use visor_units::config::{Difference, Plan};
use visor_units::engine::{Answer, Command, Counts, Key, Mood, Outcome, Requester, Row, Ticket};
use visor_units::fault::{Fault, Refusal};
use visor_units::name::{ProcessName, Selector};
use visor_units::time::Stamp;
use visor_units::unit::{Group, LogLevel};

use crate::configuration::{Configuration, Read};
use crate::core::View;
use crate::log::{Log, Pump, Range, Record, Stream};
use crate::telemetry;

/// How many requests may wait for the core; more make their askers wait.
const QUEUE: usize = 256;

/// The first ticket; those below are the core's own.
const FIRST_TICKET: u64 = 1;

/// Something for the core to do between two events.
pub(crate) enum Request {
    /// An order, answered through the ticket.
    Ask { ticket: Ticket, who: Requester, command: Command, reply: oneshot::Sender<Answer> },
    /// Nobody waits for this answer any more.
    Withdraw(Ticket),
    /// A look at the truth. The closure sends its answer itself.
    Look(Box<dyn FnOnce(&View<'_>) + Send>),
    /// Something that listeners are to be told.
    RemoteComm { kind: String, data: String },
    /// Bytes for the standard input of a process.
    SendStdin { name: ProcessName, bytes: Vec<u8>, reply: oneshot::Sender<Result<(), Refusal>> },
    /// An order to begin again with this plan, which was found sound.
    Reload { ticket: Ticket, who: Requester, plan: Box<Plan>, reply: oneshot::Sender<Answer> },
    /// This plan was read, and is what groups are added from; what does not concern them holds from now on.
    Reread { plan: Box<Plan>, reply: oneshot::Sender<Difference> },
    /// An order to apply this plan.
    Update {
        ticket: Ticket,
        who: Requester,
        plan: Box<Plan>,
        only: Vec<String>,
        reply: oneshot::Sender<Answer>,
    },
}

/// A handle for asking. Clones share the way in.
#[derive(Clone)]
pub(crate) struct Door {
    requests: mpsc::Sender<Request>,
    configuration: Arc<Configuration>,
    pump: Pump,
    notices: Notices,
    tickets: Arc<AtomicU64>,
}

/// Makes a door and the end of it that the core keeps.
pub(crate) fn door(
    configuration: Arc<Configuration>,
    pump: Pump,
    notices: Notices,
) -> (Door, mpsc::Receiver<Request>) {
    let (requests, received) = mpsc::channel(QUEUE);
    let tickets = Arc::new(AtomicU64::new(FIRST_TICKET));
    (Door { requests, configuration, pump, notices, tickets }, received)
}

/// Where the output of a process is: its handle, the stream that has it, and the file.
type FoundLog = (Key, Stream, Option<PathBuf>);

/// Takes a question back when its asker goes away before the answer.
struct Waiting<'a> {
    door: &'a Door,
    ticket: Ticket,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            // A full queue only means that the answer is computed for nobody.
            drop(self.door.requests.try_send(Request::Withdraw(self.ticket)));
        }
    }
}

impl Door {
    /// Hands a request in and waits for the answer that comes back on `answer`.
    async fn wait(
        &self,
        ticket: Ticket,
        request: Request,
        answer: oneshot::Receiver<Answer>,
    ) -> Answer {
        let mut waiting = Waiting { door: self, ticket, answered: false };
        let sent = self.requests.send(request).await.is_ok();
        let answer = if sent { answer.await.ok() } else { None };
        waiting.answered = true;
        answer.unwrap_or_else(|| Answer::Refused(Fault::ShuttingDown.into()))
    }

    /// An inbox for what changes from now on.
    pub(crate) fn subscribe(&self) -> Inbox {
        self.notices.subscribe()
    }

    /// Writes a line into the daemon's log.
    pub(crate) fn say(&self, level: LogLevel, text: &str) {
        self.pump.say(Record::new(level, text));
    }

    fn ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Looks at the truth. `None` once the core is gone.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        see: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let look = Box::new(move |view: &View<'_>| drop(reply.send(see(view))));
        self.requests.send(Request::Look(look)).await.ok()?;
        answer.await.ok()
    }

    /// Reads the configuration on a thread of its own: globs and account look-ups may take their time.
    async fn load(&self) -> Result<Read, Refusal> {
        let configuration = self.configuration.clone();
        let loading = tokio::task::spawn_blocking(move || configuration.load());
        loading.await.unwrap_or_else(|error| Err(unread(&error)))
    }

    /// Reads the configuration to apply it: what is strange about it is said in the log.
    async fn load_aloud(&self) -> Result<Box<Plan>, Refusal> {
        let (plan, warnings) = self.load().await?;
        for text in warnings {
            self.say(LogLevel::Warn, &text);
        }
        Ok(Box::new(plan))
    }

    /// Makes a plan the one that groups are added from, and has what does not concern them hold from now on.
    async fn take_in(&self, plan: Box<Plan>) -> Result<Difference, Refusal> {
        let (reply, answer) = oneshot::channel();
        let sent = self.requests.send(Request::Reread { plan, reply }).await.is_ok();
        let answer = if sent { answer.await.ok() } else { None };
        answer.ok_or_else(|| Fault::ShuttingDown.into())
    }

    /// A group as the configuration has it now.
    async fn read_group(&self, name: &str) -> Result<Arc<Group>, Refusal> {
        let plan = self.load_aloud().await?;
        let found = plan.groups.iter().find(|group| *group.name == *name).cloned();
        let group =
            found.ok_or_else(|| Refusal::new(Fault::NoSuchUnit, "no such process group"))?;
        self.take_in(plan).await.map(|_| group)
    }
}

impl Backend for Door {
    async fn command(&self, who: Requester, command: Command) -> Answer {
        let (reply, answer) = oneshot::channel();
        let ticket = self.ticket();
        self.wait(ticket, Request::Ask { ticket, who, command, reply }, answer).await
    }

    async fn rows(&self) -> Vec<Row> {
        self.look(|view| view.engine.snapshot()).await.unwrap_or_default()
    }

    async fn row(&self, name: &ProcessName) -> Option<Row> {
        let name = name.clone();
        self.look(move |view| view.engine.row(view.engine.find(&name)?)).await?
    }

    async fn row_by_pid(&self, pid: u32) -> Option<Row> {
        self.look(move |view| view.engine.row(view.engine.by_pid(pid)?)).await?
    }

    async fn groups(&self) -> Vec<Arc<Group>> {
        self.look(|view| view.engine.groups()).await.unwrap_or_default()
    }

    async fn manager(&self) -> ManagerRow {
        let row = self.look(|view| view.manager()).await;
        row.unwrap_or_else(|| ManagerRow {
            identifier: String::new(),
            mood: Mood::Shutdown,
            counts: Counts::default(),
            pid: std::process::id(),
            started: Stamp::default(),
            config_revision: 0,
            config_file: self.configuration.file().to_owned(),
            features: Vec::new(),
        })
    }

    async fn usage(&self, key: Key) -> Usage {
        // Looked at between two events, so that the process cannot be reaped meanwhile and its number be another's.
        let process = self.look(move |view| {
            let pid = view.engine.row(key).map_or(0, |row| row.pid);
            let events_dropped = view.announcer.dropped(key);
            Usage { events_dropped, ..telemetry::usage(pid).unwrap_or_default() }
        });
        let process = process.await.unwrap_or_default();
        let stats = self.pump.stats(key);
        Usage {
            log_bytes: stats.log_bytes,
            log_dropped: stats.journal_dropped,
            log_trouble: stats.trouble,
            ..process
        }
    }

    async fn reread(&self) -> Result<Difference, Refusal> {
        let (plan, _) = self.load().await?;
        self.look(move |view| Difference::between(&view.engine.groups(), &plan.groups))
            .await
            .ok_or_else(|| Fault::ShuttingDown.into())
    }

    async fn configured(&self) -> Result<Vec<Configured>, Refusal> {
        let (plan, _) = self.load().await?;
        let there = self.look(|view| view.engine.groups()).await.ok_or(Fault::ShuttingDown)?;
        let names: HashSet<&str> = there.iter().map(|group| &*group.name).collect();
        let configured = |group: Arc<Group>| {
            let in_use = names.contains(&*group.name);
            Configured { group, in_use }
        };
        Ok(plan.groups.into_iter().map(configured).collect())
    }

    async fn add_group(&self, who: Requester, name: &str) -> Answer {
        match self.read_group(name).await {
            Ok(group) => self.command(who, Command::AddGroup(group)).await,
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    async fn update(&self, who: Requester, only: Vec<String>) -> Answer {
        let plan = match self.load_aloud().await {
            Ok(plan) => plan,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let (reply, answer) = oneshot::channel();
        let ticket = self.ticket();
        self.wait(ticket, Request::Update { ticket, who, plan, only, reply }, answer).await
    }

    async fn reload_daemon(&self, who: Requester) -> Answer {
        let plan = match self.load_aloud().await {
            Ok(plan) => plan,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let (reply, answer) = oneshot::channel();
        let ticket = self.ticket();
        self.wait(ticket, Request::Reload { ticket, who, plan, reply }, answer).await
    }

    async fn clear(&self, names: Vec<Selector>) -> Answer {
        let rows = self.rows().await;
        let mut outcomes = Vec::new();
        for selector in names {
            let meant = rows.iter().filter(|row| selector.matches(&row.program.name));
            let before = outcomes.len();
            for Row { key, program, .. } in meant {
                let cleared = self.clear_logs(*key).await;
                let failed = |text| Refusal::new(Fault::Failed, text);
                let result = cleared.map(|()| "cleared".to_owned()).map_err(failed);
                outcomes.push(Outcome { name: program.name.to_string(), result });
            }
            if outcomes.len() == before && selector != Selector::All {
                let result = Err(Fault::NoSuchUnit.into());
                outcomes.push(Outcome { name: selector.to_string(), result });
            }
        }
        Answer::Outcomes(outcomes)
    }

    async fn send_stdin(&self, name: ProcessName, bytes: Vec<u8>) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        let request = Request::SendStdin { name, bytes, reply };
        let sent = self.requests.send(request).await.is_ok();
        let answer = if sent { answer.await.ok() } else { None };
        answer.unwrap_or_else(|| Err(Fault::ShuttingDown.into()))
    }

    async fn open_log(&self, request: LogRequest) -> Result<OwnedFd, Refusal> {
        let range = Range {
            follow: request.follow,
            lines: request.lines,
            last: None,
            offset: request.offset,
            length: request.length,
            says_emptied: false,
        };
        self.open_range(request.name, request.stderr, range).await
    }
}

impl Door {
    /// A descriptor from which a part of the output of a process can be read, or of the daemon's own log.
    ///
    /// # Errors
    /// As [`Backend::open_log`].
    pub(crate) async fn open_range(
        &self,
        name: Option<ProcessName>,
        stderr: bool,
        range: Range,
    ) -> Result<OwnedFd, Refusal> {
        let found = match name {
            None => None,
            Some(name) => Some(self.find_log(name, stderr).await?),
        };
        let pump = self.pump.clone();
        tokio::task::spawn_blocking(move || {
            let log = found.as_ref().map_or(Log::Daemon, |(key, stream, path)| Log::Program {
                key: *key,
                stream: *stream,
                path: path.as_deref(),
            });
            pump.open_log(log, range).map_err(|error| unopened(&error))
        })
        .await
        .unwrap_or_else(|error| Err(Refusal::new(Fault::Failed, error.to_string())))
    }

    /// Tells the listeners of REMOTE_COMMUNICATION; in any mood, as Supervisor does.
    ///
    /// # Errors
    /// `ShuttingDown` once the core is gone.
    pub(crate) async fn remote_comm(&self, kind: String, data: String) -> Result<(), Refusal> {
        let request = Request::RemoteComm { kind, data };
        self.requests.send(request).await.map_err(|_| Fault::ShuttingDown.into())
    }
}

/// What only Supervisor's faces ask.
impl Door {
    /// Reads the configuration as Supervisor's `reread` does: what can be changed while programs run is changed, and
    /// groups are added from what was read. Nothing is started or stopped.
    ///
    /// # Errors
    /// `ConfigInvalid` with Supervisor's text, `ShuttingDown`.
    pub(crate) async fn reload_config(&self) -> Result<Difference, Refusal> {
        let configuration = self.configuration.clone();
        let loading = tokio::task::spawn_blocking(move || configuration.load_as_supervisor());
        let plan = loading.await.unwrap_or_else(|error| Err(unread(&error)))?;
        self.take_in(Box::new(plan)).await
    }

    /// Empties the logs of a process that runs.
    ///
    /// # Errors
    /// Why one could not be.
    pub(crate) async fn clear_logs(&self, key: Key) -> Result<(), String> {
        let (stdout, stderr) =
            (self.pump.clear(key, Stream::Stdout), self.pump.clear(key, Stream::Stderr));
        // The log is gone only when everything is.
        stdout.await.unwrap_or(Ok(()))?;
        stderr.await.unwrap_or(Ok(()))
    }

    /// Empties the daemon's own log.
    ///
    /// # Errors
    /// Why it could not be.
    pub(crate) async fn clear_main_log(&self) -> Result<(), String> {
        self.pump.clear_main().await.unwrap_or(Ok(()))
    }
}

fn unread(error: &tokio::task::JoinError) -> Refusal {
    Refusal::new(Fault::Failed, format!("configuration not read: {error}"))
}

impl Door {
    async fn find_log(&self, name: ProcessName, stderr: bool) -> Result<FoundLog, Refusal> {
        let found = self.look(move |view| {
            let key = view.engine.find(&name)?;
            let redirected = view.engine.row(key)?.program.redirect_stderr;
            let paths = view.paths.of(key);
            Some(if stderr && !redirected {
                (key, Stream::Stderr, paths.stderr)
            } else {
                (key, Stream::Stdout, paths.stdout)
            })
        });
        found.await.flatten().ok_or_else(|| Fault::NoSuchUnit.into())
    }
}

fn unopened(error: &io::Error) -> Refusal {
    let fault = match error.kind() {
        io::ErrorKind::NotFound => Fault::NoFile,
        io::ErrorKind::QuotaExceeded => {
            return Refusal::new(Fault::RateLimited, "no more logs can be followed at once");
        }
        _ => Fault::Failed,
    };
    Refusal::new(fault, format!("log not opened: {error}"))
}
