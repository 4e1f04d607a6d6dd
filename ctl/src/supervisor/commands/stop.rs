//! `stop`.

use super::Done;
use super::order::Order;
use super::signal::FAULTS;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let names: Vec<&str> = argument.split_whitespace().collect();
    if names.is_empty() {
        session.wrong_usage("Error: stop requires a process name", "stop", status::GENERIC);
        return Ok(());
    }
    let order = Order {
        methods: ["stopProcess", "stopProcessGroup", "stopAllProcesses"],
        params: Vec::new(),
        success: "stopped",
        faults: FAULTS,
        harmless: Some(fault::NOT_RUNNING),
        no_group: status::GENERIC,
    };
    order.give(session, &names)
}
