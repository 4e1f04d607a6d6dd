//! The real supervisord and visord with the same configuration, asked the same over XML-RPC and plain HTTP: the same
//! results, faults, headers and bodies.

mod others;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use visor_tests::{METHODS, ON_SOCKET, Stage, run};

use crate::both::{both, compare};
use crate::{here, reference};

/// What is asked is in a script, since what is measured is what Python sees.
const SCRIPT: &str = "daemons/rpc.py";

/// One of each kind of fate, beside what the script needs to read and to stop.
const PROGRAMS: &str = r#"
[program:cat]
command=cat
stdout_logfile=%(here)s/cat.log
[program:web]
command=sleep 1000
process_name=%(program_name)s_%(process_num)d
numprocs=2
environment=A="b"
[program:talker]
command=sh -c 'printf 0123456789; exec sleep 1000'
stdout_logfile=%(here)s/talker.log
[program:foreign]
command=sh -c 'printf "\303\251\342\202\254x\012z"; exec sleep 1000'
stdout_logfile=%(here)s/foreign.log
[program:long]
command=sh -c 'printf "%%02500d" 7; exec sleep 1000'
stdout_logfile=%(here)s/long.log
[program:quiet]
command=sleep 1000
autostart=false
[program:redirected]
command=sleep 1000
autostart=false
redirect_stderr=true
directory=/tmp
user=root
exitcodes=0,2
stopsignal=INT
serverurl=http://elsewhere
[program:silent]
command=sleep 1000
stdout_logfile=NONE
stderr_logfile=NONE
autostart=false
[program:missing]
command=/no/such/program
autostart=false
[program:data]
command=/etc/passwd
autostart=false
[program:directory]
command=/tmp
autostart=false
[program:unbalanced]
command=echo 'x
autostart=false
[program:quits]
command=sh -c 'until [ -e %(here)s/quit ]; do sleep 0.01; done; exit 3'
autostart=false
startsecs=0
autorestart=false
[program:unready]
command=sh -c 'exit 3'
autostart=false
startretries=0
[program:stubborn]
command=sh -c 'trap "" TERM; while :; do sleep 0.1; done'
autostart=false
stopwaitsecs=3
"#;

/// Steps that are known to differ, and why.
const KNOWN: &[(&str, &str)] = &[
    ("supervisor.getProcessInfo(5)", TYPES),
    ("supervisor.readProcessStdoutLog('talker', 'x', 0)", TYPES),
    ("supervisor.readProcessStdoutLog('foreign', 0, 1)", CUT),
    ("supervisor.readProcessStdoutLog('foreign', 1, 1)", CUT),
    ("supervisor.readProcessStdoutLog('foreign', -4, 0)", CUT),
    ("supervisor.tailProcessStdoutLog('foreign', 0, 4)", CUT),
    ("GET /logtail", "a path without a name is not found; Supervisor fails with an exception"),
];

const TYPES: &str = "an argument of a wrong type is a fault; Supervisor fails with an exception";
const CUT: &str =
    "bytes cut out of a character are shown as U+FFFD; Supervisor fails with an exception";

fn answers(stage: &mut Stage, python: &Path) -> Vec<(String, Value)> {
    stage.configure(&format!("{ON_SOCKET}{METHODS}{PROGRAMS}"));
    stage.launch_listening();
    let mut script = Command::new(python);
    let output = run(script.arg(here(SCRIPT)).arg(stage.path("http")).arg(stage.dir()));
    assert_eq!(output.code, 0, "{}", output.err);
    serde_json::from_str(&output.out).expect("their JSON")
}

#[test]
fn both_daemons_answer_the_same() {
    let Some(python) = reference() else { return };
    let seen = both(&python, |stage| answers(stage, &python));
    assert_eq!(seen.theirs.len(), seen.ours.len());
    let pairs = seen.theirs.iter().zip(&seen.ours);
    let rows: Vec<[String; 3]> = pairs
        .map(|((step, theirs), (_, ours))| [step.clone(), theirs.to_string(), ours.to_string()])
        .collect();
    compare(&rows, KNOWN);
}
