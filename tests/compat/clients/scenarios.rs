//! What both clients are asked.

use Step::{Configure, End, Follow, Glimpse, Reach, Say, SayUnordered, Written};

/// One thing that is done on both sides.
pub(super) enum Step {
    /// These words after the program's name, and this on its standard input.
    Say(&'static [&'static str], &'static str),
    /// The same; what it shows comes in the order in which processes end, which is anyone's.
    SayUnordered(&'static [&'static str]),
    /// Other programs in the file.
    Configure(&'static str),
    /// Waits until `status` shows this process in this state.
    Reach(&'static str, &'static str),
    /// Waits until a file in the directory contains this.
    Written(&'static str, &'static str),
    /// These words, until this is shown; then Ctrl-C.
    Follow(&'static [&'static str], &'static str),
    /// The same; of what is shown only the first line counts, since the rest is the daemon's.
    Glimpse(&'static [&'static str], &'static str),
    /// Waits until the daemon has ended.
    End,
}

impl Step {
    /// What is said, if anything is.
    pub(super) fn line(&self) -> Option<String> {
        match self {
            Say(words, _) | SayUnordered(words) | Follow(words, _) | Glimpse(words, _) => {
                Some(words.join(" "))
            }
            Configure(_) | Reach(..) | Written(..) | End => None,
        }
    }
}

const fn say(words: &'static [&'static str]) -> Step {
    Say(words, "")
}

/// The programs at first: one of each kind of fate. What one of them comes to must not hang on who is faster: Supervisor
/// collects the dead once more between a launch and its answer, so that one which ends at once may have `started` or not.
/// `done` ends the first time only.
pub(super) const PROGRAMS: &str = "\
[program:cat]
command=cat
startsecs=0
stdout_logfile=%(here)s/cat.log
stderr_logfile=NONE
[program:talk]
command=sh -c 'echo out; printf \"\\303\\251 <&>\\n\"; echo err >&2; exec sleep 1000'
startsecs=0
stdout_logfile=%(here)s/talk.log
[program:w]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=2
autostart=false
startsecs=0
[program:missing]
command=/no/such/program
autostart=false
[program:noexec]
command=%(here)s/visord.conf
autostart=false
[program:quick]
command=false
autostart=false
startretries=0
[program:done]
command=sh -c 'mkdir %(here)s/done 2>/dev/null || exec sleep 1000'
startsecs=0
autorestart=false
[program:a]
command=sleep 1000
priority=5
autostart=false
startsecs=0
[program:b]
command=sleep 1000
autostart=false
startsecs=0
[group:a_group_with_a_rather_long_name]
programs=a,b
priority=7
";

/// One group changed, one gone, one new.
const OTHER_PROGRAMS: &str = "\
[program:cat]
command=cat
startsecs=0
priority=3
[program:talk]
command=sh -c 'exec sleep 1000'
startsecs=0
[program:new]
command=sleep 1000
startsecs=0
[program:other]
command=sleep 1000
startsecs=0
";

