//! The socket of a FastCGI program under both daemons: the same lines, the same file, the same thing on descriptor 0.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use visor_tests::{binary, wait_until};

/// Two processes that write what their descriptor 0 is, and an address that cannot be had once they are down.
fn configuration(here: &Path) -> String {
    let here = here.display();
    format!(
        "[supervisord]\nnodaemon=true\nuser=root\nlogfile={here}/main.log\npidfile={here}/pid\nchildlogdir={here}\n\
         [visord]\nsocket={here}/bus\nbus=off\njournal=off\n\
         [fcgi-program:app]\nsocket=unix://{here}/sock\nsocket_mode=0640\nsocket_owner=nobody\nnumprocs=2\n\
         process_name=%(process_num)d\nstartsecs=0\nstdout_logfile={here}/%(process_num)d.log\n\
         command=python3 -c 'import os, socket, stat, time; m = os.fstat(0); s = socket.socket(fileno=0); \
         print(stat.S_ISSOCK(m.st_mode), s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), \
         os.get_blocking(0), os.path.basename(s.getsockname()), flush=True); time.sleep(1000)'\n"
    )
}

/// What can be seen of a run from start to end.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    lines: Vec<String>,
    on_descriptor_0: Vec<String>,
    mode: u32,
    is_left: bool,
}

fn seen(daemon: &Path) -> Seen {
    let place = tempfile::tempdir().expect("a temporary directory");
    let here = place.path();
    let file = |name: &str| std::fs::read_to_string(here.join(name)).unwrap_or_default();
    std::fs::write(here.join("conf"), configuration(here)).expect("a file");
    let mut child = Command::new(daemon)
        .args(["-n", "-c"])
        .arg(here.join("conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a daemon");
    wait_until("both processes", || {
        (0..2).all(|n| file(&format!("{n}.log")).ends_with('\n')).then_some(())
    });
    let mode = here.join("sock").metadata().expect("the socket").permissions().mode();
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("kill");
    assert_eq!(child.wait().expect("wait").code(), Some(0));
    let log = file("main.log").replace(&here.display().to_string(), "HERE");
    let about = |line: &&str| line.contains("socket") || line.contains("stopped:");
    Seen {
        // Without the time, and without the order in which two processes end that were told so at once.
        lines: log
            .lines()
            .filter(about)
            .map(|line| line[24..].replace("stopped: 0", "stopped: 1"))
            .collect(),
        on_descriptor_0: (0..2).map(|n| file(&format!("{n}.log"))).collect(),
        mode,
        is_left: here.join("sock").metadata().is_ok_and(|found| found.file_type().is_socket()),
    }
}

#[test]
fn a_socket_is_made_shared_and_closed_alike() {
    let Some(python) = super::reference() else { return };
    if !nix::unistd::geteuid().is_root() {
        return visor_tests::skip("needs root");
    }
    let theirs: PathBuf = python.with_file_name("supervisord");
    let (theirs, ours) = (seen(&theirs), seen(&binary("visord")));
    assert_eq!(theirs.lines.len(), 6, "{theirs:?}");
    assert_eq!(ours, theirs);
}
