//! In a container: as process 1, without /run, as a user whom nobody knows.

use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use visor_tests::{Stage, binary, run, under, wait_until};

/// Whether this machine lets us make namespaces and become others.
fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        visor_tests::skip("needs root");
    }
    root
}

/// The words that make what follows process 1.
const FIRST: [&str; 5] = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];

/// The process id outside of the process 1 that `unshare` waits for.
fn inner(stage: &Stage) -> Pid {
    let unshare = stage.pid();
    let children = format!("/proc/{unshare}/task/{unshare}/children");
    let text = std::fs::read_to_string(children).expect("children of unshare");
    Pid::from_raw(text.trim().parse().expect("one child"))
}

#[test]
fn as_process_1_it_reaps_orphans_and_ends_when_it_is_told() {
    if !is_root() {
        return;
    }
    let mut stage = Stage::new(
        "[program:parent]\nstartsecs=0\nautorestart=false\nstdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=50MB\n\
         command=sh -c '(sh -c \"sleep 0.05 && exit 7\" &) && echo from the parent && exec sleep 1000'\n",
    )
    .started_under(&FIRST);
    stage.reaches("parent", "RUNNING");
    assert_eq!(stage.ctl(&["pid"]).out, "1\n");
    stage.says("visord.log", "(exit status 7)");
    stage.says("terminal", "from the parent");
    kill(inner(&stage), Signal::SIGTERM).expect("process 1");
    assert_eq!(stage.ended(), 0);
    let log = stage.read("visord.log");
    assert!(log.contains("WARN received SIGTERM") && log.contains("stopped: parent"), "{log}");
}

/// What ends with `exit_when`, and with which code.
const ENDS: [(&str, &str, i32); 4] = [
    ("web", "exit 3", 3),
    ("web", "kill -KILL $$", 137),
    ("all-exited", "exit 0", 0),
    ("any-fatal", "exec /nothing/here", 127),
];

/// A program that ends so as soon as it is let, beside one that has to be stopped.
fn ending_programs(condition: &str, here: &std::path::Path, end: &str) -> String {
    let (startsecs, side) = match condition {
        "any-fatal" => (1, "sleep 1000"),
        "all-exited" => (0, "true"),
        _ => (0, "sleep 1000"),
    };
    let here = here.display();
    format!(
        "exit_when={condition}\n[program:side]\ncommand={side}\npriority=1\nstartsecs=0\nautorestart=false\n\
         [program:web]\ncommand=sh -c 'until [ -e {here}/go ]; do sleep 0.01; done; {end}'\n\
         autorestart=false\nstartsecs={startsecs}\nstartretries=0\n"
    )
}

#[test]
fn it_ends_with_the_code_of_what_it_was_for() {
    let modes: &[&[&str]] = if is_root() { &[&[], &FIRST] } else { &[&[]] };
    for words in modes {
        for (condition, end, code) in ENDS {
            let mut stage = Stage::new("");
            stage.configure(&ending_programs(condition, stage.dir(), end));
            stage.launch_under(words);
            stage.write("go", "");
            assert_eq!(stage.ended(), code, "{condition}: {end}");
            let log = stage.read("visord.log");
            assert!(log.contains(&format!("to end with exit code {code}")), "{log}");
            let stopped = log.contains("stopped: side (terminated by SIGTERM)");
            assert_eq!(stopped, condition != "all-exited", "{log}");
            assert!(!stage.path("visord.pid").exists() && !stage.path("bus").exists());
        }
    }
}

#[test]
fn a_program_that_signals_its_parent_ends_the_container() {
    let modes: &[&[&str]] = if is_root() { &[&[], &FIRST] } else { &[&[]] };
    for words in modes {
        for signal in ["TERM", "QUIT", "INT"] {
            let mut stage = Stage::new(&format!(
                "[program:killer]\ncommand=python3 -c 'import os, signal; os.kill(os.getppid(), signal.SIG{signal})'\n\
                 [program:up]\ncommand=sleep 1000\n"
            ));
            stage.launch_under(words);
            assert_eq!(stage.ended(), 0, "{signal}");
            let said = format!("WARN received SIG{signal} indicating exit request");
            assert!(stage.read("visord.log").contains(&said), "{}", stage.read("visord.log"));
        }
    }
}

