//! `avail`.

use super::Done;
use crate::remote::ConfigInfo;
use crate::supervisor::names;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !argument.is_empty() {
        session.wrong_usage("Error: avail accepts no arguments", "avail", status::GENERIC);
        return Ok(());
    }
    match session.link.ask::<Vec<ConfigInfo>>("getAllConfigInfo", []) {
        Ok(all) => all.iter().for_each(|info| session.say(&line(info))),
        Err(exception) if exception.fault() == Some(fault::SHUTDOWN_STATE) => {
            session.say("ERROR: supervisor shutting down");
            session.status = status::GENERIC;
        }
        Err(exception) => return Err(exception),
    }
    Ok(())
}

fn line(info: &ConfigInfo) -> String {
    let name = names::join(&info.group, &info.name);
    let inuse = if info.inuse { "in use" } else { "avail" };
    let autostart = if info.autostart { "auto" } else { "manual" };
    format!("{name:<32} {inuse:<9} {autostart:<9} {}:{}", info.group_prio, info.process_prio)
}
