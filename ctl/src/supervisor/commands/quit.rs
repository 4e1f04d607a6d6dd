//! `quit`, `exit` and the end of the input.

use super::Done;
use crate::supervisor::session::Session;

#[expect(clippy::unnecessary_wraps, reason = "every command has this signature")]
pub(super) fn run(session: &mut Session, _argument: &str) -> Done {
    session.say("");
    session.over = true;
    Ok(())
}
