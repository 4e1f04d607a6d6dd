//! Where the interfaces are served: always on a socket of our own, and on a message bus where there is one.
//!
//! Nothing in here wakes an idle machine: a bus that is not there is waited for by watching the directory of its socket.

mod join;
mod peers;
mod watch;

#[cfg(test)]
mod tests;

use std::fmt;

use visor_dbus::{Authority, Backend, Notices, Server};
use visor_units::unit::WhichBus;

use crate::socket::Listener;

/// Something about the socket or the bus, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Whether somebody should look at it.
    pub(crate) is_warning: bool,
    /// The text.
    pub(crate) text: String,
}

impl Report {
    fn new(is_warning: bool, text: impl fmt::Display) -> Self {
        Self { is_warning, text: text.to_string() }
    }
}

/// Serves `backend` on the socket and on the bus, in tasks that end with the [`LocalSet`](tokio::task::LocalSet) this
/// is called in. What becomes of them is handed to `report`.
pub(crate) fn serve<B: Backend, A: Authority>(
    listener: Option<Listener>,
    which: WhichBus,
    (backend, authority, notices): (B, A, Notices),
    report: impl Fn(Report) + Clone + 'static,
) {
    let uid = nix::unistd::geteuid().as_raw();
    let server = Server::new(backend, authority, notices);
    if let Some(listener) = listener {
        let (server, report) = (server.clone(), report.clone());
        tokio::task::spawn_local(async move {
            let Err(error) = listener.serve(server, uid).await;
            report(Report::new(true, format_args!("the socket is not served: {error}")));
        });
    }
    if let Some(membership) = join::membership(which, uid, |name| std::env::var(name).ok()) {
        tokio::task::spawn_local(membership.keep(server, report));
    }
}
