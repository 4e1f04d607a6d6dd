//! Dependency keys, under every name that they have.

use crate::config::reader::Reader;
use crate::unit::{Ordering, Origin};

/// What a group is ordered by.
pub(super) fn of_group(reader: &mut Reader<'_, '_>) -> Ordering {
    Ordering {
        requires: names(reader, "requires"),
        depends_on: names(reader, "depends_on"),
        wants: names(reader, "wants"),
        after: names(reader, "after"),
        before: names(reader, "before"),
    }
}

/// What a program is ordered by.
pub(super) fn of_program(reader: &mut Reader<'_, '_>) -> Ordering {
    let mut ordering = of_group(reader);
    wait_for(reader, &mut ordering);
    ordering
}

/// The names of one list, each with its line.
fn names(reader: &mut Reader<'_, '_>, key: &str) -> Vec<(String, Origin)> {
    let pieces = reader.pieces(key);
    pieces.into_iter().map(|(name, place)| (name, reader.origin_of(place))).collect()
}

/// `dependent_startup_wait_for=db:running setup:exited` of supervisord-dependent-startup. Waiting until something runs
/// is what `requires` does. Waiting until it has ended is not expressible: that keeps the order alone.
fn wait_for(reader: &mut Reader<'_, '_>, ordering: &mut Ordering) {
    const KEY: &str = "dependent_startup_wait_for";
    let enabled: String = reader.get("dependent_startup").unwrap_or_default();
    if matches!(enabled.to_lowercase().as_str(), "false" | "no" | "off" | "0") {
        return;
    }
    for (word, origin) in names(reader, KEY) {
        let (name, states) = word.rsplit_once(':').unwrap_or((&word, "running"));
        if states.split(',').any(|state| state.eq_ignore_ascii_case("running")) {
            ordering.depends_on.push((name.to_owned(), origin));
        } else {
            ordering.after.push((name.to_owned(), origin));
            let message = format!("`{word}` orders the start, but does not wait for that state");
            let hint = "visord waits for `running` only";
            let place = reader.place(KEY);
            reader.cx.report.warn(place, message, hint);
        }
    }
}
