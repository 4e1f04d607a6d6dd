//! What every verb is given.

use std::env;

use visor_dbus::Client;

use crate::args::PlaceArgs;
use crate::daemon::Daemon;
use crate::failure::Failure;
use crate::place;
use crate::remote::{Remote, Supervisor};
use crate::screen::Screen;

/// Where to ask, and where to show.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where answers go.
    pub(crate) screen: Screen,
    place: PlaceArgs,
}

impl Context {
    /// Nothing is looked up before it is needed.
    pub(crate) fn new(screen: Screen, place: PlaceArgs) -> Self {
        Self { screen, place }
    }

    /// The daemon.
    pub(crate) async fn connect(&self) -> Result<Daemon, Failure> {
        if let Some(url) = self.place.url() {
            // The variables of Supervisor's own Python clients.
            let variable = |name| env::var(name).ok();
            let login = variable("SUPERVISOR_USERNAME").zip(variable("SUPERVISOR_PASSWORD"));
            let connected = Supervisor::connect(Remote::new(url, login)).await;
            return connected
                .map(Daemon::Http)
                .map_err(|error| Failure::no_supervisor(url, &error));
        }
        Ok(Daemon::Bus(Client::connect(&place::places(&self.place)?).await?))
    }
}
