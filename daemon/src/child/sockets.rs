//! The listening sockets of FastCGI programs: one for each address, made when the first process needs it, shared by all
//! that do, and closed when the last of them is down for good.
//!
//! A process that is to come back holds its socket meanwhile: who connects then waits in the backlog.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with, sockopt,
};
use visor_units::engine::Key;
use visor_units::unit::{FcgiAddress, FcgiSocket, Program, User};

use crate::socket::{set_mode, set_owner};

/// The sockets that are open.
#[derive(Default)]
pub(super) struct Sockets {
    open: HashMap<String, Open>,
    /// The address of each process that holds one.
    holders: HashMap<Key, String>,
}

struct Open {
    listener: OwnedFd,
    holders: usize,
}

/// Somebody who writes a line into the daemon's log.
type Say<'a> = &'a dyn Fn(&str);

impl Sockets {
    /// Lets a process hold its socket from now on, which is made if nobody holds it yet.
    ///
    /// # Errors
    /// Why it could not be made.
    pub(super) fn hold(
        &mut self,
        key: Key,
        program: &Program,
        socket: &FcgiSocket,
        say: Say<'_>,
    ) -> Result<(), String> {
        if self.holders.contains_key(&key) {
            return Ok(());
        }
        let url = &socket.url;
        let open = match self.open.entry(url.clone()) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                let listener = create(socket, program.user.as_ref(), say)?;
                place.insert(Open { listener, holders: 0 })
            }
        };
        open.holders += 1;
        self.holders.insert(key, url.clone());
        Ok(())
    }

    /// The socket that a process holds.
    pub(super) fn of(&self, key: Key) -> Option<BorrowedFd<'_>> {
        let url = self.holders.get(&key)?;
        self.open.get(url).map(|open| open.listener.as_fd())
    }

    /// A process is down for good. Closes its socket if it was the last.
    pub(super) fn release(&mut self, key: Key, say: Say<'_>) {
        let Some(url) = self.holders.remove(&key) else { return };
        let Some(open) = self.open.get_mut(&url) else { return };
        open.holders -= 1;
        if open.holders == 0 {
            say(&format!("Closing socket {url}"));
            self.open.remove(&url);
        }
    }

    /// Makes a socket and closes it again, to find out early whether that is possible.
    ///
    /// # Errors
    /// Why it is not.
    pub(super) fn probe(
        &self,
        program: &Program,
        socket: &FcgiSocket,
        say: Say<'_>,
    ) -> Result<(), String> {
        if !self.open.contains_key(&socket.url) {
            create(socket, program.user.as_ref(), say)?;
            say(&format!("Closing socket {}", socket.url));
        }
        Ok(())
    }
}

/// A listening socket. Without an owner of its own a unix one belongs to `user`.
fn create(socket: &FcgiSocket, user: Option<&User>, say: Say<'_>) -> Result<OwnedFd, String> {
    let FcgiSocket { url, owner, mode, backlog } = socket;
    say(&format!("Creating socket {url}"));
    let made = match socket.address() {
        Some(FcgiAddress::Unix(path)) => {
            let daemon = nix::unistd::geteuid().as_raw();
            let owner = owner.as_ref().or(user.filter(|user| user.uid != daemon));
            bind_unix(Path::new(path), owner, *mode)
        }
        Some(FcgiAddress::Tcp(host, port)) => bind_tcp(host, port).map_err(text),
        None => Err("it is neither unix:///path nor tcp://host:port".to_owned()),
    };
    let backlog = backlog.and_then(|wanted| i32::try_from(wanted).ok()).unwrap_or(libc::SOMAXCONN);
    made.and_then(|made| listen(&made, backlog).map(|()| made).map_err(|error| text(error.into())))
        .map_err(|reason| format!("Could not create FastCGI socket {url}: {reason}"))
}

fn bind_unix(path: &Path, owner: Option<&User>, mode: Option<u32>) -> Result<OwnedFd, String> {
    let address = SocketAddrUnix::new(path).map_err(|error| text(error.into()))?;
    make_way(path)?;
    let socket = stream(AddressFamily::UNIX).map_err(text)?;
    bind(&socket, &address).map_err(|error| text(error.into()))?;
    let given = give(path, owner, mode);
    if given.is_err() {
        // It is the reason that is told; that the file stays as well adds nothing to it.
        drop(fs::remove_file(path));
    }
    given.map(|()| socket)
}

/// Removes the socket that an earlier run has left. What is no socket is somebody's file.
fn make_way(path: &Path) -> Result<(), String> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path).map_err(text),
        Ok(_) => Err("the file is there, and is not a socket".to_owned()),
        Err(_) => Ok(()),
    }
}

fn give(path: &Path, owner: Option<&User>, mode: Option<u32>) -> Result<(), String> {
    if let Some(User { uid, gid, .. }) = owner {
        let refused = |error| format!("Could not change ownership of socket file: {}", text(error));
        set_owner(path, (*uid, *gid)).map_err(refused)?;
    }
    if let Some(mode) = mode {
        let refused =
            |error| format!("Could not change permissions of socket file: {}", text(error));
        set_mode(path, mode).map_err(refused)?;
    }
    Ok(())
}

/// As Supervisor does, by IPv4 if the name has such an address.
fn bind_tcp(host: &str, port: u16) -> io::Result<OwnedFd> {
    let mut found: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    let address = found.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = stream(family)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, address)?;
    Ok(socket)
}

/// It blocks, as programs expect of their descriptor 0.
fn stream(family: AddressFamily) -> io::Result<OwnedFd> {
    Ok(socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// The reason alone: `No such file or directory`.
fn text(error: io::Error) -> String {
    let errno = error.raw_os_error().map(nix::errno::Errno::from_raw);
    errno.map_or_else(|| error.to_string(), |errno| errno.desc().to_owned())
}
