//! The same done with both daemons, and what came of it compared.

use std::os::unix::fs::symlink;
use std::path::Path;

use visor_tests::{Stage, binary};

/// What was seen of each daemon. Their logs are shown should the test fail before this is dropped.
pub(crate) struct Seen<T> {
    pub(crate) theirs: T,
    pub(crate) ours: T,
    _stages: [Stage; 2],
}

/// A stage for a daemon, which is called supervisord there: a name that visord knows, and that syslog shows.
pub(crate) fn stage(daemon: &Path) -> Stage {
    let stage = Stage::new("");
    let named = stage.path("supervisord");
    symlink(daemon, &named).expect("a link");
    stage.with_daemon(named)
}

/// Does the same with the daemon of the reference, whose Python this is, and with visord.
pub(crate) fn both<T: Send>(python: &Path, see: impl Fn(&mut Stage) -> T + Sync) -> Seen<T> {
    let daemons = [python.with_file_name("supervisord"), binary("visord")];
    let mut stages = daemons.map(|daemon| stage(&daemon));
    let [theirs, ours] = side_by_side(stages.each_mut(), see);
    Seen { theirs, ours, _stages: stages }
}

/// Does the same with two, each at its own pace.
pub(crate) fn side_by_side<A: Send, T: Send>(two: [A; 2], see: impl Fn(A) -> T + Sync) -> [T; 2] {
    let see = &see;
    std::thread::scope(|scope| {
        two.map(|one| scope.spawn(move || see(one))).map(|side| side.join().expect("one side"))
    })
}

/// Compares rows of what was done, what they made of it, and what we did. `known` are those that differ, and why; one
/// that does so no longer fails the test, and so must be taken out.
pub(crate) fn compare(rows: &[[String; 3]], known: &[(&str, &str)]) {
    for (what, _) in known {
        assert!(rows.iter().any(|[done, ..]| done == what), "nobody does `{what}`");
    }
    let problems: Vec<String> = rows.iter().filter_map(|row| problem(row, known)).collect();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn problem([what, theirs, ours]: &[String; 3], known: &[(&str, &str)]) -> Option<String> {
    match known.iter().find(|(known, _)| known == what) {
        Some((_, reason)) if theirs == ours => {
            Some(format!("`{what}` does not differ any more: {reason}"))
        }
        None if theirs != ours => Some(format!("`{what}`\n--- theirs\n{theirs}\n--- ours\n{ours}")),
        _ => None,
    }
}

#[test]
fn what_differs_must_be_known_and_what_is_known_must_differ() {
    let row = |theirs: &str, ours: &str| ["it", theirs, ours].map(str::to_owned);
    let known = [("it", "a reason")];
    assert_eq!(problem(&row("a", "a"), &[]), None);
    assert_eq!(problem(&row("a", "b"), &known), None);
    assert!(problem(&row("a", "b"), &[]).is_some_and(|said| said.contains("--- ours\nb")));
    assert!(problem(&row("a", "a"), &known).is_some_and(|said| said.ends_with("a reason")));
}
