//! Log files under both daemons: the same names, the same bytes; the same lines for syslog.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::sys::signal::Signal;
use visor_tests::{Stage, may_unshare, skip};

use super::both::both;
use super::reference;

/// Writes each argument, after Python's escapes are read, and goes on when the daemon has taken it: pieces are read as
/// they were written. An argument `@NAME` waits for a file of that name instead.
const WRITER: &str = "import fcntl, os, struct, sys, termios, time\nfor word in sys.argv[1:]:\n    if word[0] == '@':\n        \
     while not os.path.exists(word[1:]): time.sleep(0.005)\n        continue\n    \
     piece = eval('b\"' + word + '\"')\n    os.write(1, piece)\n    \
     while struct.unpack('i', fcntl.ioctl(1, termios.FIONREAD, b'0000'))[0]: time.sleep(0.001)\n";

/// Files with their contents, by name.
type Files = BTreeMap<String, String>;

/// A program whose standard output goes to `logs/NAME`.
fn program(name: &str, options: &str, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!(
        "[program:{name}]\ncommand=python3 %(here)s/writer.py {}\nstartsecs=0\nautorestart=false\n\
         stderr_logfile=NONE\n{options}\n",
        words.join(" ").replace('%', "%%").replace('@', "@%(here)s/"),
    )
}

fn lay_out(stage: &Stage, programs: &[String]) {
    fs::create_dir(stage.path("logs")).expect("a directory");
    stage.write("writer.py", WRITER);
    stage.configure(&format!("[supervisord]\nstrip_ansi=true\n{}", programs.concat()));
}

fn files(directory: &Path) -> Files {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("entry"));
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned();
    entries.map(|e| (e.file_name().into_string().expect("a name"), text(&e.path()))).collect()
}

/// Pieces of a hundred bytes, each of another letter.
fn pieces(count: u8) -> Vec<String> {
    (0..count).map(|n| format!("{}\\n", char::from(b'a' + n).to_string().repeat(99))).collect()
}

/// What the files are after a program wrote these pieces with these limits, beside others that were there.
fn rotated(stage: &mut Stage) -> Files {
    const LIMITS: [(&str, i64, i64); 8] = [
        ("unlimited", 0, 3),
        ("three", 250, 3),
        ("exact", 200, 2),
        ("one", 250, 1),
        ("none", 250, 0),
        ("negative", 250, -1),
        ("tiny", 1, 2),
        ("gaps", 250, 4),
    ];
    let pieces = pieces(20);
    let words: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let one = |(name, maxbytes, backups): &(&str, i64, i64)| {
        let options = format!(
            "stdout_logfile=%(here)s/logs/{name}\nstdout_logfile_maxbytes={maxbytes}\n\
             stdout_logfile_backups={backups}"
        );
        // Two rotations leave the gap to be seen.
        let words = if *name == "gaps" { &words[..7] } else { &words[..] };
        program(name, &options, words)
    };
    lay_out(stage, &LIMITS.iter().map(one).collect::<Vec<_>>());
    for left in ["gaps.2", "gaps.9", "three.1", "none.1", "one.x"] {
        stage.write(&format!("logs/{left}"), left);
    }
    stage.write("logs/three", "from before\n");
    stage.launch();
    stage.says_times("visord.log", " exited: ", LIMITS.len());
    stage.end();
    files(&stage.path("logs"))
}

#[test]
fn files_are_rotated_to_the_same_names_and_bytes() {
    let Some(python) = reference() else { return };
    let seen = both(&python, rotated);
    assert!(seen.theirs.len() > 15, "{:?}", seen.theirs);
    assert_eq!(seen.ours, seen.theirs);
}