#[test]
fn a_log_on_standard_output_is_written_once_and_never_rotated() {
    for logfile in ["/dev/stdout", "/dev/null", "/dev/stderr"] {
        let stage = Stage::new("");
        let text = stage.read("visord.conf").replace(
            &format!("logfile={}/visord.log", stage.dir().display()),
            &format!("logfile={logfile}\nlogfile_maxbytes=100"),
        );
        stage.write("visord.conf", &text);
        let stage = stage.started();
        stage.says("terminal", "supervisord started");
        stage.signal(Signal::SIGUSR2);
        stage.says_times("terminal", "supervisord logreopen", 1);
        assert_eq!(stage.read("terminal").matches("supervisord started").count(), 1, "{logfile}");
    }
}

/// As images have it: waits for a program to be given up, and tells its parent to end.
const KILLER: &str = "import os, signal, sys\nsys.stdout.write('READY\\n')\nsys.stdout.flush()\n\
     header = dict(pair.split(':') for pair in sys.stdin.readline().split())\nsys.stdin.read(int(header['len']))\n\
     os.kill(os.getppid(), signal.SIGQUIT)\nsys.stdout.write('RESULT 2\\nOK')\nsys.stdout.flush()\n";

#[test]
fn a_listener_that_signals_its_parent_ends_the_container() {
    let modes: &[&[&str]] = if is_root() { &[&[], &FIRST] } else { &[&[]] };
    for words in modes {
        let mut stage = Stage::new("");
        stage.write("killer.py", KILLER);
        stage.configure(&format!(
            "[eventlistener:killer]\ncommand=python3 {}/killer.py\nevents=PROCESS_STATE_FATAL\n\
             [program:broken]\ncommand=/nothing/here\nstartretries=0\n[program:up]\ncommand=sleep 1000\n",
            stage.dir().display()
        ));
        stage.launch_under(words);
        assert_eq!(stage.ended(), 0);
        let log = stage.read("visord.log");
        assert!(log.contains("WARN received SIGQUIT indicating exit request"), "{log}");
        assert!(log.contains("stopped: up"), "{log}");
    }
}

/// A configuration that says nothing of sockets, as supervisord.conf files do.
fn plain(stage: &Stage, programs: &str) {
    let here = stage.dir().display();
    let text = format!(
        "[supervisord]\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile={here}/visord.pid\nchildlogdir={here}\n{programs}"
    );
    stage.write("visord.conf", &text);
}

/// Somebody whom no file knows; another one for each story that runs.
fn stranger(number: u32) -> (u32, [String; 4]) {
    let uid = 1_000_000 + std::process::id() * 10 + number;
    let words = [
        "setpriv".to_owned(),
        format!("--reuid={uid}"),
        format!("--regid={uid}"),
        "--clear-groups".to_owned(),
    ];
    (uid, words)
}

/// The directory that is used where there is none at run time. Dropping this removes it.
struct Temporary(PathBuf);

