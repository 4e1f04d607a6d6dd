//! HTTP servers.

use core::net::IpAddr;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Origin, User, Visord};

/// A `[unix_http_server]` or `[inet_http_server]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpServer {
    /// The section.
    pub section: String,
    /// Where the section stands.
    pub origin: Origin,
    /// What it listens on.
    pub listen: Listen,
    /// User name for basic authentication; `None` or empty is no authentication.
    pub username: Option<String>,
    /// Its password, clear or `{SHA}hex`. Never shown.
    pub password: Option<String>,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listen {
    /// A unix socket.
    Unix {
        /// Absolute path.
        file: String,
        /// File mode.
        chmod: u32,
        /// Owner and group; `None` keeps the daemon's, and a gid of `u32::MAX` keeps the group, as chown(2) has it.
        chown: Option<User>,
    },
    /// A TCP socket.
    Inet {
        /// Host; empty is every interface.
        host: String,
        /// Port.
        port: u16,
    },
}

impl HttpServer {
    /// Whether clients must give a name and a password: Supervisor asks nobody where the name is empty.
    #[must_use]
    pub fn asks_for_password(&self) -> bool {
        self.username.as_ref().is_some_and(|name| !name.is_empty())
    }

    /// What to do about a server that is refused.
    pub const OPEN_HINT: &str = "set username= and password=, or listen on 127.0.0.1, or say allow_open=true in [visord] \
                                 if that is meant";

    /// Whether it is not to be served: anyone on another machine could use it, and so do whatever the daemon can, and
    /// nobody said that this is meant.
    #[must_use]
    pub fn is_refused(&self, visord: &Visord) -> bool {
        !self.asks_for_password() && self.listen.is_reached_from_outside() && !visord.allow_open
    }

    /// The port, where everybody on this machine is let in but nobody else reaches it.
    #[must_use]
    pub fn open_port(&self) -> Option<u16> {
        match self.listen {
            Listen::Inet { port, .. } => {
                let is_open = !self.asks_for_password() && !self.listen.is_reached_from_outside();
                is_open.then_some(port)
            }
            Listen::Unix { .. } => None,
        }
    }
}

impl Listen {
    /// Whether it can be reached from other machines.
    fn is_reached_from_outside(&self) -> bool {
        match self {
            Self::Unix { .. } => false,
            Self::Inet { host, .. } if host == "localhost" => false,
            Self::Inet { .. } => self.address().is_none_or(|address| !address.is_loopback()),
        }
    }

    /// The IP address, where the host is one.
    fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Unix { .. } => None,
            Self::Inet { host, .. } => {
                host.trim_start_matches('[').trim_end_matches(']').parse().ok()
            }
        }
    }
}

impl fmt::Debug for HttpServer {
    /// Shows everything but the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("section", &self.section)
            .field("listen", &self.listen)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}
