//! Listening sockets of FastCGI programs.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use tempfile::TempDir;
use visor_units::engine::Key;
use visor_units::unit::{FcgiSocket, Program, User};

use super::{Launched, Nursery, async_in_own_process, is_root, launch, program};

/// Serves one connection on descriptor 0 with its argument, then waits to be ended.
const SERVER: &str = "python3 -c 'import socket, sys, time; s = socket.socket(fileno=0); \
     c = s.accept()[0]; c.sendall(sys.argv[1].encode()); c.close(); time.sleep(1000)'";

fn socket(url: &str) -> FcgiSocket {
    FcgiSocket { url: url.to_owned(), owner: None, mode: Some(0o700), backlog: None }
}

fn at(directory: &TempDir) -> (std::path::PathBuf, FcgiSocket) {
    let path = directory.path().join("s");
    let socket = socket(&format!("unix://{}", path.display()));
    (path, socket)
}

fn with(socket: &FcgiSocket, command: &str) -> Program {
    Program { socket: Some(Arc::new(socket.clone())), ..program(command) }
}

/// What the one who accepts the next connection sends.
fn answer(path: &Path) -> String {
    let mut text = String::new();
    UnixStream::connect(path).expect("connect").read_to_string(&mut text).expect("read");
    text
}

impl Nursery {
    /// Waits until everything that was asked for is done; what was said in the log.
    fn settled(&self) -> Vec<String> {
        self.launcher.finish(Duration::from_secs(60));
        std::mem::take(&mut *self.said.lock().unwrap())
    }

    async fn starts(&mut self, key: u32, program: Program) -> u32 {
        let launch = super::Launch { key: Key(key), ..launch(program) };
        self.start(launch).await.pid
    }
}

fn end(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn processes_share_one_socket_and_it_outlives_each_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let (path, socket) = at(&directory);
    let mut nursery = Nursery::new();
    let first = nursery.starts(1, with(&socket, &format!("{SERVER} same"))).await;
    let second = nursery.starts(2, with(&socket, &format!("{SERVER} same"))).await;
    assert_eq!([answer(&path), answer(&path)], ["same", "same"], "each accepts once");

    end(first);
    end(second);
    for _ in 0..2 {
        nursery.reaper.next().await;
    }
    nursery.launcher.release(Key(1));
    // Nobody accepts now; a connection waits for the one who is to come.
    let mut waiting = UnixStream::connect(&path).expect("the backlog");
    let third = nursery.starts(2, with(&socket, &format!("{SERVER} third"))).await;
    let mut text = String::new();
    waiting.read_to_string(&mut text).unwrap();
    assert_eq!(text, "third");
    let url = &socket.url;
    assert_eq!(nursery.settled(), [format!("Creating socket {url}")]);

    end(third);
    nursery.reaper.next().await;
    nursery.launcher.release(Key(2));
    nursery.launcher.release(Key(2));
    assert_eq!(nursery.settled(), [format!("Closing socket {url}")]);
    let refused = UnixStream::connect(&path).unwrap_err().kind();
    assert_eq!(refused, ErrorKind::ConnectionRefused, "the file stays, as under Supervisor");
}

#[tokio::test]
async fn a_socket_is_as_it_was_asked_for() {
    if !is_root("giving a file away") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (path, socket) = at(&directory);
    // Left by an earlier run.
    drop(UnixListener::bind(&path).unwrap());
    let account = |uid, gid| User { name: String::new(), uid, gid };
    let default = FcgiSocket { backlog: Some(1), ..socket.clone() };
    let told =
        FcgiSocket { owner: Some(account(7, u32::MAX)), mode: Some(0o640), ..default.clone() };
    for (key, socket, user, mode, owner) in [
        (1, &default, None, 0o700, (0, 0)),
        (2, &default, Some(account(33, 34)), 0o700, (33, 34)),
        (3, &told, Some(account(33, 34)), 0o640, (7, 0)),
    ] {
        let mut nursery = Nursery::new();
        let pid = nursery.starts(key, Program { user, ..with(socket, "sleep 1000") }).await;
        let found = fs::metadata(&path).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(
            (found.permissions().mode() & 0o7777, (found.uid(), found.gid())),
            (mode, owner)
        );
        // Two more than the one that may wait.
        let address = SocketAddrUnix::new(&path).unwrap();
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let clients: Vec<_> = (0..3)
            .map(|_| socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap())
            .collect();
        let outcomes = clients.iter().map(|client| connect(client, &address).is_ok());
        assert_eq!(outcomes.collect::<Vec<_>>(), [true, true, false], "backlog=1");
        end(pid);
        nursery.reaper.next().await;
    }
}

#[tokio::test]
async fn a_socket_that_cannot_be_made_is_the_reason_of_the_failure() {
    let directory = tempfile::tempdir().unwrap();
    let (path, there) = at(&directory);
    fs::write(&path, "precious").unwrap();
    let here = directory.path().display();
    let long = "x".repeat(200);
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("tcp://localhost:{}", busy.local_addr().unwrap().port());
    for (url, reason) in [
        (format!("unix://{here}/no/s"), "No such file or directory"),
        (format!("unix://{here}/{long}"), "File name too long"),
        (there.url.clone(), "the file is there, and is not a socket"),
        (taken, "Address already in use"),
    ] {
        let mut nursery = Nursery::new();
        let program = with(&socket(&url), "true");
        nursery.launcher.probe(Arc::new(program.clone()));
        let text = format!("Could not create FastCGI socket {url}: {reason}");
        assert_eq!(nursery.settled(), [format!("Creating socket {url}"), text.clone()]);
        let Launched::Failed { error, .. } = nursery.launched(launch(program)).await else {
            panic!("{url}")
        };
        assert_eq!(error, text);
    }
    assert_eq!(fs::read_to_string(path).unwrap(), "precious");
}

#[test]
fn nothing_stays_of_a_socket_that_could_not_be_given_away() {
    if !is_root("being somebody who may not give files away") {
        return;
    }
    async_in_own_process(async || {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let (path, socket) = at(&directory);
        nix::unistd::setresuid(65534.into(), 65534.into(), 0.into()).unwrap();
        let owner = Some(User { name: String::new(), uid: 7, gid: 7 });
        let program = with(&FcgiSocket { owner, ..socket }, "true");
        let mut nursery = Nursery::new();
        let Launched::Failed { error, .. } = nursery.launched(launch(program)).await else {
            panic!("launched")
        };
        let reason = "Could not change ownership of socket file: Operation not permitted";
        assert!(error.ends_with(reason), "{error}");
        assert!(!path.exists());
        nix::unistd::setresuid(0.into(), 0.into(), 0.into()).unwrap();
    });
}
