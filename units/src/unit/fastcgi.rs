//! The sockets of `[fcgi-program:x]`.

use serde::{Deserialize, Serialize};

use super::User;

/// The listening socket that processes share as descriptor 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FcgiSocket {
    /// `socket` as written: `unix:///path` or `tcp://host:port`.
    pub url: String,
    /// `socket_owner`, for unix sockets; `None` is the program's account. A gid of `u32::MAX` keeps the group.
    pub owner: Option<User>,
    /// `socket_mode`, for unix sockets.
    pub mode: Option<u32>,
    /// `socket_backlog`; `None` is the system's maximum.
    pub backlog: Option<i64>,
}

/// Where a socket listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FcgiAddress<'a> {
    /// At this absolute path.
    Unix(&'a str),
    /// At this host and port.
    Tcp(&'a str, u16),
}

impl FcgiSocket {
    /// What the URL says; `None` if it is none of the two kinds, which a configuration is not accepted with.
    #[must_use]
    pub fn address(&self) -> Option<FcgiAddress<'_>> {
        if let Some(path) = self.url.strip_prefix("unix://") {
            return Some(FcgiAddress::Unix(path));
        }
        let (host, port) = self.url.strip_prefix("tcp://")?.split_once(':')?;
        Some(FcgiAddress::Tcp(host, port.parse().ok()?))
    }
}
