//! What every verb is given.

use visor_dbus::Client;

use crate::args::PlaceArgs;
use crate::failure::Failure;
use crate::place;
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
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        Ok(Client::connect(&place::places(&self.place)?).await?)
    }
}
