//! `visorctl -s URL`: our verbs, asked of the real supervisord.

mod logs;

use std::process::Command;

use serde_json::Value;
use visor_tests::{METHODS, ON_SOCKET, Output, Stage, binary, run, wait_until};

use crate::both;
use crate::clients::side::{Client, Side, reference};

fn visorctl(url: &str, words: &[&str]) -> Output {
    run(Command::new(binary("visorctl")).args(["-s", url]).args(words))
}

/// Each of them is said in one of the places where they can be, and shown nowhere.
fn passwords(inet: &str) {
    let url = format!("http://{inet}");
    let shut = visorctl(&url, &["status"]);
    assert_eq!(shut.code, 4);
    assert!(shut.err.contains("SUPERVISOR_PASSWORD"), "{}", shut.err);
    let named = |name: &str, url: &str, words: &[&str]| {
        let mut ctl = Command::new(binary("visorctl"));
        ctl.env("SUPERVISOR_USERNAME", name).env("SUPERVISOR_PASSWORD", "p");
        run(ctl.args(["-s", url]).args(words))
    };
    assert_eq!(named("u", &url, &["status", "cat"]).code, 0);
    assert_eq!(named("nobody", &url, &["status", "cat", "-u", "u"]).code, 0);
    assert_eq!(named("nobody", &format!("http://u@{inet}"), &["status", "cat"]).code, 0);
    let whole = format!("http://u:p@{inet}");
    assert_eq!(visorctl(&whole, &["status", "cat"]).code, 0);
    assert_eq!(visorctl(&url, &["-u", "u", "--password", "p", "status", "cat"]).code, 0);
    let wrong = visorctl(&format!("http://u:s3cret@{inet}"), &["status"]);
    assert!(wrong.code == 4 && wrong.err.contains("is not that of"), "{}", wrong.err);
    assert!(!wrong.err.contains("s3cret"), "{}", wrong.err);
    let local = run(Command::new(binary("visorctl")).args(["-u", "u", "pid"]));
    assert!(local.code == 2 && local.err.contains("the URL of a Supervisor"), "{}", local.err);
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
    let url = side.stage().url();
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
    said(
        &["signal", "-g", "HUP", "cat"],
        "cat: ERROR (Supervisor's methods give no way to a process group; leave out --group)\n",
        1,
    );
    // Nothing is known of when a state began, and nothing is said of it.
    assert!(ctl(&["why", "cat"]).out.starts_with("cat is RUNNING: pid "));
    passwords(&side.inet());

    let before = ctl(&["pid", "cat"]).out;
    said(&["reload"], "Restarted supervisord\n", 0);
    wait_until("another cat", || {
        let pid = ctl(&["pid", "cat"]);
        (pid.code == 0 && pid.out != before).then_some(())
    });
    said(&["shutdown"], "Shut down\n", 0);
    wait_until("the end", || state(&url, "cat").is_none().then_some(()));
    assert_eq!(ctl(&["status"]).code, 4);
}

#[test]
fn names_elsewhere_are_completed() {
    let Some(reference) = reference() else { return };
    let side = Side::start(&Client::Ours, &reference.join("supervisord"));
    let url = format!("http://u:p@{}", side.inet());
    // Whoever presses Tab presses it again where the answer took too long.
    let offered = |words: &[&str], expected: &str| {
        let mut shell = Command::new(binary("visorctl"));
        shell.env("COMPLETE", "bash").args(["--", "visorctl", "-s", &url]).args(words);
        wait_until(expected, || (run(&mut shell).out == expected).then_some(()));
    };
    offered(&["restart", "w:"], "w:w_00\nw:w_01\nw:*\n");
    offered(&["show", "-p", "Std"], "StderrLog\nStdoutLog\n");
}

