//! `start`.

use super::Done;
use super::order::Order;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        let text = "Error: start requires a process name";
        session.wrong_usage(text, "start", status::INVALID_ARGS);
        return Ok(());
    }
    let order = Order {
        methods: ["startProcess", "startProcessGroup", "startAllProcesses"],
        params: Vec::new(),
        success: "started",
        faults: &[
            (fault::BAD_NAME, "no such process"),
            (fault::NO_FILE, "no such file"),
            (fault::NOT_EXECUTABLE, "file is not executable"),
            (fault::ALREADY_STARTED, "already started"),
            (fault::SPAWN_ERROR, "spawn error"),
            (fault::ABNORMAL_TERMINATION, "abnormal termination"),
        ],
        harmless: Some(fault::ALREADY_STARTED),
        no_group: status::INVALID_ARGS,
    };
    order.give(session, &names)
}
