//! Where the peer-to-peer socket is: where the configuration says, or else where clients look.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use visor_dbus::{check_temporary_directory, runtime_directory, temporary_directory};
use visor_units::unit::{LogLevel, User};

use crate::log::{MainLog, Record};
use crate::socket::{Access, Listener, SocketError};

/// What to do about a socket that cannot be made.
const HINT: &str = "set socket= in [visord] to a path that can be made";

/// The place for the socket.
pub(crate) struct Site {
    path: PathBuf,
    is_chosen: bool,
}

impl Site {
    /// The place for this `[visord] socket=`. Makes its directory, for `user`, while there is still the right to.
    pub(crate) fn prepare(chosen: Option<&str>, user: Option<&User>) -> Self {
        let path = chosen.map_or_else(default_path, PathBuf::from);
        make_directory_of(&path, user);
        Self { path, is_chosen: chosen.is_some() }
    }

    /// Binds the socket. One that another daemon listens on is a refusal; one that cannot be made anywhere is a daemon
    /// that is deaf on that ear, and says so.
    ///
    /// # Errors
    /// If another daemon is there.
    pub(crate) fn listen(&self, log: &mut MainLog) -> Result<Option<Listener>, SocketError> {
        let mut why = String::new();
        for (at, path) in self.candidates().iter().enumerate() {
            match bind(path, at > 0) {
                Ok(listener) => {
                    log.say(Record::new(LogLevel::Info, &self.welcome(path)));
                    return Ok(Some(listener));
                }
                Err(error) if error.is_taken() => return Err(error),
                Err(error) => why.push_str(&format!("{error}; ")),
            }
        }
        log.say(Record::new(LogLevel::Error, &format!("no socket for visorctl: {why}{HINT}")));
        Ok(None)
    }

    /// Whether the configuration says where.
    pub(crate) const fn is_chosen(&self) -> bool {
        self.is_chosen
    }

    fn candidates(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.path.clone()];
        if !self.is_chosen {
            paths.push(Path::new(&temporary_directory(geteuid().as_raw())).join("bus"));
        }
        paths
    }

    /// Where clients look by themselves, nothing more need be typed.
    fn welcome(&self, path: &Path) -> String {
        let path = path.display();
        let place = if self.is_chosen { format!(" --socket {path}") } else { String::new() };
        format!("listening on {path}; ask with: visorctl{place} status")
    }
}

fn default_path() -> PathBuf {
    let directory = runtime_directory(geteuid().as_raw(), |name| std::env::var(name).ok());
    Path::new(&directory).join("bus")
}

/// Whether this works shows when the socket is bound.
fn make_directory_of(socket: &Path, user: Option<&User>) {
    let Some(directory) = socket.parent() else { return };
    let made = DirBuilder::new().mode(0o755).create(directory).is_ok();
    if let (true, Some(user)) = (made, user) {
        drop(chown(directory, Some(user.uid), Some(user.gid)));
    }
}

fn bind(path: &Path, is_temporary: bool) -> Result<Listener, SocketError> {
    if is_temporary {
        make_temporary_directory()
            .map_err(|error| SocketError::System("use directory of", path.to_owned(), error))?;
    }
    // As on a bus: who may act is judged by credentials, and what a peer may cost has a bound (see `bus::peers`, and
    // `framing` in visor-dbus).
    Listener::bind(path, Access::EVERYONE)
}

/// In `/tmp` anybody may have made it before us.
fn make_temporary_directory() -> io::Result<()> {
    let uid = geteuid().as_raw();
    match DirBuilder::new().mode(0o755).create(temporary_directory(uid)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => check_temporary_directory(uid),
    }
}
