//! `visorctl why`

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};
use visor_dbus::UnitRow;
use visor_units::engine::Cause;

use super::Names;
use super::report::show_unknown;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::description::{Clock, describe};
use crate::render::{json, printable};
use crate::select::select;

/// Say why processes are in the state they are in
///
/// What a process waits for, or failed because of, follows it with its own reason, and so on.
#[derive(Debug, Args)]
pub(crate) struct Why {
    #[command(flatten)]
    names: Names,
}

impl Why {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let rows = context.connect().await?.list_with_usage().await?;
        let selection = select(&rows, &self.names.names);
        let picked = selection.picked.iter().map(|picked| picked.row);
        let reasons: Vec<Reason<'_>> = picked.map(|row| Reason::of(row, &rows)).collect();
        let (screen, clock) = (&context.screen, Clock::system());
        if screen.json {
            let values = reasons.iter().map(|reason| reason.json(&clock)).collect();
            screen.document(&json::with_unknown("processes", values, &selection.unknown))?;
        } else {
            show_unknown(screen, &selection.unknown)?;
            let text: String = reasons.iter().map(|reason| reason.text(&clock, 0)).collect();
            screen.print(&text)?;
        }
        Ok(if selection.unknown.is_empty() { Exit::Success } else { Exit::Failed })
    }
}

/// A process, and those that are the reason for its state.
struct Reason<'r> {
    row: &'r UnitRow,
    because: Vec<Self>,
}

impl<'r> Reason<'r> {
    fn of(row: &'r UnitRow, rows: &'r [UnitRow]) -> Self {
        Self::beyond(row, rows, &mut BTreeSet::new())
    }

    /// Each process is named once: what waits for each other in a circle would have no end.
    fn beyond(row: &'r UnitRow, rows: &'r [UnitRow], seen: &mut BTreeSet<&'r str>) -> Self {
        seen.insert(&row.id);
        let names = row.waiting_for.iter().map(String::as_str).chain(Cause::culprit(&row.cause));
        let mut because = Vec::new();
        for other in names.filter_map(|name| rows.iter().find(|other| other.id == name)) {
            if !seen.contains(other.id.as_str()) {
                because.push(Self::beyond(other, rows, seen));
            }
        }
        Self { row, because }
    }

    /// What is said of the process itself: its description, and the cause if that is not in it.
    fn words(&self, clock: &Clock) -> String {
        let description = describe(self.row, clock);
        let cause = &self.row.cause;
        match (description.is_empty(), description.contains(cause.as_str())) {
            (true, _) => cause.clone(),
            (false, true) => description,
            (false, false) => format!("{description}; {cause}"),
        }
    }

    fn text(&self, clock: &Clock, depth: usize) -> String {
        let Self { row, because } = self;
        let words = self.words(clock);
        let (since, words) = match row.changed {
            0 => (String::new(), words.as_str()),
            changed => {
                let date = clock.date(changed);
                let rest = words.strip_prefix(&date).map(|rest| rest.trim_start_matches("; "));
                (format!(" since {date}"), rest.unwrap_or(&words))
            }
        };
        let words = if words.is_empty() { String::new() } else { format!(": {words}") };
        let line = format!("{} is {}{since}{words}", row.id, row.state);
        let mut text = format!("{:1$}{2}\n", "", depth * 2, printable(&line));
        text.extend(because.iter().map(|reason| reason.text(clock, depth + 1)));
        text
    }

    fn json(&self, clock: &Clock) -> Value {
        let because: Vec<Value> = self.because.iter().map(|reason| reason.json(clock)).collect();
        json!({
            "id": self.row.id,
            "state": self.row.state,
            "since": self.row.changed,
            "cause": self.row.cause,
            "reason": self.words(clock),
            "because": because,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::description::tests::{NOW, clock, row};

    fn named(id: &str, state: &str, cause: &str, waiting_for: &[&str]) -> UnitRow {
        let waiting_for = waiting_for.iter().map(ToString::to_string).collect();
        let (id, cause) = (id.to_owned(), cause.to_owned());
        UnitRow { id, cause, waiting_for, changed: NOW, ..row(state) }
    }

    fn said(rows: &[UnitRow]) -> String {
        Reason::of(&rows[0], rows).text(&clock(), 0)
    }

    #[test]
    fn a_failure_is_followed_to_its_beginning() {
        let mut db = named("db", "FATAL", "too many start retries too quickly", &[]);
        db.spawn_error = "can't find command '/x'".to_owned();
        let rows = [
            named("web", "FATAL", "dependency app failed", &[]),
            named("app", "FATAL", "dependency db failed", &[]),
            db,
        ];
        assert_eq!(
            said(&rows),
            "web is FATAL since Nov 23 01:02 AM: dependency app failed\n  \
             app is FATAL since Nov 23 01:02 AM: dependency db failed\n    \
             db is FATAL since Nov 23 01:02 AM: can't find command '/x'; too many start retries too quickly\n"
        );
    }

    #[test]
    fn who_waits_is_followed_by_whom_it_waits_for_once_each() {
        let rows = [
            named("web", "STARTING", "autostart", &["db", "gone"]),
            named("db", "STARTING", "needed by web", &["web"]),
        ];
        assert_eq!(
            said(&rows),
            "web is STARTING since Nov 23 01:02 AM: waiting for db, gone; autostart\n  \
             db is STARTING since Nov 23 01:02 AM: waiting for web; needed by web\n"
        );
        let value = Reason::of(&rows[0], &rows).json(&clock());
        assert_eq!(value["because"][0]["id"], "db");
        assert_eq!(value["because"][0]["because"], json!([]));
    }

    #[test]
    fn a_date_is_said_once() {
        let ended = UnitRow { stopped: NOW, exit_code: 3, ..named("web", "EXITED", "", &[]) };
        assert_eq!(said(&[ended]), "web is EXITED since Nov 23 01:02 AM: exit status 3\n");
    }

    #[test]
    fn what_never_started_has_a_reason_too() {
        assert_eq!(
            said(&[UnitRow { autostart: false, ..named("web", "STOPPED", "", &[]) }]),
            "web is STOPPED since Nov 23 01:02 AM: Not started; autostart=false\n"
        );
    }
}
