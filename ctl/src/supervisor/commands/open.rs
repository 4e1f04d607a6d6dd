//! `open`.

use super::{Done, status as show};
use crate::supervisor::session::Session;
use crate::supervisor::status;

pub(super) fn run(session: &mut Session, url: &str) -> Done {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("unix" | "http")) {
        session.say("ERROR: url must be http:// or unix://");
        session.status = status::GENERIC;
        return Ok(());
    }
    session.link.set_url(url);
    // What is seen there does not count for the exit status, unless it is an exception.
    let before = session.status;
    show::run(session, "")?;
    session.status = before;
    Ok(())
}
