//! `reread`, `add` and `remove`: the configuration, and what of it is active.

use std::collections::BTreeMap;

use super::Done;
use super::server::takes_nothing;
use crate::remote::CallError;
use crate::supervisor::exception::{Exception, Kind};
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};
use visor_units::xmlrpc::Value;

/// What `reloadConfig` found: groups that are new, changed and gone.
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
}

impl Changes {
    /// Has the server read its configuration.
    pub(super) fn ask(session: &Session) -> Result<Self, Exception> {
        let [[added, changed, removed]] =
            <[_; 1]>::try_from(session.link.ask::<Vec<Vec<Vec<String>>>>("reloadConfig", [])?)
                .ok()
                .and_then(|[lists]| Some([<[_; 3]>::try_from(lists).ok()?]))
                .ok_or_else(|| {
                    Exception::value("reloadConfig answered something else".to_owned())
                })?;
        Ok(Self { added, changed, removed })
    }
}

pub(super) fn reread(session: &mut Session, argument: &str) -> Done {
    if !takes_nothing(session, "reread", argument) {
        return Ok(());
    }
    match Changes::ask(session) {
        Ok(changes) => show(session, changes),
        Err(Exception { kind: Kind::Call(CallError::Fault { code, string }), .. })
            if matches!(code, fault::SHUTDOWN_STATE | fault::CANT_REREAD) =>
        {
            let told =
                if code == fault::CANT_REREAD { &string } else { "supervisor shutting down" };
            session.say(&format!("ERROR: {told}"));
            session.status = status::GENERIC;
        }
        Err(exception) => return Err(exception),
    }
    Ok(())
}

fn show(session: &Session, changes: Changes) {
    let lists = [
        (changes.added, "available"),
        (changes.changed, "changed"),
        (changes.removed, "disappeared"),
    ];
    let pairs =
        lists.into_iter().flat_map(|(names, what)| names.into_iter().map(move |name| (name, what)));
    let all: BTreeMap<String, &str> = pairs.collect();
    if all.is_empty() {
        session.say("No config updates to processes");
    }
    all.iter().for_each(|(name, what)| session.say(&format!("{name}: {what}")));
}

pub(super) fn add(session: &mut Session, argument: &str) -> Done {
    for name in argument.split_whitespace() {
        let Err(exception) = session.link.ask::<Value>("addProcessGroup", [name.into()]) else {
            session.say(&format!("{name}: added process group"));
            continue;
        };
        match exception.fault() {
            Some(fault::ALREADY_ADDED) => {
                session.say("ERROR: process group already active");
                continue;
            }
            Some(fault::SHUTDOWN_STATE) => session.say("ERROR: shutting down"),
            Some(fault::BAD_NAME) => session.say(&no_such(name)),
            _ => return Err(exception),
        }
        session.status = status::GENERIC;
    }
    Ok(())
}

pub(super) fn remove(session: &mut Session, argument: &str) -> Done {
    for name in argument.split_whitespace() {
        let Err(exception) = session.link.ask::<Value>("removeProcessGroup", [name.into()]) else {
            session.say(&format!("{name}: removed process group"));
            continue;
        };
        session.status = status::GENERIC;
        match exception.fault() {
            Some(fault::STILL_RUNNING) => {
                session.say(&format!("ERROR: process/group still running: {name}"));
            }
            Some(fault::BAD_NAME) => session.say(&no_such(name)),
            _ => return Err(exception),
        }
    }
    Ok(())
}

fn no_such(name: &str) -> String {
    format!("ERROR: no such process/group: {name}")
}