impl Temporary {
    fn of(uid: u32) -> Self {
        Self(PathBuf::from(format!("/tmp/visord-{uid}")))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may never have been made.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_user_whom_nobody_knows_finds_the_own_daemon() {
    if !is_root() {
        return;
    }
    let (uid, words) = stranger(0);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let temporary = Temporary::of(uid);
    let mut stage = Stage::new("");
    plain(&stage, "[program:up]\ncommand=sleep 1000\nstartsecs=0\n");
    nix::unistd::chown(stage.dir(), Some(uid.into()), Some(uid.into())).expect("chown");
    stage.launch_under(&[&words[..], &["env", "-u", "XDG_RUNTIME_DIR"]].concat());

    let mut ctl = Command::new(binary("visorctl"));
    ctl.arg("status").env_remove("XDG_RUNTIME_DIR").env_remove("DBUS_SESSION_BUS_ADDRESS");
    let status = wait_until("an answer", || {
        Some(run(&mut under(&words, &ctl))).filter(|output| output.out.contains("RUNNING"))
    });
    assert_eq!(status.code, 0, "{}", status.err);
    stage.says("terminal", &format!("listening on {}/bus", temporary.0.display()));
    stage.end();
}

#[test]
fn the_user_that_it_is_already_is_no_error() {
    if !is_root() {
        return;
    }
    for (uid, name) in [(12345, "12345"), (65534, "nobody"), (65534, "65534")] {
        let mut stage = Stage::new("");
        let program = format!(
            "exit_when=once\n[program:once]\nuser={name}\nstartsecs=0\nautorestart=false\n\
             command=sh -c 'id -u >{}/id'\n",
            stage.dir().display()
        );
        stage.configure(&program);
        let text = stage.read("visord.conf");
        let user = format!("nodaemon=true\nuser={name}");
        stage.write("visord.conf", &text.replace("nodaemon=true", &user));
        nix::unistd::chown(stage.dir(), Some(uid.into()), Some(uid.into())).expect("chown");
        let (reuid, regid) = (format!("--reuid={uid}"), format!("--regid={uid}"));
        stage.launch_under(&["setpriv", &reuid, &regid, "--clear-groups"]);
        assert_eq!(stage.ended(), 0, "{name}: {}", stage.read("terminal"));
        assert_eq!(stage.read("id"), format!("{uid}\n"));
    }
}

#[test]
fn a_directory_that_somebody_else_made_is_not_believed() {
    if !is_root() {
        return;
    }
    let (uid, words) = stranger(1);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let temporary = Temporary::of(uid);
    std::fs::create_dir(&temporary.0).expect("mkdir");
    let mut stage = Stage::new("");
    plain(&stage, "");
    nix::unistd::chown(stage.dir(), Some(uid.into()), Some(uid.into())).expect("chown");
    stage.launch_under(&[&words[..], &["env", "-u", "XDG_RUNTIME_DIR"]].concat());
    let path = temporary.0.display();
    wait_until("the refusal", || {
        let said = stage.read("terminal");
        (said.contains(&format!("{path} is not")) && said.contains("socket=")).then_some(())
    });
    let mut ctl = Command::new(binary("visorctl"));
    ctl.arg("status").env_remove("XDG_RUNTIME_DIR").env_remove("DBUS_SESSION_BUS_ADDRESS");
    let status = run(&mut under(&words, &ctl));
    assert!(status.code != 0 && status.err.contains(&format!("{path} is not")), "{}", status.err);
    stage.says("terminal", "supervisord started");
    stage.end();
}

#[test]
fn on_a_read_only_root_it_runs_and_says_how_it_can_be_asked() {
    if !is_root() {
        return;
    }
    let (visord, visorctl) = (binary("visord"), binary("visorctl"));
    let stage = Stage::new("");
    let text = "[supervisord]\nlogfile=/dev/null\npidfile=/dev/null\nchildlogdir=/tmp\n[program:up]\nstartsecs=0\n\
         command=sleep 1000\nstdout_logfile=NONE\nstderr_logfile=NONE\n";
    stage.write("visord.conf", text);
    // A root file system with what is needed, /run left out, and a /tmp that can be written.
    let root = stage.path("root");
    std::fs::create_dir(&root).expect("mkdir");
    let script = format!(
        "set -e; r={root}; mount -t tmpfs tmpfs $r; cd $r; mkdir dev proc tmp usr etc app bin; \
         mount --rbind /dev dev; mount --rbind /usr usr; mount --bind {bins} app; rmdir bin; ln -s usr/bin bin; \
         for d in lib lib64; do [ -L /$d ] && ln -s usr/$d $d; done; cp {here}/visord.conf etc; \
         mount -t proc proc proc; mount -t tmpfs tmpfs tmp; mount -o remount,ro,bind $r $r 2>/dev/null || mount -o remount,ro $r; \
         exec chroot $r sh -c '/app/visord -c /etc/visord.conf & \
           for i in $(seq 100); do /app/visorctl status up | grep RUNNING && break; sleep 0.05; done; kill -TERM $!; wait $!; echo ended $?'",
        root = root.display(),
        bins = visord.parent().expect("target/PROFILE").display(),
        here = stage.dir().display(),
    );
    assert_eq!(visord.parent(), visorctl.parent());
    let output = run(Command::new("unshare").args([
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        &script,
    ]));
    for part in ["listening on /tmp/visord-0/bus", "RUNNING", "ended 0"] {
        assert!(output.out.contains(part), "no {part:?} in\n{}\n{}", output.out, output.err);
    }
}