/// Somebody moves a file away and says so, twice; rotation goes on from there.
fn reopened(stage: &mut Stage) -> Files {
    let options =
        "stdout_logfile=%(here)s/logs/web\nstdout_logfile_maxbytes=12\nstdout_logfile_backups=2";
    let words =
        ["one\\n", "@first", "two\\n", "@second", "three\\n", "four\\n", "five\\n", "six\\n"];
    lay_out(stage, &[program("web", options, &words)]);
    stage.launch();
    for (times, (written, moved)) in [("one", "first"), ("two", "second")].into_iter().enumerate() {
        stage.says("logs/web", written);
        fs::rename(stage.path("logs/web"), stage.path("logs").join(moved)).expect("rename");
        stage.signal(Signal::SIGUSR2);
        stage.says_times("visord.log", "supervisord logreopen", times + 1);
        stage.write(moved, "");
    }
    stage.says("visord.log", " exited: ");
    stage.end();
    files(&stage.path("logs"))
}

#[test]
fn files_that_are_moved_away_are_opened_anew() {
    let Some(python) = reference() else { return };
    let seen = both(&python, reopened);
    assert_eq!(seen.theirs["first"], "one\n");
    assert_eq!(seen.ours, seen.theirs);
}

/// Sequences of all kinds, each in a piece of its own.
fn stripped(stage: &mut Stage) -> Files {
    let words = [
        "plain\\n",
        "\\x1b[31mred\\x1b[0m!\\n",
        "\\x1b[2J\\x1b[1;1Htop\\n",
        "\\x1b]0;title\\x07\\n",
        "\\x1b[5GxH y\\n",
        "lost\\x1b[5nX \\n",
        "found\\n",
        "\\x1b\\x1b[1mtwice\\n",
        "\\x1b[?25lhidden\\x1b[?25h\\n",
        "\\x1b(B and \\x1b[\\x1b[0Kmore\\n",
        "\\xff\\x1b[0m\\xfe\\n",
    ];
    lay_out(stage, &[program("web", "stdout_logfile=%(here)s/logs/web", &words)]);
    stage.launch();
    stage.says("visord.log", " exited: ");
    stage.end();
    files(&stage.path("logs"))
}

#[test]
fn escape_sequences_are_taken_out_alike() {
    let Some(python) = reference() else { return };
    let seen = both(&python, stripped);
    assert!(seen.theirs["web"].contains("lostfound\n"), "{:?}", seen.theirs);
    assert_eq!(seen.ours, seen.theirs);
}

/// Puts a `/dev` in place that has a `log`.
const DEVICES: &str = "set -e; for name in null zero random urandom; do touch $0/$name; mount --bind /dev/$name $0/$name; \
     done; ln -s /proc/self/fd $0/fd; mount --rbind $0 /dev; exec \"$@\"";

/// What syslog is told, without the time.
fn told(stage: &mut Stage) -> Vec<String> {
    let words = [
        "one\\n",
        "two\\nthree\\n",
        "zw\\xc3\\xb6lf\\n",
        "\\n",
        "a\\n\\nb\\n",
        "100% \\ttab\\n",
        "last",
    ];
    lay_out(stage, &[program("web", "stdout_logfile=NONE\nstdout_syslog=true", &words)]);
    let devices = stage.path("dev");
    fs::create_dir(&devices).expect("a directory");
    let listener = UnixDatagram::bind(devices.join("log")).expect("a socket");
    let devices = devices.to_str().expect("a path");
    stage.launch_under(&["unshare", "--mount", "sh", "-c", DEVICES, devices]);
    stage.says("visord.log", " exited: ");
    stage.end();
    listener.set_nonblocking(true).expect("non-blocking");
    let mut buffer = [0; 4096];
    std::iter::from_fn(|| listener.recv(&mut buffer).ok().map(|count| buffer[..count].to_vec()))
        .map(|line| String::from_utf8_lossy(&line).trim_end_matches('\0').to_owned())
        .map(|line| format!("{}TIME{}", &line[..4], &line[19..]))
        .collect()
}

#[test]
fn syslog_is_told_the_same_lines() {
    let Some(python) = reference() else { return };
    if !nix::unistd::geteuid().is_root() || !may_unshare() {
        return skip("needs root and unshare (util-linux)");
    }
    let seen = both(&python, told);
    assert_eq!(seen.theirs[0], "<14>TIME supervisord: web one");
    assert_eq!(seen.ours, seen.theirs);
}
