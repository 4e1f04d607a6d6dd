//! Event listeners: what they are sent, and that one that misbehaves harms nobody; and standard input of programs.

use std::fs::File;
use std::process::Command;

use nix::sys::signal::Signal;
use visor_tests::{Stage, binary, wait_until};

/// Records what it is sent in `FILE`, and says `ANSWER` to each (a result as it stands on the wire).
const LISTENER: &str = "import sys\n\
    record = open(sys.argv[1], 'a')\n\
    answer = sys.argv[2].encode().decode('unicode_escape') if len(sys.argv) > 2 else 'RESULT 2\\nOK'\n\
    def say(text):\n    sys.stdout.write(text)\n    sys.stdout.flush()\n\
    while True:\n    say('READY\\n')\n    head = sys.stdin.readline()\n    \
    length = int(dict(word.split(':') for word in head.split())['len'])\n    \
    payload = sys.stdin.read(length)\n    record.write(head + payload + '\\n')\n    record.flush()\n    \
    say(answer.replace('PAYLOAD', payload).replace('LENGTH', str(length)))\n";

fn stage(sections: &str) -> Stage {
    let stage = Stage::new("");
    stage.write("listener.py", LISTENER);
    stage.configure(&sections.replace("HERE", &stage.dir().display().to_string()));
    stage
}

#[test]
fn a_listener_hears_of_everything_from_the_start_to_the_end() {
    let mut stage = stage(
        "[eventlistener:l]\ncommand=python3 HERE/listener.py HERE/record\nevents=EVENT\nbuffer_size=100\n\
         [program:web]\ncommand=sh -c 'echo hello; exec sleep 1000'\nstdout_events_enabled=true\n",
    )
    .started();
    stage.says("record", "processname:web groupname:web from_state:STARTING pid:");
    stage.says("record", "channel:stdout\nhello\n");
    let record = stage.read("record");
    assert!(record.starts_with(
        "ver:3.0 server:supervisor serial:0 pool:l poolserial:0 eventname:PROCESS_GROUP_ADDED len:12\ngroupname:l\n\n"
    ));
    // After a restart of the daemon the count of all events goes on, that of the pool does not.
    stage.signal(Signal::SIGHUP);
    stage.says_times("record", "SUPERVISOR_STATE_CHANGE_RUNNING", 2);
    let record = stage.read("record");
    let again =
        record.rsplit("ver:3.0 ").find(|event| event.contains("poolserial:0 ")).expect("one");
    assert!(!again.contains(" serial:0 "), "{again}");
    stage.end();
    assert!(stage.read("record").contains("SUPERVISOR_STATE_CHANGE_STOPPING"));
}

#[test]
fn one_that_hangs_loses_events_that_are_counted_and_shown_and_the_others_go_on() {
    let stage = stage(
        "[eventlistener:hung]\ncommand=sh -c 'echo READY; exec sleep 1000'\nevents=PROCESS_STATE\nbuffer_size=3\n\
         startsecs=0\n\
         [eventlistener:l]\ncommand=python3 HERE/listener.py HERE/record\nevents=PROCESS_STATE\nbuffer_size=1000\n\
         [program:web]\ncommand=sleep 1000\nstartsecs=0\n",
    )
    .started();
    for _ in 0..4 {
        stage.reaches("web", "RUNNING");
        assert_eq!(stage.ctl(&["stop", "web"]).code, 0);
        assert_eq!(stage.ctl(&["start", "web"]).code, 0);
    }
    let row = wait_until("a count", || stage.row("hung").filter(|row| row["events_dropped"] != 0));
    assert_eq!(row["state"], "RUNNING");
    assert!(stage.ctl(&["status", "hung"]).out.contains("events dropped"));
    assert!(stage.ctl(&["show", "hung"]).out.contains("EventsDropped"));
    assert_eq!(stage.row("l").expect("a row")["events_dropped"], 0);
    stage.says("visord.log", "ERRO pool hung event buffer overflowed, discarding event ");
    stage.says_times("record", "PROCESS_STATE_STOPPED", 4);
}

