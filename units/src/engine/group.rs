//! The set of groups: adding, removing, and how the members of all of them hang together.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::machine::{Engine, Index};
use super::process::{Place, Process};
use super::turn::Turn;
use super::{Effect, Key, Links};
use crate::name::ProcessName;
use crate::order::{Graph, Link, Strength};
use crate::unit::{Group, GroupKind};

/// A group that is running, with the keys of its programs, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) group: Arc<Group>,
    pub(super) keys: Vec<Key>,
}

impl Turn<'_> {
    /// Takes a group in: after every other of the same priority, as Supervisor does. [`Turn::relink`] must follow. The
    /// keys of its programs.
    pub(super) fn add_group(&mut self, group: Arc<Group>) -> Vec<Key> {
        let keys: Vec<Key> =
            (self.engine.record.next_key..).take(group.programs.len()).map(Key).collect();
        let is_listener = matches!(group.kind, GroupKind::EventListener { .. });
        for (key, program) in keys.iter().zip(&group.programs) {
            let process = Process::new(program.clone(), is_listener, self.now);
            self.engine.record.next_key = key.0 + 1;
            self.engine.index.enlist(*key, &process);
            self.engine.record.processes.insert(*key, process);
        }
        let groups = &mut self.engine.record.groups;
        let at = groups.partition_point(|other| other.group.priority <= group.priority);
        groups.insert(at, Member { group: group.clone(), keys: keys.clone() });
        self.effects.push(Effect::GroupAdded { group, keys: keys.clone() });
        keys
    }

    /// Lets go of a group none of whose members has a process. [`Turn::relink`] must follow.
    pub(super) fn remove_group(&mut self, name: &str) {
        let groups = &mut self.engine.record.groups;
        let Some(at) = groups.iter().position(|member| *member.group.name == *name) else { return };
        let Member { group, keys } = groups.remove(at);
        for key in &keys {
            if let Some(process) = self.engine.record.processes.remove(key) {
                self.engine.index.delist(*key, &process);
            }
        }
        self.effects.push(Effect::GroupRemoved { group, keys });
    }

    /// Makes the start order and every dependency anew.
    pub(super) fn relink(&mut self) {
        let changed = self.engine.relink();
        self.effects.extend(changed.into_iter().map(|key| Effect::Refresh { key }));
    }
}

impl Engine {
    pub(super) fn member(&self, group: &str) -> Option<&Member> {
        self.record.groups.iter().find(|member| *member.group.name == *group)
    }

    /// Those that others depend on, or that depend on others, in another way than before.
    fn relink(&mut self) -> Vec<Key> {
        let mut changed = Vec::new();
        let (graph, _) = Graph::resolve(&self.groups());
        let keys: Vec<Key> =
            self.record.groups.iter().flat_map(|member| member.keys.iter().copied()).collect();
        self.index.order = graph.start_order().iter().map(|at| keys[*at]).collect();
        let ranks: BTreeMap<Key, usize> = self.index.order.iter().copied().zip(0..).collect();
        for (at, key) in keys.iter().enumerate() {
            if let Some(process) = self.record.processes.get_mut(key) {
                let links = Arc::new(links(&graph, at));
                if links != process.place.links {
                    changed.push(*key);
                }
                process.place = Place {
                    rank: ranks.get(key).copied().unwrap_or_default(),
                    dependencies: by_key(&keys, graph.dependencies_of(at)),
                    dependents: by_key(&keys, graph.dependents_of(at)),
                    missing: graph.missing(at).first().cloned(),
                    links,
                };
            }
        }
        changed
    }

    /// Makes everything anew that follows from the record.
    pub(super) fn reindex(&mut self) {
        let programs = self.record.groups.iter().flat_map(|member| {
            member.keys.iter().copied().zip(member.group.programs.iter().cloned())
        });
        for (key, program) in programs {
            if let Some(process) = self.record.processes.get_mut(&key) {
                process.program = program;
            }
        }
        self.index = Index::default();
        let going_down = self.record.closing.is_some();
        for (key, process) in &self.record.processes {
            self.index.enlist(*key, process);
            self.index.timers.set(*key, process.phase().deadline(going_down));
        }
        self.relink();
    }
}

/// The dependencies of the process at this position, by name.
fn links(graph: &Graph, at: usize) -> Links {
    let names = |links: &[Link], counts: fn(Strength) -> bool| -> Vec<ProcessName> {
        let links = links.iter().filter(|link| counts(link.strength));
        links.filter_map(|link| graph.name(link.other).cloned()).collect()
    };
    let dependencies = graph.dependencies_of(at);
    Links {
        requires: names(dependencies, |strength| strength == Strength::Requires),
        wants: names(dependencies, |strength| strength == Strength::Wants),
        after: names(dependencies, |_| true),
        required_by: names(graph.dependents_of(at), |strength| strength == Strength::Requires),
    }
}

fn by_key(keys: &[Key], links: &[Link]) -> Vec<(Key, Strength)> {
    links.iter().map(|link| (keys[link.other], link.strength)).collect()
}

impl Index {
    fn enlist(&mut self, key: Key, process: &Process) {
        self.names.insert(process.name().clone(), key);
        self.counts.add(process.state(), 1);
        self.pids.extend(process.phase().pid().map(|pid| (pid, key)));
        self.listeners.extend(process.is_listener.then_some(key));
        for dependency in process.phase().obstacles().into_iter().flatten() {
            self.waiting.entry(*dependency).or_default().insert(key);
        }
    }

    fn delist(&mut self, key: Key, process: &Process) {
        self.names.remove(process.name());
        self.counts.add(process.state(), -1);
        self.timers.set(key, None);
        self.waiting.remove(&key);
        self.listeners.remove(&key);
    }
}
