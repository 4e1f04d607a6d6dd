//! `[eventlistener:x]`: what it has beside a program's options.

use crate::announce::{ResultHandler, Topic};
use crate::config::reader::Reader;
use crate::unit::GroupKind;

/// The pool's own settings.
pub(super) fn pool(reader: &mut Reader<'_, '_>) -> GroupKind {
    let section = reader.section.name.clone();
    let buffer_size = reader.get("buffer_size").unwrap_or(1);
    if buffer_size < 1 {
        let message = format!("[{section}] section sets invalid buffer_size ({buffer_size})");
        reader.refuse("buffer_size", message, "write a number above 0");
    }
    let result_handler: String = reader.get("result_handler").unwrap_or_default();
    if ResultHandler::of(&result_handler) == ResultHandler::Unknown {
        let message = format!("{result_handler} is a Python plugin, which visord does not load");
        let hint = "every result but FAIL counts as success; let the listener itself do what the plugin did, and \
                    answer OK or FAIL";
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

fn events(reader: &mut Reader<'_, '_>) -> Vec<Topic> {
    let section = reader.section.name.clone();
    let written: Vec<String> = reader.get("events").unwrap_or_default();
    let mut events: Vec<Topic> = Vec::new();
    for name in written.iter().map(|name| name.to_uppercase()) {
        match Topic::parse(&name) {
            Some(topic) if events.contains(&topic) => {}
            Some(topic) => events.push(topic),
            None => {
                let known = Topic::ALL.map(|(_, name, _)| name);
                let hint = crate::config::spelling::hint(&name, known);
                let hint =
                    hint.unwrap_or_else(|| "see visord.conf(5) for the types of events".to_owned());
                let message = format!("Unknown event type {name} in [{section}] events");
                reader.refuse("events", message, &hint);
            }
        }
    }
    if written.is_empty() {
        let message = format!("[{section}] section requires an \"events\" line");
        reader.refuse_missing(message, "add a line such as `events=PROCESS_STATE`");
    }
    events
}
