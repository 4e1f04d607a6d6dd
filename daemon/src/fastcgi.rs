//! The processes that share listening sockets, and when they need them no more.

use std::collections::BTreeSet;
use std::sync::Arc;

use visor_units::engine::{Change, Effect, Key};
use visor_units::unit::Program;

use crate::core::Core;

/// The processes that have a listening socket for their standard input.
#[derive(Default)]
pub(crate) struct Sharers(BTreeSet<Key>);

impl Core {
    /// New processes. Every socket of theirs is tried at once, as in Supervisor: what is wrong with it is not found out
    /// with the first start only.
    pub(crate) fn add_sharers<'p>(
        &mut self,
        new: impl Iterator<Item = (&'p Key, &'p Arc<Program>)>,
    ) {
        let mut tried = BTreeSet::new();
        for (key, program) in new {
            let Some(socket) = &program.socket else { continue };
            self.sharers.0.insert(*key);
            if tried.insert(&socket.url) {
                self.launcher.probe(program.clone());
            }
        }
    }

    /// These processes are gone for good.
    pub(crate) fn remove_sharers(&mut self, gone: &[Key]) {
        for key in gone {
            if self.sharers.0.remove(key) {
                self.launcher.release(*key);
            }
        }
    }

    /// Of processes that have stopped, those need their socket no more that stay so: one that is started again in the
    /// same breath keeps it.
    pub(crate) fn release_resting(&self, stopped: &[Key]) {
        let shares = stopped.iter().filter(|key| self.sharers.0.contains(key));
        let rests = |key: &&Key| self.engine.row(**key).is_none_or(|row| row.state.is_stopped());
        shares.filter(rests).for_each(|key| self.launcher.release(*key));
    }
}

/// The processes that stop by these effects.
pub(crate) fn stopped_by(effects: &[Effect]) -> Vec<Key> {
    let stopped = effects.iter().filter_map(|effect| match effect {
        Effect::Publish(Change { key, to, .. }) if to.is_stopped() => Some(*key),
        _ => None,
    });
    stopped.collect()
}
