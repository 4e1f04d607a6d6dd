//! Logs on the daemon's own standard streams, whatever these are and whoever runs it.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::thread;

use nix::pty::openpty;
use visor_tests::{Stage, may_unshare, skip, under, wait_until};

/// What standard streams are.
const KINDS: [&str; 4] = ["pipe", "socket", "terminal", "file"];

/// How often each program writes.
const LINES: usize = 150;

/// Names of one and the same stream, and of the programs that write to it.
const NAMES: [(&str, &str); 6] = [
    ("a", "/dev/stdout"),
    ("b", "/dev/fd/1"),
    ("c", "/proc/self/fd/1"),
    ("d", "HERE/link"),
    ("e", "/dev/stderr"),
    ("f", "/dev/stdout"),
];

/// Programs that write lines in pieces, each to another name of the stream, the last line without its end.
fn programs(stage: &Stage, names: &[(&str, &str)]) -> String {
    let here = stage.dir().display().to_string();
    let mut text = String::from("exit_when=all-exited\n");
    for (name, path) in names {
        let path = path.replace("HERE", &here);
        text += &format!(
            "[program:{name}]\nstartsecs=0\nautorestart=false\nredirect_stderr=true\n\
             command=sh -c 'i=0; while [ $i -lt {LINES} ]; do printf \"<{name} $i \"; printf \"whole>\\n\"; \
             i=$((i+1)); done; printf \"<{name} \"; printf \"end>\"'\n\
             stdout_logfile={path}\nstdout_logfile_maxbytes=50MB\nstdout_logfile_backups=3\n"
        )
        .replace('%', "%%");
    }
    text
}

/// What is behind the streams: what the daemon gets, and where what it wrote can be read.
fn behind(kind: &str, stage: &Stage) -> (OwnedFd, Box<dyn Read + Send>) {
    match kind {
        "pipe" => {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            (writer.into(), Box::new(reader))
        }
        "socket" => {
            let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
            (theirs.into(), Box::new(ours))
        }
        "terminal" => {
            let pair = openpty(None, None).expect("a terminal");
            (pair.slave, Box::new(File::from(pair.master)))
        }
        _ => {
            let path = stage.path("output");
            let file = File::create(&path).expect("a file");
            (file.into(), Box::new(File::open(path).expect("a file")))
        }
    }
}

/// Reads to the end; that of a terminal is an error.
fn all(reader: &mut dyn Read) -> String {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = reader.read(&mut piece) {
        bytes.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

/// Runs programs to their end, the daemon's streams being `kind`, started through `words`; what was written.
fn written(kind: &str, stage: &Stage, words: &[&str]) -> String {
    let (stream, mut reader) = behind(kind, stage);
    let other = stream.try_clone().expect("a second descriptor");
    let mut command = under(words, &stage.daemon_command());
    let mut daemon =
        command.stdout(Stdio::from(stream)).stderr(Stdio::from(other)).spawn().expect("visord");
    drop(command);
    let text = if kind == "file" {
        let status = wait_until("the end", || daemon.try_wait().expect("wait"));
        assert_eq!(status.code(), Some(0), "{kind} {words:?}");
        all(&mut reader)
    } else {
        let text = thread::spawn(move || all(&mut reader)).join().expect("a reader");
        let status = daemon.wait().expect("wait");
        assert_eq!(status.code(), Some(0), "{kind} {words:?}: {text}");
        text
    };
    assert!(!text.contains("Traceback") && !text.contains("cannot"), "{text}");
    text
}

/// Every line of every program is there, once, in order, and nothing is in it but itself.
fn all_lines_are_whole(text: &str, names: &[(&str, &str)], how: &str) {
    for (name, _) in names {
        let beginning = format!("<{name} ");
        let own: Vec<&str> = text.lines().filter(|line| line.contains(&beginning)).collect();
        let whole = (0..LINES).map(|i| format!("<{name} {i} whole>"));
        let wanted: Vec<String> = whole.chain([format!("<{name} end>")]).collect();
        assert!(own == wanted, "{name}, {how}:\n{own:?}\n{text}");
    }
}

/// A stage where somebody may write. Lines of the daemon's own are among the others.
fn stage(names: &[(&str, &str)], owner: Option<u32>, settings: &str) -> Stage {
    let stage = Stage::new("");
    stage.configure(&programs(&stage, names));
    let text = stage.read("visord.conf");
    let own = format!("logfile={}/visord.log", stage.dir().display());
    stage.write("visord.conf", &text.replace(&own, &format!("logfile=/dev/stdout{settings}")));
    std::os::unix::fs::symlink("/dev/stdout", stage.path("link")).expect("a link");
    if let Some(uid) = owner {
        nix::unistd::chown(stage.dir(), Some(uid.into()), Some(uid.into())).expect("chown");
    }
    stage
}

fn lines_are_whole(kind: &str, stage: &Stage, names: &[(&str, &str)], words: &[&str]) {
    let text = written(kind, stage, words);
    let how = format!("{kind} {words:?}");
    all_lines_are_whole(&text, names, &how);
    for own in ["INFO spawned: 'a' with pid", "INFO exited: a (exit status 0; expected)\n"] {
        assert_eq!(text.matches(own).count(), 1, "{own} {how}:\n{text}");
    }
}

#[test]
fn lines_are_whole_whatever_the_stream_is() {
    for kind in KINDS {
        lines_are_whole(kind, &stage(&NAMES, None, ""), &NAMES, &[]);
    }
}

#[test]
fn lines_are_whole_whoever_runs_it() {
    if !nix::unistd::geteuid().is_root() {
        return skip("needs root");
    }
    for kind in KINDS {
        // Whom no file knows, as some clusters want it.
        let words = ["setpriv", "--reuid=12345", "--regid=0", "--clear-groups"];
        lines_are_whole(kind, &stage(&NAMES, Some(12345), ""), &NAMES, &words);
        // One who began as root: the streams are still root's.
        lines_are_whole(kind, &stage(&NAMES, Some(65534), "\nuser=nobody"), &NAMES, &[]);
    }
}

#[test]
fn lines_are_whole_in_a_container() {
    if !may_unshare() {
        return skip("needs unshare (util-linux) and the right to use it");
    }
    let names = [&NAMES[..], &[("g", "/proc/1/fd/1"), ("h", "/proc/1/fd/2")]].concat();
    let first = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let stranger = [&first[..], &["setpriv", "--reuid=12345", "--clear-groups"]].concat();
    for kind in KINDS {
        lines_are_whole(kind, &stage(&names, None, ""), &names, &first);
        lines_are_whole(kind, &stage(&names, Some(12345), ""), &names, &stranger);
    }
}

#[test]
fn more_logs_than_can_be_followed_can_be_read() {
    let stage = Stage::new(
        "[program:many]\ncommand=sh -c 'echo here; exec sleep 1000'\nnumprocs=70\nstartsecs=0\n\
         process_name=p_%(process_num)02d\n",
    )
    .started();
    wait_until("their output", || {
        let logs = stage.ctl(&["logs", "-n", "1", "many:*"]);
        let lines = logs.out.lines().filter(|line| line.ends_with(" | here")).count();
        ((logs.code, lines) == (0, 70)).then_some(())
    });
    let mut reader = stage.ctl_beside(&["logs", "-f", "many:*"], "followed");
    wait_until("a refusal", || {
        stage
            .read("followed")
            .contains(" more: ERROR (no more logs can be followed at once)\n")
            .then_some(())
    });
    reader.kill().expect("a living reader");
    reader.wait().expect("its end");
}
