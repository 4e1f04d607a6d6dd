//! HTTP servers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Origin, User};

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
