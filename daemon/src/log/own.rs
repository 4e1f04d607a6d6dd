//! The daemon's own messages, with their fields, in the journal.

use std::collections::VecDeque;
use std::io;

use tracing::dispatcher::with_default;
use tracing::{Dispatch, Level};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use visor_units::exit::ExitStatus;
use visor_units::name::ProcessName;
use visor_units::unit::LogLevel;

use super::datagram::Refused;
use super::journal::Journal;
use super::record::{Fields, Record};
use super::tag::unit;

/// Messages that wait for a journal that is behind.
const PENDING_MAX: usize = 1024;

/// The daemon's own messages on their way to the journal.
pub(super) struct Own {
    ident: String,
    dispatch: Option<Dispatch>,
    pending: VecDeque<Record>,
    dropped: u64,
}

impl Own {
    /// `ident` is the name of the daemon's program.
    pub(super) fn new(ident: String) -> Self {
        Self { ident, dispatch: None, pending: VecDeque::new(), dropped: 0 }
    }

    /// Takes a message, to be sent by [`Self::send`].
    pub(super) fn add(&mut self, record: Record) {
        if self.pending.len() < PENDING_MAX {
            self.pending.push_back(record);
        } else {
            self.dropped += 1;
        }
    }

    /// Sends what waits. `false` says that the journal is behind, and its connection has to be waited for.
    pub(super) fn send(&mut self, journal: &mut Journal) -> bool {
        while let Some(record) = self.pending.front() {
            match journal.ready() {
                Ok(()) => {}
                Err(Refused::Busy) => return false,
                Err(Refused::Gone | Refused::Invalid) => {
                    self.give_up();
                    return true;
                }
            }
            let Some(dispatch) = connected(&mut self.dispatch, &self.ident) else {
                self.give_up();
                return true;
            };
            if self.dropped > 0 {
                let text =
                    format!("{} messages skipped, the journal did not keep up", self.dropped);
                self.dropped = 0;
                emit(dispatch, &Record::new(LogLevel::Warn, &text));
                continue;
            }
            emit(dispatch, record);
            self.pending.pop_front();
        }
        self.pending.shrink_to(16);
        true
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Drops what waits.
    fn give_up(&mut self) {
        self.dropped += self.pending.len() as u64;
        self.pending.clear();
    }
}

fn connected<'a>(dispatch: &'a mut Option<Dispatch>, ident: &str) -> Option<&'a Dispatch> {
    if dispatch.is_none() {
        *dispatch = connect(ident).ok();
    }
    dispatch.as_ref()
}

/// The layer's socket waits when journald is behind. Here it may: [`Journal::ready`] is asked before each message, and
/// nothing but the journal is this thread's business.
fn connect(ident: &str) -> io::Result<Dispatch> {
    let layer = tracing_journald::layer()?
        .with_field_prefix(None)
        .with_syslog_identifier(ident.to_owned())
        .with_priority_mappings(PriorityMappings {
            info: Priority::Informational,
            debug: Priority::Debug,
            ..PriorityMappings::new()
        });
    Ok(Dispatch::new(registry().with(layer)))
}

fn emit(dispatch: &Dispatch, record: &Record) {
    let Fields { name, pid, change, exit } = &record.fields;
    let text = match &record.output {
        Some(output) => &format!("{}\n{output}", record.text),
        None => &record.text,
    };
    let process = name.as_ref().map(ProcessName::qualified);
    let unit = name.as_ref().map(unit);
    let exit = exit.map(ending);
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                $level,
                VISORD_PROGRAM = name.as_ref().map(|name| &*name.process),
                VISORD_GROUP = name.as_ref().map(|name| &*name.group),
                VISORD_PROCESS = process,
                OBJECT_SYSTEMD_UNIT = unit,
                OBJECT_PID = pid,
                VISORD_FROM = change.map(|(from, _)| from.name()),
                VISORD_TO = change.map(|(_, to)| to.name()),
                EXIT_CODE = exit.as_ref().map(|(code, _)| *code),
                EXIT_STATUS = exit.as_ref().map(|(_, status)| status),
                "{text}"
            )
        };
    }
    with_default(dispatch, || match record.level {
        LogLevel::Critical | LogLevel::Error => event!(Level::ERROR),
        LogLevel::Warn => event!(Level::WARN),
        LogLevel::Info => event!(Level::INFO),
        LogLevel::Debug => event!(Level::DEBUG),
        LogLevel::Trace | LogLevel::Blather => event!(Level::TRACE),
    });
}

/// An end in the words of systemd's own fields: how, and with what.
fn ending(status: ExitStatus) -> (&'static str, String) {
    match status {
        ExitStatus::Exited(code) => ("exited", code.to_string()),
        ExitStatus::Killed { signal, core: false } => ("killed", signal.0.to_string()),
        ExitStatus::Killed { signal, core: true } => ("dumped", signal.0.to_string()),
        ExitStatus::Other(raw) => ("unknown", raw.to_string()),
    }
}
