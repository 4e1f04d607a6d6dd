//! A daemon in this process, and what comes of talking to it.
//!
//! Tokio's clock stands still: it jumps to what is waited for when nothing else is to be done. So a client that says
//! nothing more has waited for long at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use tokio::time::timeout;
use visor_units::unit::{HttpServer, Listen, Origin};
use visord::fuzzing::Daemon;

/// How long a client stays that has nothing more to say: longer than the daemon waits for the rest of a request.
const STAY: Duration = Duration::from_secs(90);

/// A client that has been told so much has gone.
const MOST: usize = 1024 * 1024;

/// A daemon and its directory.
pub struct Stage {
    runtime: Runtime,
    tasks: LocalSet,
    daemon: Daemon,
    directory: TempDir,
}

/// Whoever is served on a unix socket, and asked for a password if there is one.
pub fn server(password: Option<&str>) -> HttpServer {
    HttpServer {
        section: "unix_http_server".to_owned(),
        origin: Origin::default(),
        listen: Listen::Unix { file: String::new(), chmod: 0, chown: None },
        username: password.map(|_| "user".to_owned()),
        password: password.map(str::to_owned),
    }
}

impl Stage {
    /// Starts a daemon with this configuration, in a directory of its own.
    pub fn new(configuration: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("visord.conf");
        fs::write(&file, configuration).expect("a file");
        let tasks = LocalSet::new();
        let file = file.to_str().expect("a path of text");
        let daemon = tasks.block_on(&runtime, async { Daemon::start(file) });
        Self { runtime, tasks, daemon, directory }
    }

    /// A file beside the configuration.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Whether the daemon has come to its end.
    pub fn has_ended(&self) -> bool {
        self.daemon.has_ended()
    }

    /// What a client is told that says these pieces, one after the other, and then waits for long.
    pub fn told<'p>(&self, server: &HttpServer, pieces: impl Iterator<Item = &'p [u8]>) -> Vec<u8> {
        self.told_until(server, pieces, |_| true)
    }

    /// The same, but the client stays until it has been told enough.
    pub fn told_until<'p>(
        &self,
        server: &HttpServer,
        pieces: impl Iterator<Item = &'p [u8]>,
        is_enough: impl Fn(&[u8]) -> bool,
    ) -> Vec<u8> {
        let told = Rc::new(RefCell::new(Vec::new()));
        let wire = Wire {
            pieces: pieces.map(<[u8]>::to_vec).collect(),
            is_turn: false,
            told: Rc::clone(&told),
        };
        self.tasks.block_on(&self.runtime, async {
            let mut visit = self.daemon.connect(server, wire);
            while timeout(STAY, visit.served()).await.is_err() {
                if !visit.is_waiting() && is_enough(&told.borrow()) {
                    break;
                }
                // It is another thread's turn.
                thread::yield_now();
            }
        });
        told.take()
    }
}

/// The client's end of a connection.
struct Wire {
    pieces: VecDeque<Vec<u8>>,
    is_turn: bool,
    told: Rc<RefCell<Vec<u8>>>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(mut piece) = self.pieces.pop_front() else { return Poll::Pending };
        self.is_turn = !self.is_turn;
        if self.is_turn {
            // Each piece comes by itself.
            self.pieces.push_front(piece);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let rest = piece.split_off(piece.len().min(buffer.remaining()));
        if !rest.is_empty() {
            self.pieces.push_front(rest);
        }
        buffer.put_slice(&piece);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut told = self.told.borrow_mut();
        if told.len() >= MOST {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        told.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
