//! Socket files: made so that each is ours alone, and that a second daemon on the same path is refused.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt, lchown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};

/// Who may connect to a socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Mode of the file.
    pub(crate) mode: u32,
    /// Its owner and group; `None` is whoever makes it.
    pub(crate) owner: Option<(u32, u32)>,
}

impl Access {
    /// Everyone.
    pub(crate) const EVERYONE: Self = Self { mode: 0o666, owner: None };
}

/// A socket that listens. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    path: PathBuf,
    socket: UnixListener,
    /// Held for as long as the socket is there.
    lock: File,
    /// Whether it took the place of one that nobody served any more.
    was_stale: bool,
}

/// Why the socket could not be made.
#[derive(Debug)]
pub(crate) enum SocketError {
    /// Another daemon serves it; its process id, if it said.
    Taken(PathBuf, Option<u32>),
    /// Something else is at that path and lives.
    NotOurs(PathBuf, &'static str),
    /// The system refused; what was done to which path.
    System(&'static str, PathBuf, io::Error),
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(path, Some(pid)) => {
                write!(f, "another visord (pid {pid}) serves {}", path.display())
            }
            Self::Taken(path, None) => write!(f, "another visord serves {}", path.display()),
            Self::NotOurs(path, what) => write!(f, "{} {what}", path.display()),
            Self::System(what, path, error) => {
                write!(f, "cannot {what} {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for SocketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(_, _, error) => Some(error),
            Self::Taken(..) | Self::NotOurs(..) => None,
        }
    }
}

impl SocketError {
    /// Whether another daemon is there, so that this one is too many.
    pub(crate) const fn is_taken(&self) -> bool {
        matches!(self, Self::Taken(..) | Self::NotOurs(..))
    }
}

impl Listener {
    /// Makes the socket at `path`, and its directory where there is none. Peers may connect from then on, and wait.
    ///
    /// A lock file beside it, `<path>.lock`, is what keeps a second daemon away: it is free again as soon as the holder
    /// is gone, however that came. A socket without a holder is replaced in one step, so that nobody ever meets one
    /// that is half made.
    ///
    /// # Errors
    /// If another daemon has it, if something else is there, or if the system refuses.
    pub(crate) fn bind(path: &Path, access: Access) -> Result<Self, SocketError> {
        if let Some(directory) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(0o755).create(directory);
            made.map_err(system("create directory", directory))?;
        }
        let lock = lock(path)?;
        let was_stale = refuse_what_lives(path)?;
        let made = beside(path, ".new");
        // Left by a daemon that died between making and moving it.
        remove(&made)?;
        let socket = bound(&made).map_err(system("bind", path))?;
        let put = put(&socket, &made, path, access);
        put.inspect_err(|_| drop(fs::remove_file(&made)))?;
        Ok(Self { path: path.to_owned(), socket: socket.into(), lock, was_stale })
    }

    /// Whether it took the place of one that nobody served any more.
    pub(crate) const fn was_stale(&self) -> bool {
        self.was_stale
    }

    /// The listening end for a runtime; from now on those who are refused are told our process id, which is not known
    /// for good before a daemon has left its terminal.
    ///
    /// # Errors
    /// If the runtime cannot watch it.
    pub(crate) fn listen(&self) -> io::Result<tokio::net::UnixListener> {
        let named =
            self.lock.set_len(0).and_then(|()| writeln!(&self.lock, "{}", std::process::id()));
        // Without it the others are refused as well, only with less to say.
        drop(named);
        tokio::net::UnixListener::from_std(self.socket.try_clone()?)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The lock is still held, so the file is ours. The lock file stays: removing it would let two daemons lock two
        // files of one name.
        drop(fs::remove_file(&self.path));
    }
}

/// Takes the lock of `path`.
fn lock(path: &Path) -> Result<File, SocketError> {
    let lock_path = beside(path, ".lock");
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&lock_path);
    let mut file = opened.map_err(system("open", &lock_path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = file.read_to_string(&mut holder);
            let pid = read.ok().and_then(|_| holder.trim().parse().ok());
            Err(SocketError::Taken(path.to_owned(), pid))
        }
        Err(TryLockError::Error(error)) => Err(system("lock", &lock_path)(error)),
    }
}

/// With the lock held, a socket that is there has no visord behind it; but another program may have made it. Whether
/// there is one, dead.
fn refuse_what_lives(path: &Path) -> Result<bool, SocketError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(system("look at", path)(error)),
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::NotOurs(path.to_owned(), "is there and is not a socket"));
    }
    match ask(path) {
        // It is there, if only to let others wait.
        Ok(()) | Err(Errno::EAGAIN) => {
            Err(SocketError::NotOurs(path.to_owned(), "is served by another program"))
        }
        Err(_) => Ok(true),
    }
}

