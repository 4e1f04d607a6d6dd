//! `visorctl -s URL logs`, asked of the real supervisord and of visord in its stead.

use std::fs::File;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;
use visor_tests::{METHODS, ON_SOCKET, Running, Stage, binary, wait_until};

use super::visorctl;
use crate::both::{both, stage};
use crate::reference;

/// `talk` has more than the stream of a log begins with, and goes on for every file it waits for; `latin` is no UTF-8;
/// `mute` has no log.
const PROGRAMS: &str = r#"
[program:talk]
command=sh -c 'a=$(printf "\303\244"); seq -f "line %%g $a" 3000; for n in 1 two 3; do until [ -e go-$n ]; do sleep 0.01; done; echo more $n; done; exec sleep 1000'
directory=%(here)s
stdout_logfile=%(here)s/talk.log
startsecs=0
[program:latin]
command=sh -c 'seq 3000 >&2; printf "gr\374n\nrot\n" >&2; exec sleep 1000'
stderr_logfile=%(here)s/latin.log
startsecs=0
[program:mute]
command=sleep 1000
stdout_logfile=NONE
startsecs=0
"#;

/// Somebody who follows a log of a daemon.
struct Follower<'a> {
    stage: &'a Stage,
    client: Running,
}

impl<'a> Follower<'a> {
    fn start(stage: &'a Stage, words: &[&str]) -> Self {
        let mut command = Command::new(binary("visorctl"));
        command.args(["-s", &stage.url(), "logs", "-f"]).args(words);
        command.stdout(File::create(stage.path("shown")).expect("a file"));
        command.stderr(File::create(stage.path("remarks")).expect("a file"));
        Self { stage, client: Running::start(&mut command) }
    }

    fn text(&self) -> String {
        self.stage.read("shown")
    }

    fn sees(&self, end: &str) {
        wait_until(end, || self.text().ends_with(end).then_some(()));
    }
}

/// Starts the daemon, and waits until it has put this at the end of a file.
fn start(stage: &mut Stage, file: &str, end: &str) {
    stage.configure(&format!("{ON_SOCKET}{METHODS}{PROGRAMS}"));
    stage.launch_listening();
    wait_until(end, || stage.read(file).ends_with(end).then_some(()));
}

fn lines(numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.map(|n| format!("line {n} ä\n")).collect()
}

fn each(test: fn(&Stage)) {
    let Some(python) = reference() else { return };
    both(&python, |stage| {
        start(stage, "talk.log", "line 3000 ä\n");
        test(stage);
    });
}

#[test]
fn the_last_lines_are_whole_and_as_many_as_asked_for() {
    each(|stage| {
        let url = stage.url();
        let logs = |words: &[&str]| visorctl(&url, &[&["logs"], words].concat());
        assert_eq!(logs(&["talk", "-n", "2"]).out, lines(2999..=3000));
        assert_eq!(logs(&["talk"]).out, lines(2951..=3000));
        assert_eq!(logs(&["talk", "-n", "2500"]).out, lines(501..=3000));
        assert_eq!(logs(&["talk", "-n", "9999"]).out, lines(1..=3000));
        assert_eq!(logs(&["talk", "-n", "all"]).out, lines(1..=3000));
        assert_eq!(logs(&["talk", "-n", "0"]).out, "");

        let document = visorctl(&url, &["--json", "logs", "-n", "1", "talk", "mute"]);
        let value: Value = serde_json::from_str(&document.out).expect("JSON");
        assert_eq!(value["logs"][0]["text"], "line 3000 ä\n");
        assert_eq!(value["errors"][0]["error"]["fault"], "NoFile");
        assert_eq!(document.code, 1);

        let mute = logs(&["mute"]);
        assert_eq!((mute.code, mute.out.as_str()), (1, ""));
        assert!(mute.err.starts_with("mute: ERROR (no log file)\nhint: "), "{}", mute.err);
        let unknown = logs(&["tlak"]);
        assert_eq!((unknown.code, unknown.err.as_str()), (1, "hint: did you mean talk?\n"));
        assert!(!logs(&["-n", "3"]).out.is_empty(), "the daemon's own");
    });
}

#[test]
fn what_is_no_text_is_shown_as_far_as_it_can_be_had() {
    let Some(python) = reference() else { return };
    let mut stage = stage(&python.with_file_name("supervisord"));
    start(&mut stage, "latin.log", "rot\n");
    let output = Command::new(binary("visorctl"))
        .args(["-s", &stage.url(), "logs", "--stderr", "-n", "3", "latin"])
        .output()
        .expect("visorctl");
    assert_eq!(output.stdout, b"3000\ngr\xfcn\nrot\n");
    assert_eq!(output.stderr, b"", "the end has them all");
    let many = visorctl(&stage.url(), &["logs", "--stderr", "-n", "2000", "latin"]);
    assert_eq!((many.code, many.out.lines().next_back()), (0, Some("rot")));
    assert!(many.err.starts_with("hint: latin: older lines are not shown"), "{}", many.err);
}

#[test]
fn a_log_is_followed_from_its_last_lines_on_without_a_seam() {
    each(|stage| {
        let mut follower = Follower::start(stage, &["-n", "200", "talk"]);
        let before = lines(2801..=3000);
        follower.sees(&before);
        stage.write("go-1", "");
        follower.sees("more 1\n");
        assert_eq!(follower.text(), format!("{before}more 1\n"));

        // Another file of that name, as after a rotation.
        assert_eq!(visorctl(&stage.url(), &["clear", "talk"]).code, 0);
        stage.write("go-two", "");
        follower.sees("more two\n");

        let log = File::options().write(true).open(stage.path("talk.log")).expect("the log");
        // Shorter than before, whenever the server looks.
        log.set_len(0).expect("an empty log");
        stage.write("go-3", "");
        follower.sees("more two\n==> File truncated <==\nmore 3\n");

        follower.client.signal(Signal::SIGINT);
        assert_eq!(follower.client.ended(), -1, "Ctrl-C ends it");
    });
}

#[test]
fn whoever_follows_is_told_that_the_server_is_gone() {
    each(|stage| {
        let mut follower = Follower::start(stage, &["-n", "1", "talk"]);
        follower.sees("line 3000 ä\n");
        assert_eq!(visorctl(&stage.url(), &["shutdown"]).code, 0);
        assert_eq!(follower.client.ended(), 4);
        let remarks = stage.read("remarks");
        assert!(remarks.starts_with("error: the log of talk ends here\n"), "{remarks}");
    });
}
