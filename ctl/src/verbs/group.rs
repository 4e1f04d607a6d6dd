//! One order for several groups, one after the other.

use visor_units::engine::Outcome;
use visor_units::fault::{Fault, Refusal};

use super::report::{self, hint};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::printable;
use crate::screen::Screen;
use crate::select::nearest;

/// Gives the order for each of `groups` and shows what comes of it; `done` is said where it is done. A refusal that is not
/// about the group ends it.
pub(super) async fn each(
    screen: &Screen,
    groups: &[String],
    done: &str,
    order: impl AsyncFn(&str) -> Result<(), Refusal>,
) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::new();
    for name in groups {
        let result = match order(name).await {
            Err(refusal) if concerns_all(refusal.fault) => return Err(refusal.into()),
            result => result.map(|()| done.to_owned()),
        };
        let outcome = Outcome { name: name.clone(), result };
        screen.line(&line(&outcome))?;
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Those of `outcomes` that are this refusal.
pub(super) fn refused(outcomes: &[Outcome], fault: Fault) -> impl Iterator<Item = &str> {
    let is_it = move |outcome: &&Outcome| {
        outcome.result.as_ref().is_err_and(|refusal| refusal.fault == fault)
    };
    outcomes.iter().filter(is_it).map(|outcome| outcome.name.as_str())
}

/// Says which of `known` was probably meant by each name that is not there.
pub(super) fn suggest<'a>(
    screen: &Screen,
    outcomes: &[Outcome],
    known: impl Iterator<Item = &'a str> + Clone,
) {
    for name in refused(outcomes, Fault::NoSuchUnit) {
        if let Some(meant) = nearest(name, known.clone()) {
            hint(screen, &format!("did you mean {meant}?"));
        }
    }
}

/// The end: the document where one is wanted, and the exit code.
pub(super) fn conclude(screen: &Screen, outcomes: &[Outcome]) -> Result<Exit, Failure> {
    report::conclude(screen, outcomes, &[], |refusal| match refusal.fault {
        Fault::AlreadyAdded => Exit::Success,
        fault => fault.into(),
    })
}

fn concerns_all(fault: Fault) -> bool {
    matches!(fault, Fault::ConfigInvalid | Fault::NotAuthorized | Fault::ShuttingDown)
}

/// In supervisorctl's words, which for groups are others than for processes.
fn line(outcome: &Outcome) -> String {
    let name = printable(&outcome.name);
    match outcome.result.as_ref().map_err(|refusal| refusal.fault) {
        Err(Fault::NoSuchUnit) => format!("ERROR: no such process/group: {name}"),
        Err(Fault::StillRunning) => format!("ERROR: process/group still running: {name}"),
        Err(Fault::AlreadyAdded) => format!("ERROR: process group already active: {name}"),
        _ => report::line(outcome),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_supervisors() {
        let of = |result: Result<&str, Fault>| {
            let result = result.map(str::to_owned).map_err(Refusal::from);
            line(&Outcome { name: "x".to_owned(), result })
        };
        assert_eq!(of(Ok("added process group")), "x: added process group");
        assert_eq!(of(Err(Fault::NoSuchUnit)), "ERROR: no such process/group: x");
        assert_eq!(of(Err(Fault::StillRunning)), "ERROR: process/group still running: x");
        assert_eq!(of(Err(Fault::OrderIsCyclic)), "x: ERROR (dependency order has a cycle)");
    }
}
