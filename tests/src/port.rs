//! A TCP port that no two tests are given at the same time.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt,
};

/// A port on 127.0.0.1 that a server may take, as often as it likes, while this is held.
///
/// A socket is bound to it that does not listen. The kernel gives the port to nobody then who asks for any port, and lets
/// those listen who ask for this one with `SO_REUSEADDR`, as servers do.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _held: OwnedFd,
}

impl Port {
    /// One that nobody has.
    pub(crate) fn free() -> Self {
        let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
        let held = socket_with(family, kind, SocketFlags::CLOEXEC, None).expect("a socket");
        sockopt::set_socket_reuseaddr(&held, true).expect("SO_REUSEADDR");
        bind(&held, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = getsockname(&held).expect("its address");
        let number = SocketAddr::try_from(address).expect("an address of IP").port();
        Self { number, _held: held }
    }

    pub(crate) const fn number(&self) -> u16 {
        self.number
    }
}

#[test]
fn a_port_is_for_servers_that_ask_for_it_and_for_nobody_else() {
    use std::net::{TcpListener, TcpStream};

    let port = Port::free();
    let address = ("127.0.0.1", port.number());
    assert!(TcpStream::connect(address).is_err(), "nobody listens");
    for address in [address, ("0.0.0.0", port.number())] {
        let server = TcpListener::bind(address).expect("the port");
        drop(TcpStream::connect(("127.0.0.1", port.number())).expect("a connection"));
        assert!(TcpListener::bind(address).is_err(), "one server at a time");
        drop(server);
    }
    let others: Vec<TcpListener> =
        (0..500).map(|_| TcpListener::bind("127.0.0.1:0").expect("any port")).collect();
    let taken = |other: &TcpListener| other.local_addr().expect("an address").port();
    assert!(others.iter().all(|other| taken(other) != port.number()));
}
