//! The dependency graph: who waits for whom, cycles named in full, start and stop order.
//!
//! Four keys make it (`requires`, `wants`, `after`, `before`), on programs and on groups; a group's hold for every
//! member. What is written `a before b` is kept as `b after a`, so there is one direction: from the one that waits to
//! the one it waits for.
//!
//! A name in such a key is looked up as
//!
//! 1. `group:process`, or `group:*` for every member of a group;
//! 2. a process of the same group;
//! 3. a group, meaning every member but the one that says so;
//! 4. a process of any group;
//! 5. a program, meaning every process made from `[program:name]`.
//!
//! `priority` has no say in any of this. It only orders what the keys leave open, so it can never make a cycle.

mod cycle;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{Diagnostic, Severity};
use crate::name::ProcessName;
use crate::unit::Group;
use resolve::Edge;

/// How much one process needs another, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// `requires`: cannot do without it.
    Requires,
    /// `wants`: starts it along, and can do without it.
    Wants,
    /// `after`: only the order matters. `before` of the other side is the same.
    After,
}

/// One end of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The process at the other end, as its position in the graph.
    pub other: usize,
    /// The strongest key between the two.
    pub strength: Strength,
}

/// Who waits for whom. A process is known by its position: its place when the members of all groups are counted in the
/// order of the groups.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    names: Vec<ProcessName>,
    positions: BTreeMap<ProcessName, usize>,
    dependencies: Vec<Vec<Link>>,
    dependents: Vec<Vec<Link>>,
    missing: Vec<Vec<String>>,
    start_order: Vec<usize>,
    cyclic: bool,
    warnings: Vec<Diagnostic>,
}

impl Graph {
    /// Makes the graph of these groups.
    ///
    /// # Errors
    /// Every cycle, with the place of each of its edges, and every `requires` that names nothing, each with its place;
    /// the warnings of [`Graph::warnings`] are among them.
    pub fn build(groups: &[Arc<Group>]) -> Result<Self, Vec<Diagnostic>> {
        let (graph, diagnostics) = Self::resolve(groups);
        if diagnostics.iter().any(|found| found.severity == Severity::Error) {
            Err(diagnostics)
        } else {
            Ok(graph)
        }
    }

    /// Makes as much of the graph as there is, with every problem found on the way: a `requires` that names nothing is
    /// kept as [`Graph::missing`], and between the members of a cycle nothing is ordered.
    #[must_use]
    pub fn resolve(groups: &[Arc<Group>]) -> (Self, Vec<Diagnostic>) {
        let resolved = resolve::resolve(groups);
        let mut diagnostics = resolved.diagnostics;
        let cycles = cycle::find(resolved.names.len(), &resolved.edges);
        diagnostics.extend(cycles.iter().map(|cycle| cycle.diagnostic(&resolved.names)));
        let edges: Vec<Edge<'_>> = resolved
            .edges
            .into_iter()
            .filter(|edge| !cycles.iter().any(|cycle| cycle.holds(edge)))
            .collect();
        let graph = Self {
            dependencies: links(resolved.names.len(), &edges, |edge| (edge.from, edge.to)),
            dependents: links(resolved.names.len(), &edges, |edge| (edge.to, edge.from)),
            positions: resolved.names.iter().cloned().zip(0..).collect(),
            start_order: Vec::new(),
            names: resolved.names,
            missing: resolved.missing,
            cyclic: !cycles.is_empty(),
            warnings: of_severity(&diagnostics, Severity::Warning),
        };
        (graph.ordered(), diagnostics)
    }

    /// Lays the start order down: dependencies first; among what is ready, the one that stands first in its
    /// configuration's (priority, name) order.
    fn ordered(mut self) -> Self {
        let mut open: Vec<usize> = self.dependencies.iter().map(Vec::len).collect();
        let mut ready: BTreeSet<usize> = (0..open.len()).filter(|&at| open[at] == 0).collect();
        while let Some(next) = ready.pop_first() {
            self.start_order.push(next);
            for link in &self.dependents[next] {
                open[link.other] -= 1;
                if open[link.other] == 0 {
                    ready.insert(link.other);
                }
            }
        }
        self
    }

    /// What a strict reading would still remark on: names in `wants`, `after` and `before` that name nothing.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Whether a cycle was found, and left unordered.
    #[must_use]
    pub const fn is_cyclic(&self) -> bool {
        self.cyclic
    }

    /// Positions in start order. Stopping goes the other way round.
    #[must_use]
    pub fn start_order(&self) -> &[usize] {
        &self.start_order
    }

    /// The process at a position.
    #[must_use]
    pub fn name(&self, position: usize) -> Option<&ProcessName> {
        self.names.get(position)
    }

    /// The position of a process.
    #[must_use]
    pub fn position(&self, name: &ProcessName) -> Option<usize> {
        self.positions.get(name).copied()
    }

    /// What the process at this position waits for, by position.
    #[must_use]
    pub fn dependencies_of(&self, position: usize) -> &[Link] {
        self.dependencies.get(position).map_or(&[], Vec::as_slice)
    }

    /// What waits for the process at this position, by position.
    #[must_use]
    pub fn dependents_of(&self, position: usize) -> &[Link] {
        self.dependents.get(position).map_or(&[], Vec::as_slice)
    }

    /// Names that the process at this position requires and that name nothing.
    #[must_use]
    pub fn missing(&self, position: usize) -> &[String] {
        self.missing.get(position).map_or(&[], Vec::as_slice)
    }
}

fn of_severity(diagnostics: &[Diagnostic], severity: Severity) -> Vec<Diagnostic> {
    diagnostics.iter().filter(|found| found.severity == severity).cloned().collect()
}

/// Gathers edges per process, sorted, each pair once with its strongest key.
fn links(
    size: usize,
    edges: &[Edge<'_>],
    ends: impl Fn(&Edge<'_>) -> (usize, usize),
) -> Vec<Vec<Link>> {
    let mut links = vec![Vec::new(); size];
    for edge in edges {
        let (here, other) = ends(edge);
        links[here].push(Link { other, strength: edge.strength });
    }
    for list in &mut links {
        list.sort_unstable();
        list.dedup_by_key(|link| link.other);
    }
    links
}
