//! `signal`.

use super::Done;
use super::order::{Order, SERVERS_OWN};
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};

/// What the faults of `stop` and `signal` mean.
pub(super) const FAULTS: &[(i64, &str)] = &[
    (fault::BAD_NAME, "no such process"),
    (fault::BAD_SIGNAL, "bad signal name"),
    (fault::NOT_RUNNING, "not running"),
    (fault::FAILED, SERVERS_OWN),
];

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    let [signal, names @ ..] = words.as_slice() else { return usage(session) };
    if names.is_empty() {
        return usage(session);
    }
    let order = Order {
        methods: ["signalProcess", "signalProcessGroup", "signalAllProcesses"],
        params: vec![(*signal).into()],
        success: "signalled",
        faults: FAULTS,
        harmless: None,
        no_group: status::GENERIC,
    };
    order.give(session, names)
}

fn usage(session: &mut Session) -> Done {
    let text = "Error: signal requires a signal name and a process name";
    session.wrong_usage(text, "signal", status::GENERIC);
    Ok(())
}
