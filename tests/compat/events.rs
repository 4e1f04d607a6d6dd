//! One scenario under both daemons, and every event of it as a listener is sent it: types, headers and payloads.
//!
//! What happens to several processes at once comes in any order, so events are compared subject by subject: those about
//! one process or group in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use visor_tests::{METHODS, ON_SOCKET, Stage, run};

use super::both::{both, compare};
use super::{here, reference};

/// Subjects that the listener of everything is known to be told of in another way, and why.
const KNOWN: &[(&str, &str)] = &[
    (
        "remote kind",
        "what one listener rejects Supervisor sends again to every pool of the same priority",
    ),
    ("brief", "in capture mode Supervisor loses the last 24 bytes of output"),
];

fn configuration() -> String {
    let listener = format!("python3 {}", here("events/listener.py").display());
    // Nothing is written or ends before the script has seen every listener run.
    let wait = "until [ -e %(here)s/go ]; do sleep 0.01; done";
    let write = |bytes: &str| {
        format!(
            "python3 -c \"import os, time; \
             any(time.sleep(0.01) for _ in iter(lambda: os.path.exists('%(here)s/go'), True)); \
             os.write(1, {bytes})\""
        )
    };
    let once = "autorestart=false\n";
    let talk = write(
        "b'before and so on and so on'+b'<!--XSUPERVISOR:BEGIN-->inside \\xc3\\xa4<!--XSUPERVISOR:END-->'\
         +b'after and so on and so on and so on'",
    );
    format!(
        "{ON_SOCKET}{METHODS}\
         [eventlistener:recorder]\ncommand={listener} %(here)s/recorded\nevents=EVENT\nbuffer_size=1000\n\
         [eventlistener:states]\ncommand={listener} %(here)s/states 1\nevents=PROCESS_STATE_FATAL,PROCESS_GROUP\n\
         priority=7\nbuffer_size=1000\nprocess_name=judge\n\
         [eventlistener:garbage]\ncommand=sh -c 'echo some garbage; sleep 1000'\nevents=PROCESS_STATE\n\
         [eventlistener:rejecting]\ncommand={listener} %(here)s/rejected 2\nevents=REMOTE_COMMUNICATION\n\
         [program:good]\ncommand=sleep 1000\n\
         [program:once]\ncommand=sh -c '{wait}; exit 3'\nautorestart=false\n\
         [program:crash]\ncommand=false\nstartretries=1\nstartsecs=60\n\
         [program:missing]\ncommand=/no/such/program\nstartretries=0\n\
         [program:talk]\ncommand={talk}\n{once}stdout_capture_maxbytes=1MB\nstdout_events_enabled=true\n\
         [program:bytes]\ncommand={}\n{once}stdout_events_enabled=true\n\
         [program:brief]\ncommand=sh -c '{wait}; echo hi'\n{once}stdout_capture_maxbytes=1MB\nstdout_events_enabled=true\n\
         [program:echo]\ncommand=cat\nstdout_events_enabled=true\n\
         [program:late]\ncommand=sleep 1000\nautostart=false\n",
        write("b'\\xff\\'\\n'"),
    )
}

/// What one listener was told, by subject.
type Told = BTreeMap<String, Vec<String>>;

/// Plays the scenario and gives what was recorded by the listener of everything, by that of a few types, and by the one
/// that rejects.
fn told(stage: &mut Stage, python: &Path) -> [Told; 3] {
    stage.configure(&configuration());
    stage.launch();
    let mut drive = Command::new(python);
    drive.arg(here("events/drive.py")).args([stage.path("http"), stage.path("recorded")]);
    let driven = run(&mut drive);
    assert_eq!(driven.code, 0, "{}\n{}", driven.err, stage.read("recorded"));
    assert_eq!(stage.ended(), 0);
    ["recorded", "states", "rejected"].map(|name| by_subject(&stage.read(name)))
}

fn by_subject(record: &str) -> Told {
    let mut told = Told::new();
    let mut seen = BTreeSet::new();
    for line in record.lines() {
        let event: Value = serde_json::from_str(line).expect("a recorded event");
        let (head, payload) = (text(&event["head"]), text(&event["payload"]));
        let ends = head.contains("SUPERVISOR_STATE_CHANGE_STOPPING");
        let serials: Vec<u64> = head.split(' ').filter_map(serial).collect();
        assert_eq!(serials.len(), 2, "{head}");
        // Of these there are as many as the scenario is long; a minute or an hour may begin in it or not.
        if head.contains("eventname:TICK_60") || head.contains("eventname:TICK_3600") {
            continue;
        }
        let masked = format!("{}\n{}", masked(&head), masked(&payload));
        if !head.contains("eventname:TICK") || seen.insert(masked.clone()) {
            told.entry(subject(&payload)).or_default().push(masked);
        }
        if ends {
            // From then on it is a race who is told before it is stopped.
            break;
        }
    }
    told
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn serial(word: &str) -> Option<u64> {
    let number = word.strip_prefix("serial:").or_else(|| word.strip_prefix("poolserial:"))?;
    Some(number.parse().expect("a serial"))
}

/// Whom or what an event is about.
fn subject(payload: &str) -> String {
    let line = payload.lines().next().unwrap_or_default();
    let word = line.split(' ').next().unwrap_or_default();
    match word.split_once(':') {
        Some(("processname" | "groupname", name)) => name.to_owned(),
        Some(("type", kind)) => format!("remote {kind}"),
        Some((what, _)) => what.to_owned(),
        None => "daemon".to_owned(),
    }
}

/// Numbers that differ from run to run become words; a process id of 0 stays.
fn masked(text: &str) -> String {
    let word = |word: &str| match word.split_once(':') {
        Some((key @ ("serial" | "poolserial" | "len" | "when"), _)) => format!("{key}:N"),
        Some(("pid", pid)) if pid != "0" => "pid:N".to_owned(),
        _ => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn listeners_are_told_the_same() {
    let Some(python) = reference() else { return };
    let seen = both(&python, |stage| told(stage, &python));
    for (listener, (theirs, ours)) in seen.theirs.iter().zip(&seen.ours).enumerate() {
        assert!(!theirs.is_empty(), "nothing recorded");
        let subjects: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        let rows: Vec<[String; 3]> = subjects
            .into_iter()
            .map(|subject| {
                let lines =
                    |told: &Told| told.get(subject).map_or_else(String::new, |l| l.join("\n"));
                [subject.clone(), lines(theirs), lines(ours)]
            })
            .collect();
        compare(&rows, if listener == 0 { KNOWN } else { &[] });
    }
}
