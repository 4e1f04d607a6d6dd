//! Log files under both daemons: the same names, the same bytes; the same lines for syslog.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use nix::sys::signal::Signal;
use visor_tests::{may_unshare, skip};

use super::both::{Run, daemons};

/// Writes each argument, after Python's escapes are read, and goes on when the daemon has taken it: pieces are read as
/// they were written. An argument `@NAME` waits for a file of that name instead.
const WRITER: &str = "import fcntl, os, struct, sys, termios, time\nfor word in sys.argv[1:]:\n    if word[0] == '@':\n        \
     while not os.path.exists(word[1:]): time.sleep(0.005)\n        continue\n    \
     piece = eval('b\"' + word + '\"')\n    os.write(1, piece)\n    \
     while struct.unpack('i', fcntl.ioctl(1, termios.FIONREAD, b'0000'))[0]: time.sleep(0.001)\n";

/// Files with their contents, by name.
type Files = BTreeMap<String, String>;

/// A program whose standard output goes to `logs/NAME`.
fn program(here: &Path, name: &str, options: &str, words: &[&str]) -> String {
    let place = here.display();
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!(
        "[program:{name}]\ncommand=python3 {place}/writer.py {}\nstartsecs=0\nautorestart=false\n\
         stderr_logfile=NONE\n{options}\n",
        words.join(" ").replace('%', "%%").replace('@', &format!("@{place}/")),
    )
}

fn lay_out(here: &Path, programs: &[String]) {
    let place = here.display();
    fs::create_dir(here.join("logs")).expect("a directory");
    fs::write(here.join("writer.py"), WRITER).expect("a file");
    let text = format!(
        "[supervisord]\nnodaemon=true\nuser=root\nlogfile={place}/main.log\npidfile={place}/pid\nchildlogdir={place}\n\
         strip_ansi=true\n{}",
        programs.concat()
    );
    fs::write(here.join("conf"), text).expect("a file");
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
fn rotated(daemon: &Path) -> Files {
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
    let mut run = Run::prepared(|here| {
        let one = |(name, maxbytes, backups): &(&str, i64, i64)| {
            let options = format!(
                "stdout_logfile={}/logs/{name}\nstdout_logfile_maxbytes={maxbytes}\n\
                 stdout_logfile_backups={backups}",
                here.display()
            );
            // Two rotations leave the gap to be seen.
            let words = if *name == "gaps" { &words[..7] } else { &words[..] };
            program(here, name, &options, words)
        };
        lay_out(here, &LIMITS.iter().map(one).collect::<Vec<_>>());
        for left in ["gaps.2", "gaps.9", "three.1", "none.1", "one.x"] {
            fs::write(here.join("logs").join(left), left).expect("a file");
        }
        fs::write(here.join("logs/three"), "from before\n").expect("a file");
    });
    run.start(daemon, &[]);
    run.wait_for("main.log", " exited: ", LIMITS.len());
    run.end();
    files(&run.path("logs"))
}

#[test]
fn files_are_rotated_to_the_same_names_and_bytes() {
    let Some((theirs, ours, _named)) = daemons() else { return };
    let theirs = rotated(&theirs);
    assert!(theirs.len() > 15, "{theirs:?}");
    assert_eq!(rotated(&ours), theirs);
}

/// Somebody moves a file away and says so, twice; rotation goes on from there.
fn reopened(daemon: &Path) -> Files {
    let mut run = Run::prepared(|here| {
        let options = format!(
            "stdout_logfile={}/logs/web\nstdout_logfile_maxbytes=12\nstdout_logfile_backups=2",
            here.display()
        );
        let words =
            ["one\\n", "@first", "two\\n", "@second", "three\\n", "four\\n", "five\\n", "six\\n"];
        lay_out(here, &[program(here, "web", &options, &words)]);
    });
    run.start(daemon, &[]);
    for (times, (written, moved)) in [("one", "first"), ("two", "second")].into_iter().enumerate() {
        run.wait_for("logs/web", written, 1);
        fs::rename(run.path("logs/web"), run.path("logs").join(moved)).expect("rename");
        run.signal(Signal::SIGUSR2);
        run.wait_for("main.log", "supervisord logreopen", times + 1);
        fs::write(run.path(moved), "").expect("a file");
    }
    run.wait_for("main.log", " exited: ", 1);
    run.end();
    files(&run.path("logs"))
}

#[test]
fn files_that_are_moved_away_are_opened_anew() {
    let Some((theirs, ours, _named)) = daemons() else { return };
    let theirs = reopened(&theirs);
    assert_eq!(theirs["first"], "one\n");
    assert_eq!(reopened(&ours), theirs);
}

/// Sequences of all kinds, each in a piece of its own.
fn stripped(daemon: &Path) -> Files {
    let mut run = Run::prepared(|here| {
        let options = format!("stdout_logfile={}/logs/web", here.display());
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
        lay_out(here, &[program(here, "web", &options, &words)]);
    });
    run.start(daemon, &[]);
    run.wait_for("main.log", " exited: ", 1);
    run.end();
    files(&run.path("logs"))
}

#[test]
fn escape_sequences_are_taken_out_alike() {
    let Some((theirs, ours, _named)) = daemons() else { return };
    let theirs = stripped(&theirs);
    assert!(theirs["web"].contains("lostfound\n"), "{theirs:?}");
    assert_eq!(stripped(&ours), theirs);
}

/// Puts a `/dev` in place that has a `log`.
const DEVICES: &str = "set -e; for name in null zero random urandom; do touch $0/$name; mount --bind /dev/$name $0/$name; \
     done; ln -s /proc/self/fd $0/fd; mount --rbind $0 /dev; exec \"$@\"";

/// What syslog is told, without the time.
fn told(daemon: &Path) -> Vec<String> {
    let mut listener = None;
    let mut run = Run::prepared(|here| {
        let words = [
            "one\\n",
            "two\\nthree\\n",
            "zw\\xc3\\xb6lf\\n",
            "\\n",
            "a\\n\\nb\\n",
            "100% \\ttab\\n",
            "last",
        ];
        let both = "stdout_logfile=NONE\nstdout_syslog=true";
        lay_out(here, &[program(here, "web", both, &words)]);
        fs::create_dir(here.join("dev")).expect("a directory");
        listener = Some(UnixDatagram::bind(here.join("dev/log")).expect("a socket"));
    });
    let devices = run.path("dev");
    let devices = devices.to_str().expect("a path");
    run.start(daemon, &["unshare", "--mount", "sh", "-c", DEVICES, devices]);
    run.wait_for("main.log", " exited: ", 1);
    run.end();
    let listener = listener.expect("a socket");
    listener.set_nonblocking(true).expect("non-blocking");
    let mut buffer = [0; 4096];
    std::iter::from_fn(|| listener.recv(&mut buffer).ok().map(|count| buffer[..count].to_vec()))
        .map(|line| String::from_utf8_lossy(&line).trim_end_matches('\0').to_owned())
        .map(|line| format!("{}TIME{}", &line[..4], &line[19..]))
        .collect()
}

#[test]
fn syslog_is_told_the_same_lines() {
    let Some((theirs, ours, _named)) = daemons() else { return };
    if !nix::unistd::geteuid().is_root() || !may_unshare() {
        return skip("needs root and unshare (util-linux)");
    }
    let theirs = told(&theirs);
    assert_eq!(theirs[0], "<14>TIME supervisord: web one");
    assert_eq!(told(&ours), theirs);
}
