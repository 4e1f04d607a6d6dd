//! The meaning of a configuration, and how two of them differ.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::unit::{Ctl, Daemon, Group, HttpServer, LogLevel, RpcInterface, Visord};

/// Everything a configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// `[supervisord]`.
    pub daemon: Daemon,
    /// `[visord]`.
    pub visord: Visord,
    /// Groups by (priority, name).
    pub groups: Vec<Arc<Group>>,
    /// HTTP servers: inet first, then unix, each in file order.
    pub servers: Vec<HttpServer>,
    /// RPC interfaces in file order.
    pub rpc_interfaces: Vec<RpcInterface>,
    /// `[supervisorctl]`, if there is one.
    pub ctl: Option<Ctl>,
    /// What Supervisor logs at start about the reading (included files, suspicious settings).
    pub messages: Vec<(LogLevel, String)>,
}

impl Plan {
    /// The HTTP servers that are to be served, and not those that let anyone in.
    #[must_use]
    pub fn servers_to_open(&self) -> Vec<&HttpServer> {
        self.servers.iter().filter(|server| !server.is_refused(&self.visord)).collect()
    }
}

/// What `reread` shows and `update` applies: names of groups, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// In the new configuration only.
    pub added: Vec<Arc<str>>,
    /// In both, with another meaning.
    pub changed: Vec<Arc<str>>,
    /// In the running set only.
    pub removed: Vec<Arc<str>>,
}

impl Difference {
    /// What turns `running` into `wanted`.
    #[must_use]
    pub fn between(running: &[Arc<Group>], wanted: &[Arc<Group>]) -> Self {
        let find = |set: &[Arc<Group>], name: &str| set.iter().find(|g| &*g.name == name).cloned();
        let mut found = Self::default();
        for group in wanted {
            match find(running, &group.name) {
                None => found.added.push(group.name.clone()),
                Some(old) if old.means_the_same(group) => {}
                Some(_) => found.changed.push(group.name.clone()),
            }
        }
        found.removed = running
            .iter()
            .filter(|g| find(wanted, &g.name).is_none())
            .map(|g| g.name.clone())
            .collect();
        for list in [&mut found.added, &mut found.changed, &mut found.removed] {
            list.sort();
        }
        found
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}
