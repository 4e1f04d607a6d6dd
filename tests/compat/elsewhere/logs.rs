//! `visorctl -s URL logs`, asked of the real supervisord and of visord in its stead.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use visor_tests::{binary, wait_until};

use super::visorctl;
use crate::daemons::daemon::{Daemon, Kind};
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

/// Somebody who follows a log.
struct Follower {
    client: Child,
    shown: PathBuf,
}

impl Follower {
    fn start(daemon: &Daemon, words: &[&str]) -> Self {
        let shown = daemon.path("shown");
        let client = Command::new(binary("visorctl"))
            .args(["-s", &url(daemon), "logs", "-f"])
            .args(words)
            .stdout(File::create(&shown).expect("a file"))
            .stderr(File::create(daemon.path("remarks")).expect("a file"))
            .spawn()
            .expect("visorctl");
        Self { client, shown }
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.shown).expect("what it showed")
    }

    fn sees(&self, end: &str) {
        wait_until(end, || self.text().ends_with(end).then_some(()));
    }

    fn ends(&mut self) -> Option<i32> {
        wait_until("the end", || self.client.try_wait().expect("wait")).code()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.client.kill());
        drop(self.client.wait());
    }
}

fn url(daemon: &Daemon) -> String {
    format!("unix://{}", daemon.path("s.sock").display())
}

/// Waits until the daemon has put this at the end of a file.
fn written(daemon: &Daemon, file: &str, end: &str) {
    let ends = || fs::read(daemon.path(file)).is_ok_and(|text| text.ends_with(end.as_bytes()));
    wait_until(end, || ends().then_some(()));
}

fn lines(numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.map(|n| format!("line {n} ä\n")).collect()
}

fn each(test: fn(&Daemon)) {
    let Some(python) = reference() else { return };
    for kind in [Kind::Reference, Kind::Ours] {
        let daemon = Daemon::start(kind, &python, PROGRAMS);
        written(&daemon, "talk.log", "line 3000 ä\n");
        test(&daemon);
    }
}

#[test]
fn the_last_lines_are_whole_and_as_many_as_asked_for() {
    each(|daemon| {
        let url = url(daemon);
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
    let daemon = Daemon::start(Kind::Reference, &python, PROGRAMS);
    written(&daemon, "latin.log", "rot\n");
    let output = Command::new(binary("visorctl"))
        .args(["-s", &url(&daemon), "logs", "--stderr", "-n", "3", "latin"])
        .output()
        .expect("visorctl");
    assert_eq!(output.stdout, b"3000\ngr\xfcn\nrot\n");
    assert_eq!(output.stderr, b"", "the end has them all");
    let many = visorctl(&url(&daemon), &["logs", "--stderr", "-n", "2000", "latin"]);
    assert_eq!((many.code, many.out.lines().next_back()), (0, Some("rot")));
    assert!(many.err.starts_with("hint: latin: older lines are not shown"), "{}", many.err);
}

#[test]
fn a_log_is_followed_from_its_last_lines_on_without_a_seam() {
    each(|daemon| {
        let mut follower = Follower::start(daemon, &["-n", "200", "talk"]);
        let before = lines(2801..=3000);
        follower.sees(&before);
        fs::write(daemon.path("go-1"), "").expect("a file");
        follower.sees("more 1\n");
        assert_eq!(follower.text(), format!("{before}more 1\n"));

        // Another file of that name, as after a rotation.
        assert_eq!(visorctl(&url(daemon), &["clear", "talk"]).code, 0);
        fs::write(daemon.path("go-two"), "").expect("a file");
        follower.sees("more two\n");

        let log = File::options().write(true).open(daemon.path("talk.log")).expect("the log");
        // Shorter than before, whenever the server looks.
        log.set_len(0).expect("an empty log");
        fs::write(daemon.path("go-3"), "").expect("a file");
        follower.sees("more two\n==> File truncated <==\nmore 3\n");

        let client = Pid::from_raw(follower.client.id().try_into().expect("a pid"));
        kill(client, Signal::SIGINT).expect("a living client");
        assert_eq!(follower.ends(), None, "Ctrl-C ends it");
    });
}

#[test]
fn whoever_follows_is_told_that_the_server_is_gone() {
    each(|daemon| {
        let mut follower = Follower::start(daemon, &["-n", "1", "talk"]);
        follower.sees("line 3000 ä\n");
        assert_eq!(visorctl(&url(daemon), &["shutdown"]).code, 0);
        assert_eq!(follower.ends(), Some(4));
        let remarks = fs::read_to_string(daemon.path("remarks")).expect("remarks");
        assert!(remarks.starts_with("error: the log of talk ends here\n"), "{remarks}");
    });
}