#[test]
fn one_that_floods_its_standard_output_stalls_nobody_and_fills_no_memory() {
    let stage = stage(
        "[eventlistener:flood]\ncommand=yes\nevents=EVENT\nstdout_logfile=NONE\n\
         [eventlistener:endless]\ncommand=sh -c 'echo READY; read line; tr \"\\\\0\" x </dev/zero'\nevents=EVENT\n\
         stdout_logfile=NONE\n\
         [program:loud]\ncommand=yes\nstdout_events_enabled=true\nstdout_logfile=NONE\n\
         [eventlistener:l]\ncommand=python3 HERE/listener.py HERE/record\nevents=PROCESS_STATE,PROCESS_LOG\n\
         buffer_size=20\n\
         [program:web]\ncommand=sleep 1000\nstartsecs=0\n",
    )
    .started();
    stage.says(
        "visord.log",
        "flood: has entered the UNKNOWN state and will no longer receive events",
    );
    stage.says("visord.log", "endless: bad result line: 'xxx");
    stage.says("record", "eventname:PROCESS_LOG_STDOUT");
    stage.reaches("web", "RUNNING");
    let before = stage.memory();
    for _ in 0..20 {
        let restarted = stage.ctl(&["restart", "web"]);
        assert_eq!(restarted.code, 0, "{restarted:?}");
    }
    let grown = stage.memory().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB more");
}

#[test]
fn one_that_dies_with_an_event_is_sent_it_again() {
    let stage = stage(
        "[eventlistener:l]\ncommand=sh -c 'echo READY; read line; echo \"$line\" >>HERE/record; exit 1'\n\
         events=PROCESS_GROUP_ADDED\nstartsecs=0\nautorestart=true\n",
    )
    .started();
    stage.says_times("record", " serial:0 pool:l poolserial:0 ", 3);
}

#[test]
fn a_listener_of_supervisor_stdout_prints_what_programs_write() {
    let stage = stage(
        "[eventlistener:stdout]\ncommand=python3 HERE/listener.py HERE/record 'RESULT LENGTH\\nPAYLOAD'\n\
         events=PROCESS_LOG\nresult_handler=supervisor_stdout:event_handler\n\
         [program:web]\ncommand=sh -c 'echo hello; echo again >&2; exec sleep 1000'\n\
         stdout_events_enabled=true\nstderr_events_enabled=true\n",
    )
    .started();
    stage.says("terminal", "web stdout | hello\n");
    stage.says("terminal", "web stderr | again\n");
}

#[test]
fn capture_takes_what_is_between_the_marks_out_of_the_log() {
    let stage = stage(
        "[eventlistener:l]\ncommand=python3 HERE/listener.py HERE/record\nevents=PROCESS_COMMUNICATION\n\
         [program:web]\nstdout_capture_maxbytes=1KB\nstdout_logfile=HERE/web.log\nautorestart=false\nstartsecs=0\n\
         command=printf 'a<!--XSUPERVISOR:BEGIN-->inside<!--XSUPERVISOR:END-->b<!--XSUPER'\n",
    )
    .started();
    stage.says("record", "eventname:PROCESS_COMMUNICATION_STDOUT len:");
    assert!(stage.read("record").ends_with("\ninside\n"));
    stage.says("web.log", "<!--XSUPER");
    assert_eq!(stage.read("web.log"), "ab<!--XSUPER");
}

#[test]
fn a_program_reads_what_is_sent_to_it_also_when_it_is_more_than_its_pipe_holds() {
    let stage = stage(
        "[program:count]\ncommand=sh -c 'sleep 1; exec head -c 600000 >HERE/read'\nautorestart=false\nstartsecs=0\n\
         [program:off]\ncommand=cat\nautostart=false\n",
    )
    .started();
    let text: String = (0..100_000).map(|number| format!("{number:05}\n")).collect();
    stage.write("input", &text);
    let send = |name: &str| {
        let input = File::open(stage.path("input")).expect("the input");
        let mut command = Command::new(binary("visorctl"));
        command.arg("--socket").arg(stage.path("bus")).args(["send", name]);
        command.stdin(input).output().expect("visorctl")
    };
    stage.reaches("count", "RUNNING");
    let sent = send("count");
    assert!(sent.status.success(), "{sent:?}");
    stage.reaches("count", "EXITED");
    assert!(stage.read("read") == text, "it read something else");
    for (name, said) in
        [("off", "not running"), ("count", "not running"), ("nobody", "no such process")]
    {
        let refused = send(name);
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains(said), "{refused:?}");
    }
}
