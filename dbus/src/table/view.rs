//! A process as its properties see it.

use visor_units::engine::Row;
use visor_units::unit::GroupKind;

use crate::Usage;

/// A row, and what a row does not have.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The process.
    pub(crate) row: Row,
    /// `program`, `listener` or `fcgi`.
    pub(crate) kind: &'static str,
    /// What it uses; zero where that was not asked for.
    pub(crate) usage: Usage,
}

impl View {
    /// A view without counters.
    pub(crate) fn new(row: Row, kind: &'static str) -> Self {
        Self { row, kind, usage: Usage::default() }
    }
}

/// The word for a kind of group.
pub(crate) const fn kind_name(kind: &GroupKind) -> &'static str {
    match kind {
        GroupKind::Program | GroupKind::Group => "program",
        GroupKind::EventListener { .. } => "listener",
        GroupKind::FastCgi(_) => "fcgi",
    }
}
