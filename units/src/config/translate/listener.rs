//! `[eventlistener:x]`: what it has beside a program's options.

use crate::config::options::DEFAULT_RESULT_HANDLER;
use crate::config::reader::Reader;
use crate::unit::GroupKind;

/// Every type of event that a listener can name.
const EVENT_TYPES: [&str; 27] = [
    "EVENT",
    "PROCESS_STATE",
    "PROCESS_STATE_STARTING",
    "PROCESS_STATE_RUNNING",
    "PROCESS_STATE_BACKOFF",
    "PROCESS_STATE_STOPPING",
    "PROCESS_STATE_EXITED",
    "PROCESS_STATE_STOPPED",
    "PROCESS_STATE_FATAL",
    "PROCESS_STATE_UNKNOWN",
    "PROCESS_COMMUNICATION",
    "PROCESS_COMMUNICATION_STDOUT",
    "PROCESS_COMMUNICATION_STDERR",
    "PROCESS_LOG",
    "PROCESS_LOG_STDOUT",
    "PROCESS_LOG_STDERR",
    "REMOTE_COMMUNICATION",
    "SUPERVISOR_STATE_CHANGE",
    "SUPERVISOR_STATE_CHANGE_RUNNING",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
    "TICK",
    "TICK_5",
    "TICK_60",
    "TICK_3600",
    "PROCESS_GROUP",
    "PROCESS_GROUP_ADDED",
    "PROCESS_GROUP_REMOVED",
];

/// The pool's own settings.
pub(super) fn pool(reader: &mut Reader<'_, '_>) -> GroupKind {
    let section = reader.section.name.clone();
    let buffer_size = reader.get("buffer_size").unwrap_or(1);
    if buffer_size < 1 {
        let message = format!("[{section}] section sets invalid buffer_size ({buffer_size})");
        reader.refuse("buffer_size", message, "write a number above 0");
    }
    let result_handler: String = reader.get("result_handler").unwrap_or_default();
    if result_handler != DEFAULT_RESULT_HANDLER && reader.entry("result_handler").is_some() {
        let message = format!("{result_handler} is a Python plugin, which visord does not load");
        let hint = "results are judged as the default handler judges them";
        reader.cx.report.warn(reader.place("result_handler"), message, hint);
    }
    let events = events(reader);
    if reader.get("redirect_stderr").unwrap_or_default() {
        let message = format!(
            "[{section}] section sets redirect_stderr=true but this is not allowed because it will \
             interfere with the eventlistener protocol"
        );
        reader.refuse("redirect_stderr", message, "remove this line");
    }
    GroupKind::EventListener { buffer_size, events, result_handler }
}

fn events(reader: &mut Reader<'_, '_>) -> Vec<String> {
    let section = reader.section.name.clone();
    let written: Vec<String> = reader.get("events").unwrap_or_default();
    let mut events: Vec<String> = Vec::new();
    for name in written.iter().map(|name| name.to_uppercase()) {
        if !EVENT_TYPES.contains(&name.as_str()) {
            let hint = crate::config::spelling::hint(&name, EVENT_TYPES);
            let hint = hint.unwrap_or_else(|| "see the manual for the types of events".to_owned());
            reader.refuse(
                "events",
                format!("Unknown event type {name} in [{section}] events"),
                &hint,
            );
        } else if !events.contains(&name) {
            events.push(name);
        }
    }
    if written.is_empty() {
        let message = format!("[{section}] section requires an \"events\" line");
        reader.refuse_missing(message, "add a line such as `events=PROCESS_STATE`");
    }
    events
}
