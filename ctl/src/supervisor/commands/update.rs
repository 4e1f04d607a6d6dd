//! `update`: rereads the configuration and makes it so.

use super::Done;
use super::configure::Changes;
use crate::remote::{ProcessInfo, ProcessResult};
use crate::supervisor::exception::Exception;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};
use visor_units::xmlrpc::Value;

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    let changes = match Changes::ask(session) {
        Ok(changes) => changes,
        Err(exception) => return refused(session, exception),
    };
    let mut names: Vec<&str> = argument.split_whitespace().collect();
    if names.contains(&"all") {
        names.clear();
    }
    tell_unknown(session, &changes, &names)?;
    let is_meant = |group: &&String| names.is_empty() || names.contains(&group.as_str());
    changes.removed.iter().filter(is_meant).try_for_each(|group| remove(session, group))?;
    changes.changed.iter().filter(is_meant).try_for_each(|group| change(session, group))?;
    for group in changes.added.iter().filter(is_meant) {
        session.link.ask::<Value>("addProcessGroup", [group.as_str().into()])?;
        session.say(&format!("{group}: added process group"));
    }
    Ok(())
}

fn refused(session: &mut Session, exception: Exception) -> Done {
    if exception.fault() != Some(fault::SHUTDOWN_STATE) {
        return Err(exception);
    }
    session.say("ERROR: already shutting down");
    session.status = status::GENERIC;
    Ok(())
}

/// Tells which of the names mean no group, active or new.
fn tell_unknown(session: &mut Session, changes: &Changes, names: &[&str]) -> Done {
    if names.is_empty() {
        return Ok(());
    }
    let active: Vec<ProcessInfo> = session.link.ask("getAllProcessInfo", [])?;
    let is_known = |name: &str| {
        active.iter().any(|info| info.group == name) || changes.added.iter().any(|g| g == name)
    };
    for (index, name) in names.iter().enumerate() {
        if !is_known(name) && !names[..index].contains(name) {
            session.say(&format!("ERROR: no such group: {name}"));
            session.status = status::GENERIC;
        }
    }
    Ok(())
}

fn stop(session: &Session, group: &str) -> Result<Vec<ProcessResult>, Exception> {
    let results = session.link.ask("stopProcessGroup", [group.into()])?;
    session.say(&format!("{group}: stopped"));
    Ok(results)
}

fn remove(session: &mut Session, group: &str) -> Done {
    if stop(session, group)?.iter().any(|result| result.status == fault::FAILED) {
        session.say(&format!("{group}: has problems; not removing"));
        session.status = status::GENERIC;
        return Ok(());
    }
    session.link.ask::<Value>("removeProcessGroup", [group.into()])?;
    session.say(&format!("{group}: removed process group"));
    Ok(())
}

fn change(session: &Session, group: &str) -> Done {
    stop(session, group)?;
    session.link.ask::<Value>("removeProcessGroup", [group.into()])?;
    session.link.ask::<Value>("addProcessGroup", [group.into()])?;
    session.say(&format!("{group}: updated process group"));
    Ok(())
}
