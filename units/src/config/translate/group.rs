//! Groups, in the order in which they start.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::program::{own_name, processes};
use super::{fastcgi, listener, ordering};
use crate::config::options::SectionKind;
use crate::config::reader::{Context, Reader};
use crate::config::text::{Document, Section};
use crate::unit::{Group, GroupKind, Ordering, Program};

/// Supervisor makes groups of events listeners first to start and last to stop.
const LISTENER_PRIORITY: i64 = -1;

type Environment = BTreeMap<String, String>;

/// Every group by (priority, name): those that are written, and one for each program that is in none.
pub(super) fn groups(
    cx: &mut Context<'_>,
    document: &Document,
    global: &Environment,
) -> Vec<Group> {
    let mut taken = HashSet::new();
    let mut groups = Vec::new();
    for (section, _) in document.with_prefix("group:") {
        groups.push(written(cx, document, section, global, &mut taken));
    }
    for kind in [SectionKind::Program, SectionKind::EventListener, SectionKind::FcgiProgram] {
        for (section, _) in document.with_prefix(kind.name()) {
            if !taken.contains(section.name.as_str()) {
                groups.extend(alone(cx, document, section, kind, global));
            }
        }
    }
    groups.sort_by(|a, b| (a.priority, &a.name).cmp(&(b.priority, &b.name)));
    drop_namesakes(cx, document, &mut groups);
    groups
}

/// `[group:x]`.
fn written<'d>(
    cx: &mut Context<'_>,
    document: &'d Document,
    section: &Section,
    global: &Environment,
    taken: &mut HashSet<&'d str>,
) -> Group {
    let mut reader = Reader::new(cx, document, section, SectionKind::Group).with_here();
    let name = own_name(&mut reader);
    let names: Vec<String> = reader.get("programs").unwrap_or_default();
    let priority = reader.get("priority").unwrap_or_default();
    let (origin, ordering) = (reader.origin(), ordering::of_group(&mut reader));
    let mut programs = Vec::new();
    for member in names {
        let Some((found, kind)) = self::member(cx, document, section, &member) else { continue };
        taken.insert(found.name.as_str());
        let socket = match kind {
            SectionKind::FcgiProgram => fastcgi::of_member(cx, document, found),
            _ => None,
        };
        let members = processes(cx, document, found, kind, &name, global);
        programs.extend(
            members.into_iter().map(|program| Program { socket: socket.clone(), ..program }),
        );
    }
    let programs = without_namesakes(cx, section, programs);
    Group { name: name.into(), origin, priority, kind: GroupKind::Group, programs, ordering }
}

/// The section that a name in `programs=` stands for.
fn member<'d>(
    cx: &mut Context<'_>,
    document: &'d Document,
    group: &Section,
    name: &str,
) -> Option<(&'d Section, SectionKind)> {
    let program = document.section(&format!("program:{name}"));
    let fcgi = document.section(&format!("fcgi-program:{name}"));
    let mut reader = Reader::new(cx, document, group, SectionKind::Group);
    let title = &group.name;
    match (program, fcgi) {
        (Some(_), Some(_)) => {
            let message =
                format!("[{title}] name {name} is ambiguous (exists as program and fcgi-program)");
            reader.refuse("programs", message, "rename one of the two");
            None
        }
        (Some(section), None) => Some((section, SectionKind::Program)),
        (None, Some(section)) => Some((section, SectionKind::FcgiProgram)),
        (None, None) => {
            let known = document.with_prefix("program:").map(|(_, name)| name);
            let hint = crate::config::spelling::hint(name, known);
            let hint = hint.unwrap_or_else(|| format!("add a section [program:{name}]"));
            let message = format!("[{title}] names unknown program or fcgi-program {name}");
            reader.refuse("programs", message, &hint);
            None
        }
    }
}

/// A program, listener or FastCGI program that is a group of its own.
fn alone(
    cx: &mut Context<'_>,
    document: &Document,
    section: &Section,
    kind: SectionKind,
    global: &Environment,
) -> Option<Group> {
    let mut reader = Reader::new(cx, document, section, kind).with_here();
    let (name, priority, group_kind) = match kind {
        SectionKind::EventListener => {
            let name = section.name.split_once(':').map_or("", |(_, name)| name).to_owned();
            let priority = reader.get_or("priority", LISTENER_PRIORITY);
            (name, priority, Some(listener::pool(&mut reader)))
        }
        _ => {
            let name = own_name(&mut reader);
            let priority = reader.get("priority").unwrap_or_default();
            let group_kind = match kind {
                SectionKind::FcgiProgram => {
                    fastcgi::socket(&mut reader, &name).map(GroupKind::FastCgi)
                }
                _ => Some(GroupKind::Program),
            };
            (name, priority, group_kind)
        }
    };
    let origin = reader.origin();
    let mut programs = processes(cx, document, section, kind, &name, global);
    if let Some(GroupKind::FastCgi(socket)) = &group_kind {
        programs.iter_mut().for_each(|program| program.socket = Some(socket.clone()));
    }
    let programs = without_namesakes(cx, section, programs);
    let ordering = Ordering::default();
    Some(Group { name: name.into(), origin, priority, kind: group_kind?, programs, ordering })
}

/// Of processes of one name in a group, Supervisor runs the last.
fn without_namesakes(
    cx: &mut Context<'_>,
    section: &Section,
    programs: Vec<Program>,
) -> Vec<Arc<Program>> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for program in programs.into_iter().rev() {
        if seen.insert(program.name.process.clone()) {
            kept.push(Arc::new(program));
            continue;
        }
        let message = format!(
            "[{}] has several processes of the name {}; the last one counts",
            section.name, program.name.process
        );
        let hint = "make process_name differ, with %(process_num)d or %(program_name)s";
        cx.report.warn(section.header, message, hint);
    }
    kept.reverse();
    kept
}

/// Of groups of one name, Supervisor starts the first and drops the others.
fn drop_namesakes(cx: &mut Context<'_>, document: &Document, groups: &mut Vec<Group>) {
    let mut seen = HashSet::new();
    groups.retain(|group| {
        let first = seen.insert(group.name.clone());
        if !first {
            let header = document.section(&group.origin.section).and_then(|s| s.header);
            let message = format!(
                "[{}] is not started: another group has the name {}",
                group.origin.section, group.name
            );
            cx.report.warn(header, message, "rename one of the two");
        }
        first
    });
}
