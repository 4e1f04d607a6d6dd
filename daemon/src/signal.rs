//! Signals to the daemon (signal(7)), as orders.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// TERM, INT or QUIT: stop everything and end. Its name.
    Exit(&'static str),
    /// HUP: stop everything and begin again.
    Restart,
    /// USR2: reopen log files.
    Reopen,
}

/// The signals that the daemon listens to. USR1, which ends Supervisor, is ignored.
pub(crate) struct Signals {
    term: Signal,
    int: Signal,
    quit: Signal,
    hup: Signal,
    usr2: Signal,
    usr1: Signal,
}

impl Signals {
    /// Takes them over from now on.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hup: signal(SignalKind::hangup())?,
            usr2: signal(SignalKind::user_defined2())?,
            usr1: signal(SignalKind::user_defined1())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Told {
        loop {
            tokio::select! {
                Some(()) = self.term.recv() => return Told::Exit("SIGTERM"),
                Some(()) = self.int.recv() => return Told::Exit("SIGINT"),
                Some(()) = self.quit.recv() => return Told::Exit("SIGQUIT"),
                Some(()) = self.hup.recv() => return Told::Restart,
                Some(()) = self.usr2.recv() => return Told::Reopen,
                Some(()) = self.usr1.recv() => {}
            }
        }
    }
}
