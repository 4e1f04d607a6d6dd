//! Finding cycles, and saying which.

use std::collections::VecDeque;

use super::resolve::{Edge, span};
use crate::config::{Diagnostic, Severity, Span};
use crate::name::ProcessName;

/// A set of processes each of which waits, in the end, for itself.
pub(super) struct Cycle<'a> {
    /// Which of all processes are in it.
    members: Vec<bool>,
    /// A shortest way round, each edge beginning where the one before ends.
    path: Vec<Edge<'a>>,
}

impl Cycle<'_> {
    /// Whether both ends of an edge are in it.
    pub(super) fn holds(&self, edge: &Edge<'_>) -> bool {
        self.members[edge.from] && self.members[edge.to]
    }

    /// What to tell the person: the whole way round, and the place of every edge.
    pub(super) fn diagnostic(&self, names: &[ProcessName]) -> Diagnostic {
        let round = self.path.iter().chain(self.path.first()).map(|edge| &names[edge.from]);
        let round: Vec<String> = round.map(ToString::to_string).collect();
        Diagnostic {
            severity: Severity::Error,
            span: self.path.first().map(|edge| span(edge.origin)),
            message: format!("dependency order has a cycle: {}", round.join(" -> ")),
            hint: Some("each waits for the next; take one of these dependencies out".to_owned()),
            related: self.path.iter().map(|edge| related(edge, names)).collect(),
        }
    }
}

/// One edge, said as it is written: the one with the key first.
fn related(edge: &Edge<'_>, names: &[ProcessName]) -> (Span, String) {
    let key = edge.key.name();
    let text = if edge.key == super::resolve::Key::Before {
        format!("{} {key} {}", names[edge.to], names[edge.from])
    } else {
        format!("{} {key} {}", names[edge.from], names[edge.to])
    };
    (span(edge.origin), text)
}

/// Finds every set of processes that wait for each other, with one shortest way round each.
pub(super) fn find<'a>(size: usize, edges: &[Edge<'a>]) -> Vec<Cycle<'a>> {
    let mut out = vec![Vec::new(); size];
    for (at, edge) in edges.iter().enumerate() {
        out[edge.from].push(at);
    }
    let component = components(size, edges, &out);
    let mut found = Vec::new();
    let mut seen = vec![false; size];
    for start in 0..size {
        let id = component[start];
        if !std::mem::replace(&mut seen[id], true)
            && let Some(path) = way_round(start, edges, &out, &component)
        {
            let members = component.iter().map(|other| *other == id).collect();
            found.push(Cycle { members, path });
        }
    }
    found
}

/// A shortest way from `start` back to itself inside its component (breadth first).
fn way_round<'a>(
    start: usize,
    edges: &[Edge<'a>],
    out: &[Vec<usize>],
    component: &[usize],
) -> Option<Vec<Edge<'a>>> {
    let mut came_by: Vec<Option<usize>> = vec![None; out.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(here) = queue.pop_front() {
        for &at in &out[here] {
            let to = edges[at].to;
            if component[to] != component[start] || came_by[to].is_some() {
                continue;
            }
            came_by[to] = Some(at);
            if to == start {
                return Some(trace(start, edges, &came_by));
            }
            queue.push_back(to);
        }
    }
    None
}

fn trace<'a>(start: usize, edges: &[Edge<'a>], came_by: &[Option<usize>]) -> Vec<Edge<'a>> {
    let mut path = Vec::new();
    let mut at = start;
    while let Some(edge) = came_by[at].map(|by| &edges[by]) {
        path.push(edge.clone());
        at = edge.from;
        if at == start {
            break;
        }
    }
    path.reverse();
    path
}

/// Numbers the strongly connected components (Tarjan's algorithm, with a stack of its own: a chain of ten thousand
/// programs must not be ten thousand calls deep).
fn components(size: usize, edges: &[Edge<'_>], out: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let mut component = vec![NONE; size];
    let (mut entered, mut low) = (vec![NONE; size], vec![NONE; size]);
    let (mut stack, mut clock) = (Vec::new(), 0);
    for root in 0..size {
        if entered[root] != NONE {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((here, next)) = calls.pop() {
            if next == 0 {
                (entered[here], low[here]) = (clock, clock);
                clock += 1;
                stack.push(here);
            }
            if let Some(&at) = out[here].get(next) {
                let to = edges[at].to;
                calls.push((here, next + 1));
                if entered[to] == NONE {
                    calls.push((to, 0));
                } else if component[to] == NONE {
                    low[here] = low[here].min(entered[to]);
                }
                continue;
            }
            if low[here] == entered[here] {
                while let Some(member) = stack.pop() {
                    component[member] = here;
                    if member == here {
                        break;
                    }
                }
            }
            if let Some(&(caller, _)) = calls.last() {
                low[caller] = low[caller].min(low[here]);
            }
        }
    }
    component
}
