//! From what was typed to processes.

use std::collections::{HashMap, HashSet};

use visor_dbus::UnitRow;
use visor_units::engine::Outcome;
use visor_units::fault::{Fault, Refusal};
use visor_units::name::{ProcessName, Selector};

/// Supervisor's text for a group that is not there.
pub(crate) const NO_SUCH_GROUP: &str = "no such group";

/// What some words mean.
#[derive(Debug, Default)]
pub(crate) struct Selection<'a> {
    /// The processes meant, each once, in start order with groups together.
    pub(crate) picked: Vec<Picked<'a>>,
    /// The words that mean nothing here.
    pub(crate) unknown: Vec<Unknown>,
}

/// A process that was meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picked<'a> {
    /// As the daemon tells it.
    pub(crate) row: &'a UnitRow,
    /// Whether it was called by its own name, not by a group, a pattern or `all`.
    pub(crate) by_name: bool,
}

/// A word without a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// What to show for it.
    pub(crate) name: String,
    /// Whether a group was meant.
    pub(crate) group: bool,
    /// The name that was probably meant.
    pub(crate) hint: Option<String>,
}

impl Unknown {
    /// What came of it, in Supervisor's words.
    pub(crate) fn outcome(&self) -> Outcome {
        let text = if self.group { NO_SUCH_GROUP } else { Fault::NoSuchUnit.text() };
        Outcome { name: self.name.clone(), result: Err(Refusal::new(Fault::NoSuchUnit, text)) }
    }
}

/// Finds the processes that `words` name; no words are all.
pub(crate) fn select<'a>(rows: &'a [UnitRow], words: &[String]) -> Selection<'a> {
    let rows = grouped(rows);
    if words.is_empty() {
        let picked = rows.into_iter().map(|row| Picked { row, by_name: false }).collect();
        return Selection { picked, unknown: Vec::new() };
    }
    let names: Vec<ProcessName> = rows.iter().map(|row| name_of(row)).collect();
    let mut meant: HashMap<usize, bool> = HashMap::new();
    let mut selection = Selection::default();
    for word in words {
        let selector = Selector::parse(word);
        let by_name = matches!(selector, Selector::Process(..));
        let found: Vec<usize> = (0..names.len()).filter(|&i| selector.matches(&names[i])).collect();
        if found.is_empty() && selector != Selector::All {
            selection.unknown.push(unknown(word, &selector, &names));
        }
        for i in found {
            *meant.entry(i).or_default() |= by_name;
        }
    }
    let mut order: Vec<(usize, bool)> = meant.into_iter().collect();
    order.sort_unstable();
    selection.picked =
        order.into_iter().map(|(i, by_name)| Picked { row: rows[i], by_name }).collect();
    selection
}

/// The full name of the process of a row.
pub(crate) fn name_of(row: &UnitRow) -> ProcessName {
    ProcessName::new(row.group.as_str(), row.name.as_str())
}

/// The rows with the processes of a group behind each other, where the first of them was.
fn grouped(rows: &[UnitRow]) -> Vec<&UnitRow> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<&UnitRow>> = Vec::new();
    for row in rows {
        let place = *places.entry(&row.group).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(row);
    }
    groups.into_iter().flatten().collect()
}

fn unknown(word: &str, selector: &Selector, names: &[ProcessName]) -> Unknown {
    let groups: HashSet<&str> = names.iter().map(|name| &*name.group).collect();
    if let Selector::Group(group) = selector {
        let hint = nearest(group, groups.into_iter()).map(|near| format!("{near}:*"));
        return Unknown { name: group.clone(), group: true, hint };
    }
    let hint = if groups.contains(word) {
        Some(format!("{word}:*"))
    } else {
        let near_group = || nearest(word, groups.into_iter()).map(|near| format!("{near}:*"));
        member(word, names).or_else(|| nearest_process(word, names)).or_else(near_group)
    };
    Unknown { name: word.to_owned(), group: false, hint }
}

/// The process whose own name was typed without its group, if it is the only one.
fn member(word: &str, names: &[ProcessName]) -> Option<String> {
    let mut found = names.iter().filter(|name| *name.process == *word);
    let only = found.next()?;
    found.next().is_none().then(|| only.to_string())
}

fn nearest_process(word: &str, names: &[ProcessName]) -> Option<String> {
    let shown: Vec<String> = names.iter().map(ProcessName::to_string).collect();
    nearest(word, shown.iter().map(String::as_str))
}

/// The candidate that was probably meant by `word`: the nearest with no more than every third letter wrong, left out or
/// in another place, else the only one that goes on where `word` ends.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.collect();
    let allowed = (word.chars().count() / 3).max(1);
    let slips = candidates.iter().map(|known| (strsim::damerau_levenshtein(word, known), *known));
    let near = slips.filter(|(slips, _)| *slips <= allowed).min().map(|(_, known)| known);
    near.or_else(|| only_beginning_with(word, &candidates)).map(str::to_owned)
}

fn only_beginning_with<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let mut found = candidates.iter().filter(|known| known.starts_with(word));
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<UnitRow> {
        ["web", "workers:w_00", "db", "workers:w_01"]
            .map(|id| {
                let (group, name) = id.split_once(':').unwrap_or((id, id));
                UnitRow {
                    id: id.to_owned(),
                    group: group.to_owned(),
                    name: name.to_owned(),
                    ..UnitRow::default()
                }
            })
            .to_vec()
    }

    fn picked(words: &[&str]) -> Vec<(String, bool)> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let rows = rows();
        let selection = select(&rows, &words);
        selection.picked.iter().map(|p| (p.row.id.clone(), p.by_name)).collect()
    }

    fn hint(word: &str) -> Option<String> {
        select(&rows(), &[word.to_owned()]).unknown.pop().and_then(|unknown| unknown.hint)
    }

    #[test]
    fn no_words_are_all_with_groups_together() {
        let ids: Vec<String> = picked(&[]).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["web", "workers:w_00", "workers:w_01", "db"]);
    }

    #[test]
    fn a_process_named_twice_is_meant_once_and_by_name() {
        let both = [("workers:w_00".to_owned(), true), ("workers:w_01".to_owned(), false)];
        assert_eq!(picked(&["workers:*", "workers:w_00", "w*_0?"]), both);
    }

    #[test]
    fn a_group_that_is_not_there_is_told_as_a_group() {
        let selection = select(&[], &["g:*".to_owned(), "x".to_owned()]);
        let texts: Vec<_> = selection.unknown.iter().map(Unknown::outcome).collect();
        let refused = |text: &str| Err(Refusal::new(Fault::NoSuchUnit, text));
        assert_eq!(texts[0], Outcome { name: "g".to_owned(), result: refused("no such group") });
        assert_eq!(texts[1], Outcome { name: "x".to_owned(), result: refused("no such process") });
    }

    #[test]
    fn all_of_nothing_is_no_error() {
        assert!(select(&[], &["all".to_owned()]).unknown.is_empty());
    }

    #[test]
    fn a_slip_of_the_pen_gets_the_name_that_was_meant() {
        for (word, meant) in [
            ("wbe", Some("web")),
            ("w_01", Some("workers:w_01")),
            ("workers", Some("workers:*")),
            ("worker", Some("workers:*")),
            ("worker:*", Some("workers:*")),
            ("workers:w_0", Some("workers:w_00")),
            ("work:", Some("workers:*")),
            ("qqqq", None),
        ] {
            assert_eq!(hint(word).as_deref(), meant, "{word}");
        }
    }
}