/// Connects to a socket, without waiting.
fn ask(path: &Path) -> nix::Result<()> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let asking = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    connect(asking.as_raw_fd(), &UnixAddr::new(path)?)
}

fn bound(path: &Path) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let made = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    bind(made.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(made)
}

/// Opens the socket `made` to whom it is for, and moves it to `path`.
fn put(socket: &OwnedFd, made: &Path, path: &Path, access: Access) -> Result<(), SocketError> {
    // Nobody can connect before it listens, so there is no moment at which it lets in more than it should.
    open_to(made, access).map_err(|(what, error)| system(what, path)(error))?;
    listen(socket, Backlog::MAXCONN).map_err(|errno| system("listen on", path)(errno.into()))?;
    fs::rename(made, path).map_err(system("move socket to", path))
}

fn open_to(file: &Path, access: Access) -> Result<(), (&'static str, io::Error)> {
    set_mode(file, access.mode).map_err(|error| ("chmod", error))?;
    let owner = access.owner.map_or(Ok(()), |owner| set_owner(file, owner));
    owner.map_err(|error| ("chown", error))
}

/// Sets the mode of a file, but of nothing that a link in its place leads to: others may write in its directory.
///
/// # Errors
/// As chmod(2).
pub(crate) fn set_mode(file: &Path, mode: u32) -> io::Result<()> {
    let bits = Mode::from_bits_truncate(mode);
    match fchmodat(AT_FDCWD, file, bits, FchmodatFlags::NoFollowSymlink) {
        // So it is said of a link, and of everything where there is no /proc.
        Err(Errno::EOPNOTSUPP) if !file.is_symlink() => {
            fs::set_permissions(file, Permissions::from_mode(mode))
        }
        done => Ok(done?),
    }
}

/// Sets the owner of a file in the same way, and its group unless that is `u32::MAX`.
///
/// # Errors
/// As chown(2).
pub(crate) fn set_owner(file: &Path, (uid, gid): (u32, u32)) -> io::Result<()> {
    let kept = |id| (id != u32::MAX).then_some(id);
    lchown(file, kept(uid), kept(gid))
}

fn remove(path: &Path) -> Result<(), SocketError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(system("remove", path)(error)),
        _ => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn system(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SocketError + use<> {
    let path = path.to_owned();
    move |error| SocketError::System(what, path, error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;
    use crate::child::tests::{in_own_process, is_root};

    #[test]
    fn a_link_in_the_place_of_the_socket_opens_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (precious, link) = (directory.path().join("precious"), directory.path().join("link"));
        fs::write(&precious, "").unwrap();
        fs::set_permissions(&precious, PermissionsExt::from_mode(0o600)).unwrap();
        symlink(&precious, &link).unwrap();
        let before = fs::metadata(&precious).unwrap();
        let owner = nix::unistd::geteuid().is_root().then_some((65534, 65534));
        // Systems differ in what they say; none may do it.
        drop(open_to(&link, Access { mode: 0o666, owner }));
        drop(open_to(&link, Access { mode: 0o600, owner }));
        let after = fs::metadata(&precious).unwrap();
        assert_eq!((after.mode(), after.uid()), (before.mode(), before.uid()));
    }

    #[test]
    fn who_lets_everybody_wait_is_there_and_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("http");
        let other = bound(&path).unwrap();
        listen(&other, Backlog::new(0).unwrap()).unwrap();
        let mut waiting = Vec::new();
        loop {
            let flags = SockFlag::SOCK_NONBLOCK;
            let client = socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
            let connected = connect(client.as_raw_fd(), &UnixAddr::new(&path).unwrap());
            waiting.push(client);
            if connected == Err(Errno::EAGAIN) {
                break;
            }
        }
        let refused = Listener::bind(&path, Access::EVERYONE).unwrap_err();
        assert!(refused.to_string().ends_with("http is served by another program"), "{refused}");
    }

    #[test]
    fn what_could_not_be_given_away_is_not_left_behind() {
        if !is_root("being somebody who may not give files away") {
            return;
        }
        in_own_process(|| {
            let directory = tempfile::tempdir().unwrap();
            fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
            nix::unistd::setresuid(65534.into(), 65534.into(), 0.into()).unwrap();
            let path = directory.path().join("http");
            let refused = Listener::bind(&path, Access { mode: 0o600, owner: Some((7, 7)) });
            assert!(matches!(refused, Err(SocketError::System("chown", ..))), "{refused:?}");
            let left = fs::read_dir(directory.path()).unwrap();
            let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(left, ["http.lock"]);
            nix::unistd::setresuid(0.into(), 0.into(), 0.into()).unwrap();
        });
    }
}
