//! The same commands given by the real supervisorctl and by ours, each to a daemon of its own: the same words, the same
//! exit codes. The daemons start alike and are told the same, so they stay alike.

mod mask;
mod scenarios;
mod side;

use scenarios::{SCENARIOS, Step};
use side::{Client, Side};

/// Steps that are known to differ, and why. One that does so no longer fails the test, and so must be taken out.
const KNOWN: &[(&str, &str)] = &[
    ("-h", "help of the command line is in words of our own"),
    ("--history-file=h version", "the spelling of Supervisor's own help is accepted"),
    (
        "-s http://{inet} status",
        "without a password where one is needed Supervisor asks again, in vain, and shows the exception as well",
    ),
    (
        "-s http://{inet} -u u -p wrong version",
        "without a password where one is needed Supervisor asks again, in vain, and shows the exception as well",
    ),
];

#[test]
fn both_clients_say_the_same_to_supervisord() {
    let Some(reference) = side::reference() else { return };
    // Each at its own pace, most of which is that of the daemon.
    let [theirs, ours] = std::thread::scope(|scope| {
        let take = |client| {
            let reference = &reference;
            scope.spawn(move || {
                let mut side = Side::start(client, reference);
                SCENARIOS.iter().map(|step| side.take(step)).collect::<Vec<String>>()
            })
        };
        [Client::Reference, Client::Ours].map(take).map(|side| side.join().expect("one side"))
    });
    let steps = SCENARIOS.iter().zip(theirs.iter().zip(&ours));
    let problems: Vec<String> = steps.filter_map(|(step, pair)| problem(step, pair)).collect();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// What is wrong about a step, given what each side came to.
fn problem(step: &Step, (theirs, ours): (&String, &String)) -> Option<String> {
    let line = step.line()?;
    match KNOWN.iter().find(|(known, _)| *known == line) {
        Some((_, reason)) if theirs == ours => {
            Some(format!("`{line}` does not differ any more: {reason}"))
        }
        None if theirs != ours => Some(format!("`{line}`\n--- theirs\n{theirs}--- ours\n{ours}")),
        _ => None,
    }
}

#[test]
fn what_is_known_to_differ_is_said() {
    let lines: Vec<String> = SCENARIOS.iter().filter_map(Step::line).collect();
    for (known, _) in KNOWN {
        assert!(lines.iter().any(|line| line == known), "nobody says `{known}`");
    }
}
