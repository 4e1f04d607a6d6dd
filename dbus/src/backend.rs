//! What the interfaces ask of the daemon.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use visor_units::config::Difference;
use visor_units::engine::{Answer, Change, Command, Counts, Key, Mood, Requester, Row};
use visor_units::fault::Refusal;
use visor_units::name::{ProcessName, Selector};
use visor_units::time::Stamp;
use visor_units::unit::Group;

/// The daemon behind the interfaces. Futures stay on the thread they were made on.
pub trait Backend: Clone + 'static {
    /// Gives an order and waits for its answer.
    fn command(&self, who: Requester, command: Command) -> impl Future<Output = Answer>;
    /// Every process, in start order.
    fn rows(&self) -> impl Future<Output = Vec<Row>>;
    /// One process by name.
    fn row(&self, name: &ProcessName) -> impl Future<Output = Option<Row>>;
    /// One process by its process id.
    fn row_by_pid(&self, pid: u32) -> impl Future<Output = Option<Row>>;
    /// Every group, in start order.
    fn groups(&self) -> impl Future<Output = Vec<Arc<Group>>>;
    /// The daemon itself.
    fn manager(&self) -> impl Future<Output = ManagerRow>;
    /// What a process uses right now.
    fn usage(&self, key: Key) -> impl Future<Output = Usage>;
    /// Reads the configuration again and says what `update` would change. Changes nothing.
    ///
    /// # Errors
    /// `ConfigInvalid` with every problem of the file in its text.
    fn reread(&self) -> impl Future<Output = Result<Difference, Refusal>>;
    /// Reads the configuration again and says what is in it. Changes nothing.
    ///
    /// # Errors
    /// `ConfigInvalid` with every problem of the file in its text.
    fn configured(&self) -> impl Future<Output = Result<Vec<Configured>, Refusal>>;
    /// Reads the configuration again and adds this group of it; what it says of the daemon holds from now on.
    fn add_group(&self, who: Requester, name: &str) -> impl Future<Output = Answer>;
    /// Reads the configuration again and applies it to these groups; none named is all.
    fn update(&self, who: Requester, only: Vec<String>) -> impl Future<Output = Answer>;
    /// Stops everything and begins again with a fresh configuration; refused if that has errors.
    fn reload_daemon(&self, who: Requester) -> impl Future<Output = Answer>;
    /// Empties the logs of processes that run.
    fn clear(&self, names: Vec<Selector>) -> impl Future<Output = Answer>;
    /// Writes to the standard input of a process. What its pipe does not take now is kept for it.
    ///
    /// # Errors
    /// `NoSuchUnit`, `NotRunning`, `NoFile` if its standard input is closed, `Failed` if too much waits already.
    fn send_stdin(
        &self,
        name: ProcessName,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<(), Refusal>>;
    /// A descriptor from which the output of a process can be read.
    ///
    /// # Errors
    /// `NoSuchUnit`, `NoFile`, `BadArguments`.
    fn open_log(&self, request: LogRequest) -> impl Future<Output = Result<OwnedFd, Refusal>>;
}

/// What to read of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// The process; `None` is the daemon's own log.
    pub name: Option<ProcessName>,
    /// `false` is standard output, `true` standard error.
    pub stderr: bool,
    /// Whether to go on with what is written from now on, until the reader closes.
    pub follow: bool,
    /// The last so many lines; `None` with no `offset` is everything there is.
    pub lines: Option<u64>,
    /// From this byte on.
    pub offset: Option<u64>,
    /// At most so many bytes.
    pub length: Option<u64>,
}

/// A group of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Configured {
    /// As it was read.
    pub group: Arc<Group>,
    /// Whether a group of that name is there.
    pub in_use: bool,
}

/// Properties of the manager object.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagerRow {
    /// `[supervisord] identifier`.
    pub identifier: String,
    /// What the daemon is doing.
    pub mood: Mood,
    /// How many processes are in which state.
    pub counts: Counts,
    /// Process id of the daemon.
    pub pid: u32,
    /// When it started.
    pub started: Stamp,
    /// Counts every configuration that was applied, from 1.
    pub config_revision: u64,
    /// The configuration file.
    pub config_file: String,
    /// Names of what it was built with and what it found (`journal`, `bus`).
    pub features: Vec<String>,
}

/// What a process uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory in bytes.
    pub memory: u64,
    /// Processor time in ns.
    pub cpu_nsec: u64,
    /// Threads.
    pub tasks: u64,
    /// Output read so far, in bytes.
    pub log_bytes: u64,
    /// Lines the journal did not take.
    pub log_dropped: u64,
    /// Why output is missing in a log file; empty if none is.
    pub log_trouble: String,
    /// Events that the buffer of its pool had no room for.
    pub events_dropped: u64,
}

/// What the daemon tells everyone who listens.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A state changed; the row is as it is after it.
    Changed(Change, Box<Row>),
    /// Something else that is shown of a process changed; the row is as it is now.
    Refreshed(Box<Row>),
    /// A group came, with these processes.
    Added(Arc<Group>, Vec<Row>),
    /// A group went, with these processes.
    Removed(Arc<Group>, Vec<ProcessName>),
    /// The mood of the daemon changed, or its configuration was applied.
    Manager(ManagerRow),
}
