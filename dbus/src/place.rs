//! Where the daemon can be, and where a bus is. The environment is handed in.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::{fmt, fs, io};

/// Where to look for the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The peer-to-peer socket at this path.
    Socket(String),
    /// The peer-to-peer socket in the [`temporary_directory`] of this user, which is believed only if it is that
    /// user's alone.
    Temporary(u32),
    /// The system bus.
    System,
    /// The session bus.
    Session,
    /// The bus at this address.
    Address(String),
}

/// A message bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// The system bus.
    System,
    /// The session bus.
    Session,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "socket {path}"),
            Self::Temporary(uid) => write!(f, "socket {}/bus", temporary_directory(*uid)),
            Self::System => f.write_str("system bus"),
            Self::Session => f.write_str("session bus"),
            Self::Address(address) => write!(f, "bus at {address}"),
        }
    }
}

impl fmt::Display for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "system bus",
            Self::Session => "session bus",
        })
    }
}

/// Where to look if nothing is said: `VISORD_SOCKET` alone if it is set; root: its sockets, then the system bus; a user:
/// the own sockets, the session bus, then where root's daemon is.
pub fn default_places(uid: u32, env: impl Fn(&str) -> Option<String>) -> Vec<Place> {
    if let Some(path) = env("VISORD_SOCKET").filter(|path| !path.is_empty()) {
        return vec![Place::Socket(path)];
    }
    let socket = |uid| Place::Socket(format!("{}/bus", runtime_directory(uid, &env)));
    let roots = [socket(0), Place::Temporary(0), Place::System];
    if uid == 0 {
        roots.into()
    } else {
        [socket(uid), Place::Temporary(uid), Place::Session].into_iter().chain(roots).collect()
    }
}

/// Where the socket of a daemon of this user is if its [`runtime_directory`] cannot be: containers have no `/run/user`,
/// and some no writable `/run`. Always in `/tmp`, since daemon and client may be told different temporary directories.
#[must_use]
pub fn temporary_directory(uid: u32) -> String {
    format!("/tmp/visord-{uid}")
}

/// Checks that nobody but `uid` can have put anything into its [`temporary_directory`].
///
/// # Errors
/// What is wrong with it.
pub fn check_temporary_directory(uid: u32) -> io::Result<()> {
    let path = temporary_directory(uid);
    let found = fs::symlink_metadata(&path)?;
    let is_private = found.is_dir() && found.uid() == uid && found.mode() & 0o022 == 0;
    if is_private {
        return Ok(());
    }
    let text = format!("{path} is not a directory that uid {uid} alone may write to");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, text))
}

/// The run-time directory of a daemon of this user: `/run/visord` for root, else `visord` in `XDG_RUNTIME_DIR`, which
/// is `/run/user/UID` where it is not set.
pub fn runtime_directory(uid: u32, env: impl Fn(&str) -> Option<String>) -> String {
    if uid == 0 {
        return "/run/visord".to_owned();
    }
    let base = env("XDG_RUNTIME_DIR").filter(|base| !base.is_empty());
    format!("{}/visord", base.unwrap_or_else(|| format!("/run/user/{uid}")))
}

/// The address of a bus: from the environment, or the usual one; `None` if nothing says where a session bus would be.
pub fn bus_address(bus: Bus, env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    match bus {
        Bus::System => Some(
            set("DBUS_SYSTEM_BUS_ADDRESS")
                .unwrap_or_else(|| "unix:path=/run/dbus/system_bus_socket".to_owned()),
        ),
        Bus::Session => set("DBUS_SESSION_BUS_ADDRESS")
            .or_else(|| Some(format!("unix:path={}/bus", set("XDG_RUNTIME_DIR")?))),
    }
}

/// The socket file of an address of the form `unix:path=…`; `None` for every other transport.
#[must_use]
pub fn socket_of(address: &str) -> Option<PathBuf> {
    let path =
        address.strip_prefix("unix:")?.split(',').find_map(|pair| pair.strip_prefix("path="))?;
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(path: &str) -> Place {
        Place::Socket(path.to_owned())
    }

    fn env<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn root_looks_at_its_socket_then_at_the_system_bus() {
        assert_eq!(
            default_places(0, env(&[])),
            [socket("/run/visord/bus"), Place::Temporary(0), Place::System]
        );
    }

    #[test]
    fn a_user_looks_at_the_own_daemon_first() {
        assert_eq!(
            default_places(1000, env(&[("XDG_RUNTIME_DIR", "/tmp/x")])),
            [
                socket("/tmp/x/visord/bus"),
                Place::Temporary(1000),
                Place::Session,
                socket("/run/visord/bus"),
                Place::Temporary(0),
                Place::System
            ]
        );
        assert_eq!(default_places(1000, env(&[]))[0], socket("/run/user/1000/visord/bus"));
    }

    #[test]
    fn a_place_that_is_named_is_the_only_one() {
        assert_eq!(default_places(0, env(&[("VISORD_SOCKET", "/a/b")])), [socket("/a/b")]);
        assert_eq!(default_places(0, env(&[("VISORD_SOCKET", "")])).len(), 3);
    }

    #[test]
    fn a_bus_is_where_the_environment_says_or_where_it_always_is() {
        let system = "unix:path=/run/dbus/system_bus_socket";
        assert_eq!(bus_address(Bus::System, env(&[])).as_deref(), Some(system));
        let set = [("DBUS_SYSTEM_BUS_ADDRESS", "unix:abstract=x"), ("XDG_RUNTIME_DIR", "/r")];
        assert_eq!(bus_address(Bus::System, env(&set)).as_deref(), Some("unix:abstract=x"));
        assert_eq!(bus_address(Bus::Session, env(&set)).as_deref(), Some("unix:path=/r/bus"));
        assert_eq!(bus_address(Bus::Session, env(&[])), None);
    }

    #[test]
    fn only_a_path_address_has_a_socket_file() {
        for (address, path) in [
            ("unix:path=/run/dbus/socket,guid=12", Some("/run/dbus/socket")),
            ("unix:guid=12,path=/a%20b", Some("/a b")),
            ("unix:path=/a%2", None),
            ("unix:abstract=/tmp/x", None),
            ("tcp:host=localhost", None),
        ] {
            assert_eq!(socket_of(address), path.map(PathBuf::from), "{address}");
        }
    }
}
