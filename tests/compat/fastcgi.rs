//! The socket of a FastCGI program under both daemons: the same lines, the same file, the same thing on descriptor 0.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;

use super::both::{Run, daemons};

/// Two processes that write what their descriptor 0 is.
fn lay_out(here: &Path) {
    let place = here.display();
    let text = format!(
        "[supervisord]\nnodaemon=true\nuser=root\nlogfile={place}/main.log\npidfile={place}/pid\nchildlogdir={place}\n\
         [fcgi-program:app]\nsocket=unix://{place}/sock\nsocket_mode=0640\nsocket_owner=nobody\nnumprocs=2\n\
         process_name=%(process_num)d\nstartsecs=0\nstdout_logfile={place}/%(process_num)d.log\n\
         command=python3 -c 'import os, socket, stat, time; m = os.fstat(0); s = socket.socket(fileno=0); \
         print(stat.S_ISSOCK(m.st_mode), s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), \
         os.get_blocking(0), os.path.basename(s.getsockname()), flush=True); time.sleep(1000)'\n"
    );
    std::fs::write(here.join("conf"), text).expect("a file");
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
    let mut run = Run::prepared(lay_out);
    run.start(daemon, &[]);
    for log in ["0.log", "1.log"] {
        run.wait_for(log, "\n", 1);
    }
    let mode = run.path("sock").metadata().expect("the socket").permissions().mode();
    run.end();
    // Two processes that were told at once end in any order.
    let lines = run.log_lines(&["g socket ", "stopped:"]).into_iter();
    Seen {
        lines: lines.map(|line| line.replace("stopped: 0", "stopped: 1")).collect(),
        on_descriptor_0: ["0.log", "1.log"].map(|log| run.text(log)).to_vec(),
        mode,
        is_left: run.path("sock").metadata().is_ok_and(|found| found.file_type().is_socket()),
    }
}

#[test]
fn a_socket_is_made_shared_and_closed_alike() {
    let Some((theirs, ours, _named)) = daemons() else { return };
    if !nix::unistd::geteuid().is_root() {
        return visor_tests::skip("needs root");
    }
    let (theirs, ours) = (seen(&theirs), seen(&ours));
    assert_eq!(theirs.lines.len(), 6, "{theirs:?}");
    assert_eq!(ours, theirs);
}
