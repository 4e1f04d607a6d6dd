//! From the names that were written to edges between processes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Strength;
use crate::config::{Diagnostic, Severity, Span, spelling};
use crate::name::ProcessName;
use crate::unit::{Group, Ordering, Origin, Program};

/// One process waits for another because of one key at one place.
#[derive(Clone, Debug)]
pub(super) struct Edge<'a> {
    /// The one that waits.
    pub(super) from: usize,
    /// The one waited for.
    pub(super) to: usize,
    pub(super) strength: Strength,
    pub(super) key: Key,
    pub(super) origin: &'a Origin,
}

/// A key of [`Ordering`], as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Requires,
    DependsOn,
    Wants,
    After,
    Before,
}

/// Everything that the names came to.
pub(super) struct Resolved<'a> {
    pub(super) names: Vec<ProcessName>,
    pub(super) edges: Vec<Edge<'a>>,
    pub(super) missing: Vec<Vec<String>>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Key {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Requires => "requires",
            Self::DependsOn => "depends on",
            Self::Wants => "wants",
            Self::After => "after",
            Self::Before => "before",
        }
    }

    const fn strength(self) -> Strength {
        match self {
            Self::Requires | Self::DependsOn => Strength::Requires,
            Self::Wants => Strength::Wants,
            Self::After | Self::Before => Strength::After,
        }
    }
}

/// Looks up every name of every key.
pub(super) fn resolve(groups: &[Arc<Group>]) -> Resolved<'_> {
    let directory = Directory::of(groups);
    let mut resolved = Resolved {
        names: programs(groups).map(|program| program.name.clone()).collect(),
        edges: Vec::new(),
        missing: vec![Vec::new(); programs(groups).count()],
        diagnostics: Vec::new(),
    };
    let mut first = 0;
    for group in groups {
        let members: Vec<usize> = (first..first + group.programs.len()).collect();
        first += members.len();
        resolved.add(&directory, &group.name, &group.ordering, &members, true);
        for (program, at) in group.programs.iter().zip(&members) {
            resolved.add(&directory, &group.name, &program.ordering, &[*at], false);
        }
    }
    resolved
}

impl<'a> Resolved<'a> {
    /// Adds what one section says for the processes it speaks of. Where a section speaks of many, or names many, a
    /// process that would so wait for itself is passed over.
    fn add(
        &mut self,
        directory: &Directory<'_>,
        group: &str,
        ordering: &'a Ordering,
        members: &[usize],
        many: bool,
    ) {
        for (key, name, origin) in entries(ordering) {
            let found = directory.find(group, name);
            if found.is_empty() {
                let hint = spelling::hint(name, directory.names());
                self.add_missing(key, name, origin, members, hint);
            }
            let spread = many || found.len() > 1;
            for &here in members {
                for &there in found.iter().filter(|&&there| !(spread && there == here)) {
                    self.edges.push(edge(key, here, there, origin));
                }
            }
        }
    }

    fn add_missing(
        &mut self,
        key: Key,
        name: &str,
        origin: &Origin,
        members: &[usize],
        hint: Option<String>,
    ) {
        if key == Key::Requires {
            for &here in members {
                self.missing[here].push(name.to_owned());
            }
        }
        self.diagnostics.push(Diagnostic {
            severity: if key == Key::Requires { Severity::Error } else { Severity::Warning },
            span: Some(span(origin)),
            message: format!(
                "[{}] {} {name:?}, which is no process, program or group",
                origin.section,
                key.name()
            ),
            hint,
            related: Vec::new(),
        });
    }
}

fn edge(key: Key, here: usize, there: usize, origin: &Origin) -> Edge<'_> {
    let (from, to) = if key == Key::Before { (there, here) } else { (here, there) };
    Edge { from, to, strength: key.strength(), key, origin }
}

fn entries(ordering: &Ordering) -> impl Iterator<Item = (Key, &str, &Origin)> {
    [
        (Key::Requires, &ordering.requires),
        (Key::DependsOn, &ordering.depends_on),
        (Key::Wants, &ordering.wants),
        (Key::After, &ordering.after),
        (Key::Before, &ordering.before),
    ]
    .into_iter()
    .flat_map(|(key, list)| list.iter().map(move |(name, origin)| (key, name.as_str(), origin)))
}

fn programs(groups: &[Arc<Group>]) -> impl Iterator<Item = &Arc<Program>> {
    groups.iter().flat_map(|group| &group.programs)
}

/// The place of a key; what it covers within its line is not known here.
pub(super) fn span(origin: &Origin) -> Span {
    Span { file: origin.file.clone(), line: origin.line, column: 1, start: 0, end: 0 }
}

/// What each kind of name stands for.
struct Directory<'a> {
    groups: BTreeMap<&'a str, Vec<usize>>,
    members: BTreeMap<(&'a str, &'a str), usize>,
    processes: BTreeMap<&'a str, Vec<usize>>,
    programs: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Directory<'a> {
    fn of(groups: &'a [Arc<Group>]) -> Self {
        let mut directory = Self {
            groups: groups.iter().map(|group| (&*group.name, Vec::new())).collect(),
            members: BTreeMap::new(),
            processes: BTreeMap::new(),
            programs: BTreeMap::new(),
        };
        let owners = groups.iter().flat_map(|group| group.programs.iter().map(move |p| (group, p)));
        for (at, (group, program)) in owners.enumerate() {
            let section = &program.origin.section;
            let written = section.split_once(':').map_or(section.as_str(), |(_, name)| name);
            directory.groups.entry(&group.name).or_default().push(at);
            directory.members.insert((&group.name, &program.name.process), at);
            directory.processes.entry(&program.name.process).or_default().push(at);
            directory.programs.entry(written).or_default().push(at);
        }
        directory
    }

    /// Every name that stands for something.
    fn names(&self) -> BTreeSet<&'a str> {
        let kinds = [&self.groups, &self.processes, &self.programs];
        kinds.into_iter().flat_map(|kind| kind.keys().copied()).collect()
    }

    fn find(&self, group: &str, name: &str) -> Vec<usize> {
        if let Some((group, process)) = name.split_once(':') {
            return match process {
                "" | "*" => self.groups.get(group).cloned().unwrap_or_default(),
                _ => self.members.get(&(group, process)).copied().into_iter().collect(),
            };
        }
        if let Some(&at) = self.members.get(&(group, name)) {
            return vec![at];
        }
        [&self.groups, &self.processes, &self.programs]
            .into_iter()
            .find_map(|kind| kind.get(name).filter(|found| !found.is_empty()).cloned())
            .unwrap_or_default()
    }
}
