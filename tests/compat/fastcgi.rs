//! The socket of a FastCGI program under both daemons: the same lines, the same file, the same thing on descriptor 0.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use visor_tests::Stage;

use super::both::both;
use super::reference;

/// Two processes that write what their descriptor 0 is.
const PROGRAMS: &str = "\
    [fcgi-program:app]\nsocket=unix://%(here)s/sock\nsocket_mode=0640\nsocket_owner=nobody\nnumprocs=2\n\
    process_name=%(process_num)d\nstartsecs=0\nstdout_logfile=%(here)s/%(process_num)d.log\n\
    command=python3 -c 'import os, socket, stat, time; m = os.fstat(0); s = socket.socket(fileno=0); \
    print(stat.S_ISSOCK(m.st_mode), s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), \
    os.get_blocking(0), os.path.basename(s.getsockname()), flush=True); time.sleep(1000)'\n";

/// What can be seen of a run from start to end.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    lines: Vec<String>,
    on_descriptor_0: Vec<String>,
    mode: u32,
    is_left: bool,
}

fn seen(stage: &mut Stage) -> Seen {
    stage.configure(PROGRAMS);
    stage.launch();
    for log in ["0.log", "1.log"] {
        stage.says(log, "\n");
    }
    let mode = stage.path("sock").metadata().expect("the socket").permissions().mode();
    stage.end();
    let log = stage.masked(&stage.read("visord.log"));
    let about = |line: &&str| line.contains("g socket ") || line.contains("stopped:");
    // Each without its time. Two processes that were told at once end in any order.
    let line = |line: &str| line[24..].replace("stopped: 0", "stopped: 1");
    Seen {
        lines: log.lines().filter(about).map(line).collect(),
        on_descriptor_0: ["0.log", "1.log"].map(|log| stage.read(log)).to_vec(),
        mode,
        is_left: stage.path("sock").metadata().is_ok_and(|found| found.file_type().is_socket()),
    }
}

#[test]
fn a_socket_is_made_shared_and_closed_alike() {
    let Some(python) = reference() else { return };
    if !nix::unistd::geteuid().is_root() {
        return visor_tests::skip("needs root");
    }
    let seen = both(&python, seen);
    assert_eq!(seen.theirs.lines.len(), 6, "{:?}", seen.theirs);
    assert_eq!(seen.ours, seen.theirs);
}