pub(super) const SCENARIOS: &[Step] = &[
    Reach("done", "EXITED"),
    Reach("cat", "RUNNING"),
    Written("talk.log", "<&>"),
    // The command line.
    say(&["-h"]),
    say(&["-x", "status"]),
    say(&["--bogus"]),
    say(&["-s"]),
    say(&["-s", "foo", "status"]),
    say(&["-s", "foo:1", "status"]),
    say(&["-u", "x", "-u", "y", "status"]),
    say(&["--interactive=1"]),
    say(&["-c", "/no/such.conf", "status"]),
    say(&["-c", "/", "status"]),
    say(&["--history-file=h", "version"]),
    say(&["-r", "h", "version"]),
    say(&["--conf", "visord.conf", "version"]),
    say(&["nonsense"]),
    say(&["!ls"]),
    say(&["-", "x"]),
    say(&["status cat"]),
    say(&["version", " "]),
    // Help.
    say(&["help"]),
    say(&["?"]),
    say(&["help", "nonsense"]),
    say(&["help", "start", "stop"]),
    say(&["help", "help"]),
    say(&["help", "EOF"]),
    say(&["help", "add"]),
    say(&["help", "avail"]),
    say(&["help", "clear"]),
    say(&["help", "exit"]),
    say(&["help", "fg"]),
    say(&["help", "maintail"]),
    say(&["help", "open"]),
    say(&["help", "pid"]),
    say(&["help", "quit"]),
    say(&["help", "reload"]),
    say(&["help", "remove"]),
    say(&["help", "reread"]),
    say(&["help", "restart"]),
    say(&["help", "shutdown"]),
    say(&["help", "signal"]),
    say(&["help", "start"]),
    say(&["help", "status"]),
    say(&["help", "stop"]),
    say(&["help", "tail"]),
    say(&["help", "update"]),
    say(&["help", "version"]),
    // Looking.
    say(&["status"]),
    say(&["status", "all", "nonsense"]),
    say(&["status", "cat"]),
    say(&["status", "cat", "w:*", "cat"]),
    say(&["status", "nonsense", "cat"]),
    say(&["status", "nonsense", "done"]),
    say(&["status", "nonsense:*", "w:nonsense"]),
    say(&["status", "a_group_with_a_rather_long_name:"]),
    say(&["status", "*"]),
    say(&["avail"]),
    say(&["pid"]),
    say(&["pid", "cat"]),
    say(&["pid", "done", "cat"]),
    say(&["pid", "nonsense", "w:w_00"]),
    say(&["pid", "all"]),
    say(&["pid", "w:*"]),
    say(&["version"]),
    say(&["avail", "x"]),
    say(&["reread", "x"]),
    say(&["version", "x"]),
    say(&["reload", "x"]),
    say(&["shutdown", "x"]),
    // Starting, stopping, signalling.
    say(&["start"]),
    say(&["stop"]),
    say(&["restart"]),
    say(&["signal"]),
    say(&["signal", "HUP"]),
    SayUnordered(&["start", "w:*"]),
    SayUnordered(&["start", "w:*"]),
    say(&["start", "w:w_00", "a_group_with_a_rather_long_name:a"]),
    say(&["start", "cat"]),
    say(&["start", "nonsense", "cat"]),
    say(&["start", "nonsense:*"]),
    say(&["start", "nonsense:*", "nonsense"]),
    say(&["start", "missing"]),
    say(&["start", "noexec"]),
    say(&["start", "quick"]),
    say(&["start", "missing", "cat"]),
    say(&["start-all"]),
    say(&["stop", "w:w_01"]),
    say(&["stop", "w:w_01"]),
    SayUnordered(&["stop", "nonsense", "w:*"]),
    say(&["stop", "nonsense:*"]),
    SayUnordered(&["restart", "w:*"]),
    say(&["restart", "w:w_00", "w:w_01"]),
    say(&["restart", "nonsense"]),
    // Signals of which nobody dies: whoever asks next would have to know when it is back.
    say(&["signal", "WINCH", "w:w_00"]),
    say(&["signal WINCH", "w:w_01"]),
    say(&["signal", "0", "w:*"]),
    say(&["signal", "NONSENSE", "cat"]),
    say(&["signal", "CONT", "done"]),
    say(&["signal", "CONT", "nonsense"]),
    say(&["signal", "CONT", "nonsense:*"]),
    say(&["signal", "NONSENSE", "w:*"]),
    SayUnordered(&["start", "all"]),
    // It may have been answered before its end was seen.
    Reach("quick", "FATAL"),
    say(&["status"]),
    say(&["signal", "CONT", "all"]),
    SayUnordered(&["stop", "w:*", "all"]),
    SayUnordered(&["stop", "all"]),
    say(&["start", "cat", "talk"]),
    // Logs.
    say(&["tail"]),
    say(&["tail", "a", "b", "c", "d"]),
    say(&["tail", "-f"]),
    say(&["tail", "talk"]),
    say(&["tail", "-3", "talk"]),
    say(&["tail", "-0", "talk"]),
    say(&["tail", "--4", "talk"]),
    say(&["tail -3", "talk", "STDERR"]),
    say(&["tail", "talk", "stderr"]),
    say(&["tail", "talk", "it's"]),
    say(&["tail", "-x", "talk"]),
    say(&["tail", "-f", "x", "y"]),
    say(&["tail", "cat", "stderr"]),
    say(&["tail", "nonsense"]),
    say(&["tail", "w:*"]),
    Follow(&["tail", "-f", "talk"], "<&>"),
    say(&["tail", "-f", "nonsense"]),
    say(&["maintail", "x"]),
    say(&["maintail", "-x"]),
    say(&["maintail", "x", "y"]),
    Glimpse(&["maintail", "-f"], "spawned: 'talk'"),
    say(&["clear"]),
    say(&["clear", "talk"]),
    say(&["tail", "talk"]),
    say(&["clear", "nonsense", "talk"]),
    say(&["clear", "w:*"]),
    say(&["clear", "all"]),
    // The foreground, as far as the real one ends.
    say(&["fg"]),
    say(&["fg", "a", "b"]),
    say(&["fg", "nonsense"]),
    say(&["fg", "w:w_00"]),
    // The configuration.
    say(&["reread"]),
    say(&["update"]),
    say(&["add"]),
    say(&["add", "cat"]),
    say(&["add", "nonsense"]),
    say(&["remove", "cat", "nonsense"]),
    Configure("[program:x]\n"),
    say(&["reread"]),
    say(&["update"]),
    Configure(OTHER_PROGRAMS),
    say(&["reread"]),
    say(&["avail"]),
    say(&["update", "nonsense", "new"]),
    say(&["add", "other"]),
    say(&["remove", "done", "missing"]),
    say(&["update", "all"]),
    say(&["update"]),
    Reach("other", "RUNNING"),
    say(&["status"]),
    // Elsewhere.
    say(&["-s", "http://127.0.0.1:1", "status"]),
    say(&["-s", "http://127.0.0.1:1", "version"]),
    say(&["-s", "http://127.0.0.1:1", "start", "x"]),
    say(&["-s", "http://127.0.0.1:1", "update"]),
    say(&["-s", "http://127.0.0.1:1", "shutdown"]),
    say(&["-s", "unix:///no/such", "status"]),
    say(&["-s", "unix:///no/such", "pid"]),
    say(&["-s", "unix:///no/such", "reread"]),
    say(&["-s", "unix:///no/such", "shutdown"]),
    say(&["open", "nonsense"]),
    say(&["open", "unix:///no/such"]),
    say(&["-s", "http://{inet}", "-u", "u", "-p", "p", "version"]),
    say(&["-s", "http://{inet}", "status"]),
    say(&["-s", "http://{inet}", "-u", "u", "-p", "wrong", "version"]),
    // The shell, with its input from a pipe.
    Say(&[], "status cat\n\nversion\nnonsense x\n?version\n!x\nopen unix:///no/such\nquit\n"),
    Say(&[], "help"),
    Say(&[], "EOF\nversion\n"),
    Say(&[], "shutdown\nn\nreload\n\nversion\n"),
    Say(&["-i", "shutdown"], ""),
    Say(&["-i", "shutdown"], "no\n"),
    Say(&["-i", "reload"], "yn\n"),
    Reach("other", "RUNNING"),
    Say(&["-i", "shutdown"], "Yes\n"),
    End,
    say(&["status"]),
    say(&["shutdown"]),
    say(&["version"]),
];
