//! Process groups: the unit that `reread` and `update` compare, add and remove.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FcgiSocket, Ordering, Origin, Program};
use crate::announce::Topic;

/// A group and its processes, in start order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The name of the group.
    pub name: Arc<str>,
    /// Where the section stands.
    pub origin: Origin,
    /// Order among groups; lower starts first and stops last.
    pub priority: i64,
    /// What kind of group it is.
    pub kind: GroupKind,
    /// Its processes: by (priority, name), or in the order of `programs=` for a `[group:x]`.
    pub programs: Vec<Arc<Program>>,
    /// Dependencies as written on the group.
    pub ordering: Ordering,
}

/// What a group was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// A `[program:x]` on its own.
    Program,
    /// A `[group:x]`.
    Group,
    /// An `[eventlistener:x]`.
    EventListener {
        /// `buffer_size`: events kept while every listener is busy.
        buffer_size: i64,
        /// `events`, in file order.
        events: Vec<Topic>,
        /// `result_handler`, a Python name.
        result_handler: String,
    },
    /// An `[fcgi-program:x]`.
    FastCgi(Arc<FcgiSocket>),
}

impl Group {
    /// Whether a program of this group would be run the same under `other`: everything but where it is written.
    #[must_use]
    pub fn means_the_same(&self, other: &Self) -> bool {
        let same = |a: &Program, b: &Program| {
            *a == Program { origin: a.origin.clone(), ordering: a.ordering.clone(), ..b.clone() }
        };
        self.priority == other.priority
            && self.kind == other.kind
            && self.ordering.names() == other.ordering.names()
            && self.programs.len() == other.programs.len()
            && self
                .programs
                .iter()
                .zip(&other.programs)
                .all(|(a, b)| same(a, b) && a.ordering.names() == b.ordering.names())
    }
}
