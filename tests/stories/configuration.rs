//! Changing the file while its programs run.

use nix::sys::signal::Signal;
use visor_tests::{Stage, wait_until};

const TWO: &str = "[program:kept]\ncommand=sleep 1000\nstartsecs=0\n[program:old]\ncommand=sleep 1001\nstartsecs=0\n";
const OTHER_TWO: &str = "[program:kept]\ncommand=sleep 1000\nstartsecs=0\n[program:new]\ncommand=sleep 1002\nstartsecs=0\n";

#[test]
fn update_says_what_it_will_do_and_leaves_what_did_not_change() {
    let stage = Stage::new(TWO).started();
    stage.reaches("old", "RUNNING");
    let kept = stage.pid_of("kept");

    assert_eq!(stage.ctl(&["reread"]).out, "No config updates to processes\n");
    stage.configure(OTHER_TWO);
    assert_eq!(stage.ctl(&["reread"]).out, "new: available\nold: disappeared\n");

    let dry = stage.ctl(&["update", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(dry.out.contains("new") && dry.out.contains("old"), "{}", dry.out);
    assert_eq!(stage.row("old").expect("still there")["state"], "RUNNING");

    let done = stage.ctl(&["update"]);
    assert_eq!(done.code, 0, "{}", done.err);
    for line in ["old: stopped", "old: removed process group", "new: added process group"] {
        assert!(done.out.contains(line), "no {line:?} in\n{}", done.out);
    }
    stage.reaches("new", "RUNNING");
    assert!(stage.row("old").is_none());
    assert_eq!(stage.pid_of("kept"), kept, "what did not change runs on");
}

/// A program that says a line whenever it is told to.
const TELLER: &str = "[program:teller]\nstartsecs=0\ncommand=sh -c 'trap \"echo told\" USR1; echo up; while :; do sleep 1000 & wait; done'\n\
     stdout_logfile=HERE/teller.log\nstopasgroup=true\n";

#[test]
fn groups_are_added_cleared_and_removed_one_by_one() {
    let stage = Stage::new(TWO).started();
    let says = |words: &[&str], code: u8, text: &str| {
        let output = stage.ctl(words);
        assert_eq!(
            (output.code, &*output.out),
            (i32::from(code), text),
            "{words:?}: {}",
            output.err
        );
        output.err
    };
    says(&["add", "teller"], 1, "ERROR: no such process/group: teller\n");
    let teller = TELLER.replace("HERE", &stage.dir().display().to_string());
    stage.configure(&format!("{TWO}{teller}"));
    says(&["reread"], 0, "teller: available\n");
    let avail = "kept    in use  auto  999:999\nold     in use  auto  999:999\nteller  avail   auto  999:999\n";
    says(&["avail"], 0, avail);
    assert!(stage.row("teller").is_none(), "looking adds nothing");
    let hint = says(&["add", "tellre"], 1, "ERROR: no such process/group: tellre\n");
    assert!(hint.contains("did you mean teller?"), "{hint}");

    says(&["add", "teller"], 0, "teller: added process group\n");
    says(&["add", "teller"], 0, "ERROR: process group already active: teller\n");
    stage.reaches("teller", "RUNNING");
    says(&["avail"], 0, &avail.replace("teller  avail ", "teller  in use"));
    let logs = |text: &str| {
        wait_until("the log", || (stage.read("teller.log") == text).then_some(()));
    };
    logs("up\n");
    says(&["clear", "teller", "nobody"], 1, "nobody: ERROR (no such process)\nteller: cleared\n");
    logs("");
    says(&["signal", "USR1", "teller"], 0, "teller: signalled\n");
    logs("told\n");
    says(&["clear", "all"], 0, "kept: cleared\nold: cleared\nteller: cleared\n");
    logs("");

    let hint = says(&["remove", "teller"], 1, "ERROR: process/group still running: teller\n");
    assert!(hint.contains("visorctl stop 'teller:*'"), "{hint}");
    says(&["stop", "teller:*"], 0, "teller: stopped\n");
    let json = stage.ctl(&["--json", "remove", "teller", "tell"]).out;
    let done: serde_json::Value = serde_json::from_str(&json).expect("a document");
    assert_eq!(done["results"][0]["done"], "removed process group");
    assert_eq!(done["results"][1]["error"]["fault"], "NoSuchUnit");
    assert!(stage.row("teller").is_none());

    stage.configure("[program:teller]\ncommand=sleep 1000\nstartsecs=soon\n");
    let problem = says(&["add", "teller"], 1, "");
    assert!(problem.contains("soon"), "{problem}");
    for name in ["kept", "old"] {
        stage.reaches(name, "RUNNING");
    }
}

#[test]
fn a_bad_file_refuses_update_and_reload_and_everything_runs_on() {
    let stage = Stage::new(TWO).started();
    stage.reaches("old", "RUNNING");
    let before = (stage.pid_of("kept"), stage.pid_of("old"));
    stage.configure("[program:kept]\ncommand=sleep 1\nstartsecs=soon\nautorestart=perhaps\n");

    for verb in ["update", "reload"] {
        let refused = stage.ctl(&[verb]);
        assert_ne!(refused.code, 0, "{verb}: {}", refused.out);
        assert!(
            refused.err.contains("soon") && refused.err.contains("perhaps"),
            "all problems at once:\n{}",
            refused.err
        );
    }
    stage.signal(Signal::SIGHUP);
    stage.says("visord.log", "restart refused");
    assert_eq!((stage.pid_of("kept"), stage.pid_of("old")), before);
}

#[test]
fn reload_stops_everything_and_begins_again_under_the_same_pid() {
    let stage = Stage::new(TWO).started();
    stage.reaches("old", "RUNNING");
    let before = stage.pid_of("kept");
    stage.configure(OTHER_TWO);
    stage.signal(Signal::SIGHUP);
    stage.reaches("new", "RUNNING");
    assert_ne!(stage.pid_of("kept"), before);
    assert!(stage.row("old").is_none());
}

#[test]
fn a_second_reload_while_the_first_stops_everything_brings_the_newest_file() {
    let stage = Stage::new(
        "[program:slow]\nstartsecs=0\nautorestart=false\ncommand=sh -c 'trap : TERM; until test -e %(here)s/go; do sleep 0.05; done'\n",
    )
    .started();
    stage.reaches("slow", "RUNNING");
    let programs = |name: &str| format!("[program:{name}]\ncommand=sleep 1000\nstartsecs=0\n");
    for (name, heard) in [("second", 1), ("third", 2)] {
        stage.configure(&programs(name));
        stage.signal(Signal::SIGHUP);
        stage.reaches("slow", "STOPPING");
        wait_until("the signal in the log", || {
            let log = stage.read("visord.log");
            (log.matches("received SIGHUP indicating restart").count() == heard).then_some(())
        });
    }
    stage.write("go", "");
    stage.reaches("third", "RUNNING");
    let log = stage.read("visord.log");
    assert!(!log.contains("ignored SIGHUP"), "{log}");
}

/// A `[supervisord]` section of its own, and what `Stage` asks of the others.
fn configured(stage: &Stage, log: &str, daemon: &str, programs: &str) {
    let here = stage.dir().display();
    let text = format!(
        "[supervisord]\nlogfile={here}/{log}\npidfile={here}/{log}.pid\nchildlogdir={here}\nnodaemon=true\n{daemon}\n\
         [visord]\nsocket={here}/bus\nbus=off\njournal=off\n{programs}"
    );
    stage.write("visord.conf", &text);
}

#[test]
fn reload_applies_the_settings_of_the_daemon_and_says_which_it_cannot() {
    let talker = "[program:talker]\nstartsecs=0\ncommand=sh -c 'printf \"\\033[1mbold\\n\"; exec sleep 1000'\n";
    let stage = Stage::new("");
    configured(&stage, "first.log", "", talker);
    let stage = stage.started();
    stage.reaches("talker", "RUNNING");
    wait_until("the output", || {
        stage.read_matching("talker-stdout").contains("bold").then_some(())
    });
    let pid = stage.read("first.log.pid");

    let settings = "strip_ansi=true\nidentifier=other\nloglevel=debug\nminfds=99\numask=077\n";
    configured(&stage, "second.log", settings, talker);
    assert_eq!(stage.ctl(&["reload"]).code, 0);
    stage.says("second.log", "INFO spawned: 'talker'");
    for line in [
        format!("INFO supervisord started with pid {pid}"),
        "WARN [supervisord] minfds has changed".to_owned(),
        "WARN [supervisord] umask has changed".to_owned(),
    ] {
        stage.says("second.log", line.trim_end());
    }
    let log = stage.read("second.log");
    assert!(!log.contains("[visord] socket"), "{log}");
    assert_eq!((stage.read("second.log.pid"), stage.path("first.log.pid").exists()), (pid, false));
    stage.says("second.log", "DEBG 'talker' stdout output:");
    assert_eq!(stage.read_matching("talker-stdout---supervisor"), "", "the old AUTO log is gone");
    assert_eq!(stage.read_matching("talker-stdout---other"), "bold\n");
    let logs = stage.ctl(&["logs", "talker"]);
    assert_eq!(logs.out, "bold\n", "{}", logs.err);
}

#[test]
fn a_log_file_that_cannot_be_opened_at_a_reload_leaves_the_old_one() {
    let stage = Stage::new("");
    configured(&stage, "good.log", "", "");
    let stage = stage.started();
    std::fs::create_dir(stage.path("bad.log")).expect("mkdir");
    configured(&stage, "bad.log", "", "[program:up]\ncommand=sleep 1000\nstartsecs=0\n");
    assert_eq!(stage.ctl(&["reload"]).code, 0);
    stage.reaches("up", "RUNNING");
    stage.says("good.log", "ERRO could not open the new log file, the old one is kept");
    stage.says("good.log", "INFO spawned: 'up'");
}

#[test]
fn what_update_and_reload_find_strange_is_in_the_log() {
    let stage = Stage::new("").started();
    for verb in ["update", "reload"] {
        stage.configure(&format!("[program:up]\ncommand=sleep 1000\nautorstart=true\n[{verb}]\n"));
        let output = stage.ctl(&[verb]);
        assert_eq!(output.code, 0, "{}{}", output.out, output.err);
        wait_until("the warning", || {
            let log = stage.read("visord.log");
            (log.contains("autorstart") && log.contains(&format!("[{verb}]"))).then_some(())
        });
    }
}

#[test]
fn the_log_names_every_included_file() {
    let stage = Stage::new("[include]\nfiles=conf.d/*.conf none/*.conf\n");
    std::fs::create_dir(stage.path("conf.d")).expect("mkdir");
    stage.write("conf.d/one.conf", "[program:one]\ncommand=sleep 1000\nstartsecs=0\n");
    let stage = stage.started();
    stage.reaches("one", "RUNNING");
    let one = stage.path("conf.d/one.conf");
    stage.says(
        "visord.log",
        &format!("INFO Included extra file \"{}\" during parsing", one.display()),
    );
    stage.says("visord.log", "none/*.conf");
    assert!(stage.read("visord.log").contains("WARN "));
}
