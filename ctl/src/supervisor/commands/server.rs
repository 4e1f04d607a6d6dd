//! `shutdown`, `reload` and `version`: what concerns the server itself.

use std::io;

use super::Done;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};
use visor_units::xmlrpc::Value;

pub(super) fn shutdown(session: &mut Session, argument: &str) -> Done {
    let question = "Really shut the remote supervisord process down y/N? ";
    if !takes_nothing(session, "shutdown", argument) || !session.agreed(question)? {
        return Ok(());
    }
    let exception = match session.link.ask::<Value>("shutdown", []) {
        Ok(_) => return said(session, "Shut down"),
        Err(exception) if exception.fault() == Some(fault::SHUTDOWN_STATE) => {
            return said(session, "ERROR: already shutting down");
        }
        Err(exception) => exception,
    };
    session.status = status::GENERIC;
    let what = match exception.os_error() {
        Some(io::ErrorKind::ConnectionRefused) => "refused connection",
        Some(io::ErrorKind::NotFound) => "no such file",
        _ => return Err(exception),
    };
    let url = session.link.url();
    said(session, &format!("ERROR: {url} {what} (already shut down?)"))
}

pub(super) fn reload(session: &mut Session, argument: &str) -> Done {
    let question = "Really restart the remote supervisord process y/N? ";
    if !takes_nothing(session, "reload", argument) || !session.agreed(question)? {
        return Ok(());
    }
    match session.link.ask::<Value>("restart", []) {
        Ok(_) => said(session, "Restarted supervisord"),
        Err(exception) if exception.fault() == Some(fault::SHUTDOWN_STATE) => {
            session.status = status::GENERIC;
            said(session, "ERROR: already shutting down")
        }
        Err(exception) => Err(exception),
    }
}

pub(super) fn version(session: &mut Session, argument: &str) -> Done {
    if !takes_nothing(session, "version", argument) || !session.is_up()? {
        return Ok(());
    }
    let version: String = session.link.ask("getSupervisorVersion", [])?;
    said(session, &version)
}

/// Whether there is no argument; if there is one, says so.
pub(super) fn takes_nothing(session: &mut Session, command: &str, argument: &str) -> bool {
    if !argument.is_empty() {
        let text = format!("Error: {command} accepts no arguments");
        session.wrong_usage(&text, command, status::GENERIC);
    }
    argument.is_empty()
}

#[expect(clippy::unnecessary_wraps, reason = "the end of a command")]
fn said(session: &Session, text: &str) -> Done {
    session.say(text);
    Ok(())
}
