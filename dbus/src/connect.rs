//! From a socket or an address to a connection that is served.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::net::UnixStream;
use visor_units::engine::Requester;
use zbus::connection::Builder;
use zbus::{Connection, Guid, MessageStream};

use crate::fault::reason;
use crate::link::{Ended, Link, Other};
use crate::senders::Senders;
use crate::server::Server;
use crate::socket::PeerSocket;
use crate::{Authority, BUS_NAME, Backend};

/// Messages of a peer that are read ahead of being answered.
const AHEAD: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");
/// How long a peer may take to introduce itself.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Who is on the other end of a socket, as the kernel says (`SO_PEERCRED`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// User id.
    pub uid: u32,
    /// Process id, if it is in a namespace that can be seen.
    pub pid: Option<u32>,
}

/// Why a bus was not joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// Nobody answers at the address.
    Absent(String),
    /// The bus is there and does not let us have the name.
    NameRefused(String),
}

/// A bus that was joined. Nothing is served before [`Joined::run`].
pub struct Joined<B, A> {
    link: Link<B, A>,
    /// Whether the name is ours now, and not only when its present owner goes.
    pub owns_name: bool,
    /// Our unique name.
    pub unique_name: String,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(error) => f.write_str(error),
            Self::NameRefused(error) => write!(f, "name {BUS_NAME} refused: {error}"),
        }
    }
}

impl std::error::Error for JoinError {}

impl<B: Backend, A: Authority> Server<B, A> {
    /// Serves one peer that connected to a socket of ours, until it goes. To be polled inside a
    /// [`LocalSet`](tokio::task::LocalSet).
    pub async fn serve_peer(&self, stream: UnixStream, peer: PeerCredentials) -> Ended {
        let building = Builder::socket(PeerSocket::new(stream, peer.uid))
            .server(Guid::generate())
            .p2p()
            .max_queued(AHEAD)
            .build_message_stream();
        let stream = match tokio::time::timeout(HANDSHAKE, building).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Ended::Closed(reason(&error)),
            Err(_) => return Ended::Stuck,
        };
        let who = Requester { uid: Some(peer.uid), pid: peer.pid, via: "socket".to_owned() };
        Link::new(self.clone(), stream, Other::Peer(who)).await.run().await
    }

    /// Joins the bus at `address` (D-Bus Specification, "Server Addresses") and asks for the name.
    ///
    /// # Errors
    /// If there is no bus, or it refuses the name. A name that another owns is no error: it comes to us when that one
    /// goes.
    pub async fn join(&self, address: &str) -> Result<Joined<B, A>, JoinError> {
        let absent = |error: zbus::Error| JoinError::Absent(reason(&error));
        let building = Builder::address(address).build_message_stream();
        let stream: MessageStream = building.await.map_err(absent)?;
        let connection = Connection::from(&stream);
        let owns_name = request_name(&connection).await?;
        let unique_name = connection.unique_name().map(ToString::to_string).unwrap_or_default();
        let link = Link::new(self.clone(), stream, Other::Bus(Senders::default())).await;
        Ok(Joined { link, owns_name, unique_name })
    }
}

impl<B: Backend, A: Authority> Joined<B, A> {
    /// Serves until the bus goes. To be polled inside a [`LocalSet`](tokio::task::LocalSet).
    pub async fn run(self) -> Ended {
        self.link.run().await
    }
}

/// Asks for the name, waiting in line; whether it is ours now. Not by zbus's own request, which starts tasks that watch
/// the name.
async fn request_name(connection: &Connection) -> Result<bool, JoinError> {
    const BUS: &str = "org.freedesktop.DBus";
    const PRIMARY_OWNER: u32 = 1;
    const ALREADY_OWNER: u32 = 4;
    let asked = connection
        .call_method(
            Some(BUS),
            "/org/freedesktop/DBus",
            Some(BUS),
            "RequestName",
            &(BUS_NAME, 0_u32),
        )
        .await;
    let answered = asked.and_then(|reply| reply.body().deserialize::<u32>());
    match answered {
        Ok(code) => Ok(code == PRIMARY_OWNER || code == ALREADY_OWNER),
        Err(error @ (zbus::Error::MethodError(..) | zbus::Error::FDO(_))) => {
            Err(JoinError::NameRefused(error.to_string()))
        }
        Err(error) => Err(JoinError::Absent(reason(&error))),
    }
}