#[test]
fn what_changed_in_a_file_elsewhere_is_applied() {
    const PROGRAM: &str = "command=sleep 1000\nstartsecs=0\n";
    let Some(python) = crate::reference() else { return };
    let program = |name: &str, more: &str| format!("[program:{name}]\n{PROGRAM}{more}");
    let mut stage = both::stage(&python.with_file_name("supervisord"));
    let configure = |stage: &Stage, programs: &[String]| {
        stage.configure(&format!("{ON_SOCKET}{METHODS}{}", programs.concat()));
    };
    configure(&stage, &[program("gone", ""), program("other", ""), program("same", "")]);
    stage.launch_listening();
    let url = stage.url();
    for name in ["gone", "other", "same"] {
        wait_until(name, || state(&url, name).filter(|state| state == "RUNNING"));
    }
    let pid = visorctl(&url, &["pid", "same"]).out;
    let changed = [program("other", "priority=1\n"), program("new", ""), program("same", "")];
    configure(&stage, &changed);
    let said = |words: &[&str], out: &str, code: i32| {
        let output = visorctl(&url, words);
        assert_eq!((output.out.as_str(), output.code), (out, code), "{words:?}: {}", output.err);
    };
    let plan = "- gone  removed, stops 1 process\n~ other  changed, stops 1 process and replaces it\n+ new  added\n";
    said(&["update", "--dry-run"], plan, 0);
    said(&["update", "-n", "new"], "+ new  added\n", 0);
    let done =
        "gone: removed process group\nother: updated process group\nnew: added process group\n";
    said(&["update"], &format!("{plan}{done}"), 0);
    said(&["update"], "No config updates to processes\n", 0);
    assert_eq!(visorctl(&url, &["pid", "same"]).out, pid);

    configure(&stage, &[&changed[..], &["[program:broken]\n".to_owned()]].concat());
    for verb in [&["reread"] as &[&str], &["update"], &["avail"], &["add", "broken"]] {
        let refused = visorctl(&url, verb);
        assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{verb:?}");
        assert!(refused.err.contains("does not specify a command"), "{verb:?}: {}", refused.err);
    }
}

/// What `show --json` says of one process.
fn shown(url: &str, name: &str) -> Value {
    let output = visorctl(url, &["--json", "show", name]);
    assert_eq!(output.code, 0, "{}", output.err);
    let document: Value = serde_json::from_str(&output.out).expect("JSON");
    document["processes"][0].clone()
}

#[test]
fn a_process_elsewhere_shows_what_is_known_of_it() {
    let Some(reference) = reference() else { return };
    let side = Side::start(&Client::Ours, &reference.join("supervisord"));
    let url = side.stage().url();
    wait_until("done", || state(&url, "done").filter(|state| state == "EXITED"));

    let cat = shown(&url, "cat");
    let log = side.stage().path("cat.log").display().to_string();
    for (name, value) in [
        ("Id", "cat".into()),
        ("State", "RUNNING".into()),
        ("CommandLine", "cat".into()),
        ("Autostart", true.into()),
        ("Priority", 999.into()),
        ("GroupPriority", 999.into()),
        ("User", "".into()),
        ("StdoutLog", log.into()),
        ("StderrLog", "".into()),
        ("ExitCode", (-1).into()),
        ("stopsignal", "SIGTERM".into()),
        ("startsecs", 0.into()),
        ("exitcodes", Value::Array(vec![0.into()])),
    ] {
        assert_eq!(cat[name], value, "{name} of {cat:#}");
    }
    assert!(cat["MainPID"].as_u64() > Some(0) && cat["StartTimestamp"].as_u64() > Some(0));
    // What Supervisor does not tell is left out, not made up.
    for name in ["Kind", "Cause", "MemoryCurrent", "NRestarts", "Result", "inuse", "name"] {
        assert_eq!(cat[name], Value::Null, "{name} of {cat:#}");
    }
    assert_eq!(shown(&url, "done")["ExitCode"], 0);
    let one = visorctl(&url, &["show", "-p", "autostart", "cat", "w:*"]);
    assert_eq!(one.out, "Autostart=true\n\nAutostart=false\n\nAutostart=false\n");
    let slip = visorctl(&url, &["show", "-p", "Stat", "cat"]);
    let hint = "hint: there is no property Stat; did you mean State?\n";
    assert_eq!((slip.code, slip.err.as_str()), (0, hint));
    let unknown = visorctl(&url, &["show", "cart"]);
    assert_eq!((unknown.code, unknown.err.as_str()), (1, "hint: did you mean cat?\n"));
    assert_eq!(visorctl(&url, &["status", "all"]).err, "");
}
