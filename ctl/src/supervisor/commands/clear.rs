//! `clear`.

use super::{Done, order};
use crate::remote::ProcessResult;
use crate::supervisor::names;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};
use visor_units::xmlrpc::Value;

const FAULTS: &[(i64, &str)] = &[(fault::BAD_NAME, "no such process"), (fault::FAILED, "failed")];

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        session.wrong_usage("Error: clear requires a process name", "clear", status::GENERIC);
        return Ok(());
    }
    if names.contains(&"all") {
        let results: Vec<ProcessResult> = session.link.ask("clearAllProcessLogs", [])?;
        return results.iter().try_for_each(|result| show(session, result));
    }
    for name in names {
        let (group, process) = names::split(name);
        let answer = session.link.ask::<Value>("clearProcessLogs", [name.into()]);
        let result = order::result(group, process, answer)?;
        show(session, &result)?;
    }
    Ok(())
}

fn show(session: &mut Session, result: &ProcessResult) -> Done {
    session.say(&order::line(result, "cleared", FAULTS)?);
    session.count(result.status, None);
    Ok(())
}
