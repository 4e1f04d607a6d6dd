//! Programs that connect to our socket: accepted, counted, served.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::SndBuf;
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use visor_dbus::{Authority, Backend, PeerCredentials, Server};

use crate::socket::Listener;

/// Connections at once.
const ALL: usize = 256;
/// Connections at once of one user who is neither root nor ours. A peer that asks for everything and does not read holds
/// one answer in memory until it is let go: some 10 MB where there are 10 000 programs.
const OF_ONE_USER: usize = 8;
/// Bytes that wait in the kernel for a peer to read them (`SO_SNDBUF`). Every peer is told of every change, so this is
/// what an answer stands behind when a peer that asks now and then has not read what came meanwhile.
const UNREAD: usize = 8 * 1024;
/// How long to wait after a connection could not be accepted for want of descriptors or memory. Only then is there a
/// timer.
const STARVED: Duration = Duration::from_millis(200);

impl Listener {
    /// Serves whoever connects, for as long as it is polled. To be polled inside a
    /// [`LocalSet`](tokio::task::LocalSet).
    ///
    /// # Errors
    /// If the runtime cannot watch the socket.
    pub(super) async fn serve<B: Backend, A: Authority>(
        self,
        server: Server<B, A>,
        own_uid: u32,
    ) -> io::Result<Infallible> {
        let listener = self.listen()?;
        let mut peers = Peers { own_uid, served: JoinSet::new(), of_user: HashMap::new() };
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => peers.admit(stream, &server),
                    Err(error) if is_of_the_peer(&error) => {}
                    Err(_) => tokio::time::sleep(STARVED).await,
                },
                Some(ended) = peers.served.join_next() => peers.forget(ended.ok()),
            }
        }
    }
}

/// Those who are connected.
struct Peers {
    own_uid: u32,
    served: JoinSet<u32>,
    of_user: HashMap<u32, usize>,
}

impl Peers {
    /// Serves a peer, or closes its connection where there are too many.
    fn admit<B: Backend, A: Authority>(&mut self, stream: UnixStream, server: &Server<B, A>) {
        let Ok(said) = stream.peer_cred() else { return };
        let uid = said.uid();
        let count = self.of_user.get(&uid).copied().unwrap_or(0);
        let is_trusted = uid == 0 || uid == self.own_uid;
        if self.served.len() >= ALL || (!is_trusted && count >= OF_ONE_USER) {
            return;
        }
        self.of_user.insert(uid, count + 1);
        // With the system's own size it is served as well.
        let _sized = setsockopt(&stream, SndBuf, &UNREAD);
        let peer = PeerCredentials { uid, pid: said.pid().and_then(|pid| u32::try_from(pid).ok()) };
        let server = server.clone();
        self.served.spawn_local(async move {
            server.serve_peer(stream, peer).await;
            uid
        });
    }

    fn forget(&mut self, uid: Option<u32>) {
        let Some(uid) = uid else { return };
        if let Some(count) = self.of_user.get_mut(&uid) {
            *count -= 1;
            if *count == 0 {
                self.of_user.remove(&uid);
            }
        }
    }
}

/// Whether only this one connection failed (accept(2)).
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}
