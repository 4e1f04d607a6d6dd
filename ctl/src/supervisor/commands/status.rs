//! `status`.

use super::Done;
use crate::remote::ProcessInfo;
use crate::supervisor::names;
use crate::supervisor::session::Session;
use crate::supervisor::status::{SOMETHING_STOPPED, STOPPED_STATES, UNKNOWN};

/// The least room for names.
const LEAST: usize = 30;

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        session.status = UNKNOWN;
        return Ok(());
    }
    let all: Vec<ProcessInfo> = session.link.ask("getAllProcessInfo", [])?;
    let names: Vec<&str> = argument.split_whitespace().collect();
    let chosen = if names.is_empty() || names.contains(&"all") {
        all.iter().collect()
    } else {
        choose(session, &all, &names)
    };
    show(session, &chosen);
    if chosen.iter().any(|info| STOPPED_STATES.contains(&info.state)) {
        session.status = SOMETHING_STOPPED;
    }
    Ok(())
}

/// The processes that are meant, in the order of the names; a name that means none is told.
fn choose<'a>(
    session: &mut Session,
    all: &'a [ProcessInfo],
    names: &[&str],
) -> Vec<&'a ProcessInfo> {
    let mut chosen = Vec::new();
    for name in names {
        let (group, process) = names::split(name);
        let is_meant = |info: &&ProcessInfo| {
            info.group == group && process.is_none_or(|process| info.name == process)
        };
        let before = chosen.len();
        chosen.extend(all.iter().filter(is_meant));
        if chosen.len() == before {
            session.say(&match process {
                None => format!("{group}: ERROR (no such group)"),
                Some(_) => format!("{name}: ERROR (no such process)"),
            });
            session.status = UNKNOWN;
        }
    }
    chosen
}

fn show(session: &Session, infos: &[&ProcessInfo]) {
    let names: Vec<String> =
        infos.iter().map(|info| names::join(&info.group, &info.name)).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let width = longest.max(LEAST) + 3;
    for (name, info) in names.iter().zip(infos) {
        session.say(&format!("{name:<width$}{:<10}{}", info.statename, info.description));
    }
}
