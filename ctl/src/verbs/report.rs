//! What came of a command for each process, told.

use serde_json::{Value, json};
use visor_dbus::UnitRow;
use visor_units::engine::Outcome;
use visor_units::fault::{Fault, Refusal};

use crate::exit::Exit;
use crate::failure::{Failure, hint_for, hint_label};
use crate::render::description::{Clock, describe, has_ended};
use crate::render::{json, printable};
use crate::screen::Screen;
use crate::select::Unknown;

/// Shows the words that mean nothing here, and what was probably meant.
pub(super) fn show_unknown(screen: &Screen, unknown: &[Unknown]) -> Result<Vec<Outcome>, Failure> {
    let outcomes: Vec<Outcome> = unknown.iter().map(Unknown::outcome).collect();
    show(screen, &outcomes)?;
    for meant in unknown.iter().filter_map(|unknown| unknown.hint.as_deref()) {
        hint(screen, &format!("did you mean {meant}?"));
    }
    Ok(outcomes)
}

/// Shows what was done, a line each.
pub(super) fn show(screen: &Screen, outcomes: &[Outcome]) -> Result<(), Failure> {
    outcomes.iter().try_for_each(|outcome| screen.line(&line(outcome)))
}

/// Writes a hint for people.
pub(super) fn hint(screen: &Screen, text: &str) {
    if !screen.json {
        screen.remark(&format!("{} {}\n", hint_label(), printable(text)));
    }
}

/// Tells what lies behind the refusals, or the document if one is wanted, and finds the exit code. `after` are the
/// processes as they are since.
pub(super) fn conclude(
    screen: &Screen,
    outcomes: &[Outcome],
    after: &[UnitRow],
    code: fn(&Refusal) -> Exit,
) -> Result<Exit, Failure> {
    if screen.json {
        screen.document(&document(outcomes))?;
    } else {
        for text in reasons(outcomes, after, &Clock::system()) {
            screen.remark(&format!("{}\n", printable(&text)));
        }
        if let Some(advice) = advice(outcomes, after) {
            hint(screen, &advice);
        }
    }
    Ok(exit_code(outcomes, code))
}

/// Whether a refusal is about what became of the process, so that its row says more.
pub(super) fn is_about_process(outcome: &Outcome) -> bool {
    matches!(
        outcome.result.as_ref().map_err(|refusal| refusal.fault),
        Err(Fault::SpawnError | Fault::AbnormalTermination | Fault::DependencyFailed)
    )
}

/// The highest of what `code` says of each refusal.
pub(super) fn exit_code(outcomes: &[Outcome], code: fn(&Refusal) -> Exit) -> Exit {
    let refusals = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err());
    refusals.map(code).max().unwrap_or_default()
}

/// `{"results":[…]}`
fn document(outcomes: &[Outcome]) -> Value {
    json!({ "results": outcomes.iter().map(json::outcome).collect::<Vec<_>>() })
}

/// In Supervisor's words: `web: started`, `web: ERROR (already started)`.
pub(super) fn line(outcome: &Outcome) -> String {
    let name = printable(&outcome.name);
    match &outcome.result {
        Ok(done) => format!("{name}: {done}"),
        Err(refusal) => format!("{name}: ERROR ({})", printable(summary(refusal))),
    }
}

/// Supervisor's text for the fault, or the refusal's own where Supervisor prints that.
fn summary(refusal: &Refusal) -> &str {
    match refusal.fault {
        Fault::Failed | Fault::NoSuchUnit => &refusal.text,
        fault => fault.text(),
    }
}

/// What Supervisor's texts leave out: how the process is now, or the rest of the refusal.
fn reasons(outcomes: &[Outcome], after: &[UnitRow], clock: &Clock) -> Vec<String> {
    let reason = |outcome: &Outcome| {
        let refusal = outcome.result.as_ref().err()?;
        let text = match now(outcome, after) {
            Some(row) => describe(row, clock),
            None => refusal.text.clone(),
        };
        (text != summary(refusal)).then(|| format!("{}: {text}", outcome.name))
    };
    outcomes.iter().filter_map(reason).collect()
}

/// The process that an outcome is about, if it is about what became of it.
fn now<'a>(outcome: &Outcome, after: &'a [UnitRow]) -> Option<&'a UnitRow> {
    after.iter().find(|row| is_about_process(outcome) && row.id == outcome.name)
}

/// Where to look next: who may act, or what the first process that ran and ended wrote.
fn advice(outcomes: &[Outcome], after: &[UnitRow]) -> Option<String> {
    let refusals = || outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err());
    if refusals().any(|refusal| refusal.fault == Fault::NotAuthorized) {
        return hint_for(Fault::NotAuthorized).map(str::to_owned);
    }
    let ended =
        outcomes.iter().filter_map(|outcome| now(outcome, after)).find(|row| has_ended(row));
    ended.map(|row| format!("`visorctl logs {}` shows what it wrote", row.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::description::tests::{clock, row};

    fn outcome(result: Result<&str, Refusal>) -> Outcome {
        Outcome { name: "web".to_owned(), result: result.map(str::to_owned) }
    }

    #[test]
    fn lines_are_supervisors() {
        assert_eq!(line(&outcome(Ok("started"))), "web: started");
        let refused = |fault, text: &str| line(&outcome(Err(Refusal::new(fault, text))));
        assert_eq!(
            refused(Fault::AlreadyStarted, "web runs as 12"),
            "web: ERROR (already started)"
        );
        assert_eq!(
            refused(Fault::SpawnError, "can't find command '/x'"),
            "web: ERROR (spawn error)"
        );
        assert_eq!(refused(Fault::Failed, "no answer"), "web: ERROR (no answer)");
    }

    #[test]
    fn a_failed_start_is_explained_by_the_process_as_it_is_now() {
        let failed = outcome(Err(Refusal::from(Fault::SpawnError)));
        let fatal = UnitRow { spawn_error: "can't find command '/x'".to_owned(), ..row("FATAL") };
        let told = reasons(std::slice::from_ref(&failed), &[fatal], &clock());
        assert_eq!(told, ["web: can't find command '/x'"]);
        assert!(reasons(&[failed, outcome(Ok("started"))], &[], &clock()).is_empty());
    }

    #[test]
    fn what_it_wrote_is_only_of_interest_if_it_ran() {
        let failed = [outcome(Err(Refusal::from(Fault::AbnormalTermination)))];
        let ended = UnitRow { started: 1, stopped: 2, exit_code: 1, ..row("FATAL") };
        let hint = "`visorctl logs web` shows what it wrote";
        assert_eq!(advice(&failed, &[ended]).as_deref(), Some(hint));
        assert_eq!(advice(&failed, &[row("FATAL")]), None);
    }

    #[test]
    fn the_document_has_one_entry_for_each_name() {
        let refused = outcome(Err(Refusal::from(Fault::NotRunning)));
        assert_eq!(
            document(&[outcome(Ok("stopped")), refused]).to_string(),
            r#"{"results":[{"done":"stopped","name":"web"},{"error":{"fault":"NotRunning","text":"not running"},"name":"web"}]}"#
        );
    }
}
