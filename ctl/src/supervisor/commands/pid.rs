//! `pid`.

use super::Done;
use crate::remote::ProcessInfo;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let pid: i64 = session.link.ask("getPID", [])?;
        session.say(&pid.to_string());
    } else if names.contains(&"all") {
        let all: Vec<ProcessInfo> = session.link.ask("getAllProcessInfo", [])?;
        all.iter().for_each(|info| session.say(&info.pid.to_string()));
    } else {
        names.iter().try_for_each(|name| one(session, name))?;
    }
    Ok(())
}

fn one(session: &mut Session, name: &str) -> Done {
    match session.link.ask::<ProcessInfo>("getProcessInfo", [name.into()]) {
        Ok(info) => {
            session.say(&info.pid.to_string());
            if info.pid == 0 {
                session.status = status::NOT_RUNNING;
            }
            Ok(())
        }
        Err(exception) if exception.fault() == Some(fault::BAD_NAME) => {
            session.say(&format!("No such process {name}"));
            session.status = status::GENERIC;
            Ok(())
        }
        Err(exception) => Err(exception),
    }
}
