//! The static executables in a root directory where nothing else is. `packaging/static` builds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use visor_tests::{Output, binary, may_unshare, run, skip};

/// Where `packaging/static` leaves them.
fn executables() -> Option<[PathBuf; 2]> {
    let target = binary("visord").ancestors().nth(2)?.join("static");
    let found = ["visord", "visorctl"].map(|name| target.join(name));
    found.iter().all(|path| path.exists()).then_some(found)
}

/// One program that asks the daemon about itself, as another user.
const CONFIGURATION: &str = "[supervisord]\nuser=root\nlogfile=/tmp/log\npidfile=/tmp/pid\nchildlogdir=/tmp\n\
     [visord]\nbus=off\nexit_when=me\n\
     [program:me]\ncommand=/visorctl --socket /run/visord/bus status\nuser=USER\nautorestart=false\nstartsecs=0\n\
     redirect_stderr=true\nstdout_logfile=/dev/stdout\n";

/// Runs it as process 1 of a root directory that holds the executables, the configuration and /tmp.
fn runs_in(root: &Path, user: &str, before: &str) -> Output {
    let text = CONFIGURATION.replace("USER", user);
    fs::write(root.join("visord.conf"), text).expect("a file");
    let script = format!("{before} exec chroot . /visord -c /visord.conf");
    let words = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", &script];
    run(Command::new("unshare").args(words).current_dir(root))
}

#[test]
fn nothing_else_is_needed() {
    let Some(executables) = executables() else {
        return skip("no static executables: packaging/static builds them");
    };
    if !nix::unistd::geteuid().is_root() || !may_unshare() {
        return skip("needs root and unshare (util-linux)");
    }
    let root = tempfile::tempdir().expect("a directory");
    let root = root.path();
    fs::create_dir(root.join("tmp")).expect("a directory");
    for path in executables {
        fs::copy(&path, root.join(path.file_name().expect("a name"))).expect("a copy");
    }
    let bare = runs_in(root, "0", "");
    assert!(bare.code == 0 && bare.out.contains("RUNNING"), "{}\n{}", bare.out, bare.err);
    // No /etc/passwd, nobody in it.
    let unknown = runs_in(root, "app", "");
    assert!(unknown.err.contains("Invalid user name app"), "{}\n{}", unknown.out, unknown.err);

    // As a container has it, with an account of its own, which is in a group that may ask.
    fs::create_dir(root.join("etc")).expect("a directory");
    fs::write(root.join("etc/passwd"), "root:x:0:0::/:\napp:x:12345:12345::/:\n").expect("a file");
    fs::write(root.join("etc/group"), "more:x:77:x,app\n").expect("a file");
    for name in ["proc", "dev"] {
        fs::create_dir_all(root.join(name)).expect("a directory");
    }
    let mounts = "mount -t proc proc proc; mount --rbind /dev dev;";
    let asked = runs_in(root, "app", mounts);
    assert!(asked.out.contains("spawned: 'me'"), "{}\n{}", asked.out, asked.err);
}
