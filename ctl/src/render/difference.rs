//! What a new configuration changes.

use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use visor_dbus::UnitRow;
use visor_units::config::Difference;
use visor_units::engine::State;

use super::printable;

/// Supervisor's answer where there is nothing to do.
pub(crate) const NOTHING: &str = "No config updates to processes\n";

/// Supervisor's answer to `reread`, sorted by name: `web: changed`.
pub(crate) fn reread(difference: &Difference) -> String {
    let kinds = [
        (&difference.added, "available"),
        (&difference.changed, "changed"),
        (&difference.removed, "disappeared"),
    ];
    let named = |(names, word): (&Vec<Arc<str>>, &'static str)| {
        names.iter().map(move |name| (name.clone(), word)).collect::<Vec<_>>()
    };
    let mut lines: Vec<(Arc<str>, &str)> = kinds.into_iter().flat_map(named).collect();
    lines.sort();
    if lines.is_empty() {
        return NOTHING.to_owned();
    }
    lines.iter().map(|(name, word)| format!("{}: {word}\n", printable(name))).collect()
}

/// What `update` is about to do, a line for each group in the order it is done; `rows` are what there is now.
pub(crate) fn plan(difference: &Difference, rows: &[UnitRow]) -> String {
    let line = |sign: &str, colour: AnsiColor, name: &str, what: &str| {
        let style = Style::new().fg_color(Some(colour.into()));
        format!("{style}{sign} {}{style:#}  {what}\n", printable(name))
    };
    let stops = |name: &str| match running(rows, name) {
        0 => "nothing of it runs".to_owned(),
        1 => "stops 1 process".to_owned(),
        n => format!("stops {n} processes"),
    };
    let removed =
        |name: &Arc<str>| line("-", AnsiColor::Red, name, &format!("removed, {}", stops(name)));
    let changed = |name: &Arc<str>| {
        line("~", AnsiColor::Yellow, name, &format!("changed, {} and replaces it", stops(name)))
    };
    let added = |name: &Arc<str>| line("+", AnsiColor::Green, name, "added");
    let lines = difference.removed.iter().map(removed);
    let lines = lines.chain(difference.changed.iter().map(changed));
    lines.chain(difference.added.iter().map(added)).collect()
}

/// How many processes of a group run or are on their way.
fn running(rows: &[UnitRow], group: &str) -> usize {
    let up = |row: &&UnitRow| {
        row.group == group && State::from_name(&row.state).is_some_and(|state| !state.is_stopped())
    };
    rows.iter().filter(up).count()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::super::description::tests::row;
    use super::*;

    fn difference() -> Difference {
        let names = |names: &[&str]| names.iter().map(|&name| name.into()).collect();
        Difference {
            added: names(&["mailer"]),
            changed: names(&["web"]),
            removed: names(&["api", "old"]),
        }
    }

    #[test]
    fn reread_answers_in_supervisors_words() {
        assert_eq!(
            reread(&difference()),
            "api: disappeared\nmailer: available\nold: disappeared\nweb: changed\n"
        );
        assert_eq!(reread(&Difference::default()), "No config updates to processes\n");
    }

    #[test]
    fn a_plan_says_what_will_be_stopped() {
        let in_group = |group: &str, state: &str| UnitRow { group: group.to_owned(), ..row(state) };
        let rows =
            [in_group("web", "RUNNING"), in_group("web", "STARTING"), in_group("old", "FATAL")];
        assert_eq!(
            strip_str(&plan(&difference(), &rows)).to_string(),
            "\
- api  removed, nothing of it runs
- old  removed, nothing of it runs
~ web  changed, stops 2 processes and replaces it
+ mailer  added
"
        );
    }
}
