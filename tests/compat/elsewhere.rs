//! `visorctl -s URL`: our verbs, asked of the real supervisord.

use std::process::Command;

use visor_tests::{Output, binary, run, wait_until};

use crate::clients::side::{Client, Side, reference};

fn visorctl(url: &str, words: &[&str]) -> Output {
    run(Command::new(binary("visorctl")).args(["-s", url]).args(words))
}

/// The state and the words after the name of a process in `status`.
fn state(url: &str, name: &str) -> Option<String> {
    let table = visorctl(url, &["status"]).out;
    let row = table.lines().find(|line| line.split_whitespace().next() == Some(name))?;
    row.split_whitespace().nth(1).map(str::to_owned)
}

#[test]
fn verbs_reach_a_supervisor_elsewhere() {
    let Some(reference) = reference() else { return };
    let side = Side::start(&Client::Ours, &reference.join("supervisord"));
    let url = format!("unix://{}/s.sock", side.place().display());
    let ctl = |words: &[&str]| visorctl(&url, words);
    wait_until("cat", || state(&url, "cat").filter(|state| state == "RUNNING"));

    let said = |words: &[&str], out: &str, code: i32| {
        let output = ctl(words);
        assert_eq!((output.out.as_str(), output.code), (out, code), "{words:?}: {}", output.err);
    };
    said(&["version"], &format!("visorctl {}\nsupervisord 4.3.0\n", env!("CARGO_PKG_VERSION")), 0);
    said(&["start", "w:*"], "w:w_00: started\nw:w_01: started\n", 0);
    said(&["start", "w:w_00"], "w:w_00: ERROR (already started)\n", 0);
    said(&["signal", "HUP", "w:w_00"], "w:w_00: signalled\n", 0);
    said(&["restart", "w:w_01"], "w:w_01: restarted\n", 0);
    said(&["stop", "w:w_01"], "w:w_01: stopped\n", 0);
    said(&["stop", "w:w_01"], "w:w_01: ERROR (not running)\n", 0);
    assert_eq!(state(&url, "w:w_01").as_deref(), Some("STOPPED"));
    let missing = ctl(&["start", "missing"]);
    assert_eq!(
        (missing.out.lines().next(), missing.code),
        (Some("missing: ERROR (no such file)"), 1)
    );
    said(&["start", "w:nonsense"], "w:nonsense: ERROR (no such process)\n", 1);
    said(&["reread"], "No config updates to processes\n", 0);
    said(&["clear", "w:w_00", "no:one"], "no:one: ERROR (no such process)\nw:w_00: cleared\n", 1);
    said(&["remove", "w"], "ERROR: process/group still running: w\n", 1);
    said(&["stop", "w:w_00"], "w:w_00: stopped\n", 0);
    let of_w = |word: &str| {
        let avail = ctl(&["avail"]).out;
        avail.lines().filter(|row| row.starts_with("w:") && row.contains(word)).count()
    };
    assert_eq!((of_w("in use"), of_w("avail")), (2, 0));
    said(&["remove", "w"], "w: removed process group\n", 0);
    assert_eq!((of_w("in use"), of_w("avail")), (0, 2));
    said(&["add", "w"], "w: added process group\n", 0);
    said(&["add", "w"], "ERROR: process group already active: w\n", 0);
    said(&["add", "nobody"], "ERROR: no such process/group: nobody\n", 1);
    assert!(ctl(&["pid"]).out.trim().parse::<u32>().is_ok());
    assert!(ctl(&["list"]).out.lines().any(|row| row.contains("w:w_00") && row.contains("manual")));
    for words in [&["show", "cat"][..], &["logs", "cat"], &["signal", "-g", "HUP", "cat"]] {
        let refused = ctl(words);
        let told = format!("{}{}", refused.out, refused.err);
        assert!(refused.code == 1 && told.contains("Supervisor's methods give no"), "{told}");
    }

    let inet = format!("http://{}", side.inet());
    let shut = visorctl(&inet, &["status"]);
    assert_eq!(shut.code, 4);
    assert!(shut.err.contains("SUPERVISOR_PASSWORD"), "{}", shut.err);
    let mut known = Command::new(binary("visorctl"));
    known.env("SUPERVISOR_USERNAME", "u").env("SUPERVISOR_PASSWORD", "p");
    assert_eq!(run(known.args(["-s", &inet, "status", "cat"])).code, 0);

    said(&["shutdown"], "Shut down\n", 0);
    wait_until("the end", || state(&url, "cat").is_none().then_some(()));
    assert_eq!(ctl(&["status"]).code, 4);
}
