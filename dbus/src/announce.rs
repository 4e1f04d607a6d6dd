//! What happened, as signals of one connection.

use std::collections::HashMap;
use std::sync::Arc;

use visor_units::engine::{Change, Key, Mood, State};
use visor_units::exit::ExitStatus;
use visor_units::name::ProcessName;
use zbus::{Message, ObjectPath, Variant};

use crate::notices::Batch;
use crate::path::program_path;
use crate::server::{added, removed};
use crate::table::{Interface, MANAGER, PROGRAM, PROPERTIES, UNIT, Values, View, kind_name, text};
use crate::{ManagerRow, Notice, ROOT_PATH};

/// Turns notices into signals. It remembers what it last told of the manager.
pub(crate) struct Announcer {
    told: ManagerRow,
    dropped: u64,
}

/// What is still to be told of a batch.
pub(crate) struct Pending {
    batch: Batch,
    /// How many processes of the first notice are told: a group may have thousands.
    told: usize,
    /// How many changes of each process are still in the batch: the last one tells its properties.
    left: HashMap<Key, usize>,
    /// Whether `NFailed` is another now.
    pub(crate) failures_moved: bool,
}

impl Pending {
    pub(crate) fn new(batch: Batch) -> Self {
        let mut left = HashMap::new();
        let mut failures_moved = !batch.lost.is_empty();
        for notice in &batch.notices {
            if let Notice::Changed(change, _) = &**notice {
                *left.entry(change.key).or_default() += 1;
                failures_moved |= change.from == State::Fatal || change.to == State::Fatal;
            }
        }
        Self { batch, told: 0, left, failures_moved }
    }

    /// The next piece of a list that is told in pieces of `limit`; puts the notice back if there is more of it.
    fn piece<'n, T>(&mut self, notice: &Arc<Notice>, list: &'n [T], limit: usize) -> &'n [T] {
        let rest = list.get(self.told..).unwrap_or_default();
        if rest.len() <= limit {
            self.told = 0;
            return rest;
        }
        self.told += limit;
        self.batch.notices.push_front(Arc::clone(notice));
        &rest[..limit]
    }

    /// Processes of which only the present state can be told, each with the state it was last told to be in.
    pub(crate) fn lost(&self) -> impl Iterator<Item = (Key, State)> {
        self.batch.lost.iter().map(|(key, from)| (*key, *from))
    }
}

impl Announcer {
    /// Begins with what a reader can have read of the manager by now.
    pub(crate) fn new(told: ManagerRow) -> Self {
        Self { told, dropped: 0 }
    }

    /// The signals of about `limit` more notices; none when everything is told.
    pub(crate) fn next(
        &mut self,
        pending: &mut Pending,
        limit: usize,
    ) -> zbus::Result<Vec<Message>> {
        let mut signals = Vec::new();
        while signals.len() < limit {
            let Some(notice) = pending.batch.notices.pop_front() else { break };
            match &*notice {
                Notice::Changed(change, row) => {
                    signals.push(state_changed(change)?);
                    let left = pending.left.entry(change.key).or_insert(1);
                    *left -= 1;
                    if *left == 0 {
                        // Kind never changes, so it is not told and need not be right here.
                        properties_changed(&mut signals, &View::new((**row).clone(), ""))?;
                    }
                }
                Notice::Refreshed(row) => {
                    properties_changed(&mut signals, &View::new((**row).clone(), ""))?;
                }
                Notice::Added(group, rows) => {
                    for row in pending.piece(&notice, rows, limit) {
                        signals.push(added(&View::new(row.clone(), kind_name(&group.kind)))?);
                    }
                }
                Notice::Removed(_, names) => {
                    for name in pending.piece(&notice, names, limit) {
                        signals.push(removed(name)?);
                    }
                }
                Notice::Manager(row) => self.manager(&mut signals, row)?,
            }
        }
        Ok(signals)
    }

    /// The signals of a process of which changes were left out.
    pub(crate) fn resync(&self, from: State, view: &View) -> zbus::Result<Vec<Message>> {
        let row = &view.row;
        let detail = HashMap::from([
            ("PID", Variant::U32(row.pid)),
            ("Cause", text(row.cause.as_ref().map_or_else(String::new, ToString::to_string))),
            ("Timestamp", Variant::U64(row.changed.wall.0)),
            ("Tries", Variant::U32(row.tries)),
            ("Coalesced", Variant::U64(self.dropped)),
        ]);
        let mut signals = vec![unit_signal(&row.program.name, from, row.state, &detail)?];
        properties_changed(&mut signals, view)?;
        Ok(signals)
    }

    /// Counts changes that were left out.
    pub(crate) fn count_dropped(&mut self, pending: &Pending) {
        self.dropped += pending.batch.dropped;
    }

    /// The signals of a manager that may have changed.
    pub(crate) fn manager(
        &mut self,
        signals: &mut Vec<Message>,
        row: &ManagerRow,
    ) -> zbus::Result<()> {
        let told = std::mem::replace(&mut self.told, row.clone());
        let signal = |name| Message::signal(ROOT_PATH, MANAGER.name, name);
        if told.config_revision != row.config_revision {
            signals.push(signal("UnitsReloaded").build(&row.config_revision)?);
        }
        if (told.mood == Mood::Restarting) != (row.mood == Mood::Restarting) {
            signals.push(signal("Reloading").build(&(row.mood == Mood::Restarting))?);
        }
        signals.push(changed(ROOT_PATH, &MANAGER, row)?);
        Ok(())
    }
}

/// `UnitStateChanged` of one transition.
fn state_changed(change: &Change) -> zbus::Result<Message> {
    let mut detail = HashMap::from([
        ("PID", Variant::U32(change.pid)),
        ("Cause", text(change.cause.to_string())),
        ("Timestamp", Variant::U64(change.at.wall.0)),
        ("Tries", Variant::U32(change.tries)),
    ]);
    if let Some(exit) = change.exit {
        let signal = if let ExitStatus::Killed { signal, .. } = exit { signal.0 } else { 0 };
        detail.insert("ExitCode", Variant::I32(exit.code()));
        detail.insert("ExitSignal", Variant::I32(signal));
        detail.insert("Expected", Variant::Bool(change.expected));
    }
    unit_signal(&change.name, change.from, change.to, &detail)
}

fn unit_signal(
    name: &ProcessName,
    from: State,
    to: State,
    detail: &HashMap<&str, Variant<'_>>,
) -> zbus::Result<Message> {
    let path = ObjectPath::from_string_unchecked(program_path(name));
    Message::signal(ROOT_PATH, MANAGER.name, "UnitStateChanged").build(&(
        path,
        name.to_string().replace('\0', "\u{fffd}"),
        from.name(),
        to.name(),
        detail,
    ))
}

/// `PropertiesChanged` of both interfaces of a process.
fn properties_changed(signals: &mut Vec<Message>, view: &View) -> zbus::Result<()> {
    let path = program_path(&view.row.program.name);
    signals.push(changed(&path, &UNIT, view)?);
    signals.push(changed(&path, &PROGRAM, view)?);
    Ok(())
}

fn changed<S, M>(
    path: &str,
    interface: &'static Interface<S, M>,
    subject: &S,
) -> zbus::Result<Message> {
    let none: &[&str] = &[];
    Message::signal(path, PROPERTIES.name, "PropertiesChanged").build(&(
        interface.name,
        Values::changing(interface, subject),
        none,
    ))
}
