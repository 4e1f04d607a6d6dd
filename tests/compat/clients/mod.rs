//! The same commands given by the real supervisorctl and by ours, each to a daemon of its own: the same words, the same
//! exit codes. The daemons start alike and are told the same, so they stay alike.

mod mask;
mod scenarios;
pub(crate) mod side;

use scenarios::{SCENARIOS, Step};
use side::{Client, Side};
use std::path::PathBuf;
use visor_tests::binary;

use crate::both::{self, side_by_side};

/// Steps that are known to differ, and why.
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

/// Steps at which the old client is known to say something else of visord, and why.
const KNOWN_OF_DAEMONS: &[(&str, &str)] = &[];

#[test]
fn both_clients_say_the_same_to_supervisord() {
    let Some(reference) = side::reference() else { return };
    let daemon = reference.join("supervisord");
    let theirs = Client::Theirs(reference.join("supervisorctl"));
    compare([(theirs, &daemon), (Client::Ours, &daemon)], KNOWN);
}

#[test]
fn our_client_says_of_our_daemon_what_theirs_says_of_theirs() {
    let Some(reference) = side::reference() else { return };
    let theirs = Client::Theirs(reference.join("supervisorctl"));
    compare([(theirs, &reference.join("supervisord")), (Client::Ours, &binary("visord"))], KNOWN);
}

#[test]
fn the_real_supervisorctl_says_the_same_of_both_daemons() {
    let Some(reference) = side::reference() else { return };
    let client = Client::Theirs(reference.join("supervisorctl"));
    let daemons = [&reference.join("supervisord"), &binary("visord")];
    compare(daemons.map(|daemon| (client.clone(), daemon)), KNOWN_OF_DAEMONS);
}

#[test]
fn an_older_supervisorctl_says_the_same_of_both_daemons() {
    let (Some(reference), Some(client)) = (side::reference(), side::older_client()) else { return };
    let client = Client::Theirs(client);
    let daemons = [&reference.join("supervisord"), &binary("visord")];
    compare(daemons.map(|daemon| (client.clone(), daemon)), KNOWN_OF_DAEMONS);
}

/// Asks the same through two clients, each of its daemon.
fn compare(sides: [(Client, &PathBuf); 2], known: &[(&str, &str)]) {
    let mut sides = sides.map(|(client, daemon)| Side::start(&client, daemon));
    let [theirs, ours] = side_by_side(sides.each_mut(), |side| {
        SCENARIOS.iter().map(|step| side.take(step)).collect::<Vec<String>>()
    });
    let steps = SCENARIOS.iter().zip(theirs.into_iter().zip(ours));
    let rows: Vec<[String; 3]> =
        steps.filter_map(|(step, (theirs, ours))| Some([step.line()?, theirs, ours])).collect();
    both::compare(&rows, known);
}

#[test]
fn what_is_known_to_differ_is_said() {
    let lines: Vec<String> = SCENARIOS.iter().filter_map(Step::line).collect();
    for (known, _) in KNOWN.iter().chain(KNOWN_OF_DAEMONS) {
        assert!(lines.iter().any(|line| line == known), "nobody says `{known}`");
    }
}
