//! One scenario under both daemons, and every event of it as a listener is sent it: types, headers and payloads.
//!
//! What happens to several processes at once comes in any order, so events are compared subject by subject: those about
//! one process or group in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use visor_tests::{binary, run};

/// Subjects that are known to be told of in another way, and why. One that is told alike fails the test, and so must be
/// taken out.
const KNOWN: &[(&str, &str)] = &[
    (
        "remote kind",
        "what one listener rejects Supervisor sends again to every pool of the same priority",
    ),
    ("brief", "in capture mode Supervisor loses the last 24 bytes of output"),
];

fn configuration(here: &Path) -> String {
    let here = here.display();
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/compat/events");
    let listener = format!("python3 {scripts}/listener.py");
    // Nothing is written or ends before the script has seen every listener run.
    let wait = format!("until [ -e {here}/go ]; do sleep 0.01; done");
    let write = |bytes: &str| {
        format!(
            "python3 -c \"import os, time; \
             any(time.sleep(0.01) for _ in iter(lambda: os.path.exists('{here}/go'), True)); \
             os.write(1, {bytes})\""
        )
    };
    let once = "autorestart=false\n";
    let talk = write(
        "b'before and so on and so on'+b'<!--XSUPERVISOR:BEGIN-->inside \\xc3\\xa4<!--XSUPERVISOR:END-->'\
         +b'after and so on and so on and so on'",
    );
    format!(
        "[supervisord]\nnodaemon=true\nuser=root\nlogfile={here}/main.log\npidfile={here}/pid\nchildlogdir={here}\n\
         [unix_http_server]\nfile={here}/sock\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [visord]\nsocket={here}/bus\nbus=off\njournal=off\n\
         [eventlistener:recorder]\ncommand={listener} {here}/recorded\nevents=EVENT\nbuffer_size=1000\n\
         [eventlistener:states]\ncommand={listener} {here}/states 1\nevents=PROCESS_STATE_FATAL,PROCESS_GROUP\n\
         priority=7\nbuffer_size=1000\nprocess_name=judge\n\
         [eventlistener:garbage]\ncommand=sh -c 'echo some garbage; sleep 1000'\nevents=PROCESS_STATE\n\
         [eventlistener:rejecting]\ncommand={listener} {here}/rejected 2\nevents=REMOTE_COMMUNICATION\n\
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
fn told(daemon: &Path, python: &Path) -> [Told; 3] {
    let place = tempfile::tempdir().expect("a temporary directory");
    let here = place.path();
    std::fs::write(here.join("conf"), configuration(here)).expect("a file");
    let mut child = Command::new(daemon)
        .args(["-n", "-c"])
        .arg(here.join("conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a daemon");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/compat/events/drive.py");
    let record = here.join("recorded");
    let driven = run(Command::new(python).arg(script).arg(here.join("sock")).arg(&record));
    if driven.code != 0 {
        drop((child.kill(), child.wait()));
    }
    let read = |name: &str| std::fs::read_to_string(here.join(name)).unwrap_or_default();
    assert_eq!(driven.code, 0, "{}\n{}\n{}", driven.err, read("main.log"), read("recorded"));
    assert_eq!(child.wait().expect("wait").code(), Some(0));
    ["recorded", "states", "rejected"].map(|name| by_subject(&read(name)))
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
    let Some(python) = super::reference() else { return };
    if !nix::unistd::geteuid().is_root() {
        return visor_tests::skip("needs root");
    }
    // Each at its own pace.
    let daemons = [python.with_file_name("supervisord"), binary("visord")];
    let [theirs, ours] = std::thread::scope(|scope| {
        let play = |daemon| {
            let python = &python;
            scope.spawn(move || told(daemon, python))
        };
        daemons
            .each_ref()
            .map(|daemon| play(daemon.as_path()))
            .map(|side| side.join().expect("a run"))
    });
    let mut problems = Vec::new();
    for (listener, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        assert!(!theirs.is_empty(), "nothing recorded");
        let subjects: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        for subject in subjects {
            let (theirs, ours) = (theirs.get(subject), ours.get(subject));
            // What is known is about the listener of everything.
            let known = KNOWN.iter().find(|(known, _)| listener == 0 && known == subject);
            match known {
                Some((_, reason)) if theirs == ours => {
                    problems.push(format!("{subject} does not differ any more: {reason}"));
                }
                None if theirs != ours => problems
                    .push(format!("{subject}\n--- theirs\n{theirs:#?}\n--- ours\n{ours:#?}")),
                _ => {}
            }
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}
