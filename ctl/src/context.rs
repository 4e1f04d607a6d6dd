//! What every verb is given.

use crate::args::PlaceArgs;
use crate::daemon::Daemon;
use crate::failure::Failure;
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
        Daemon::connect(&self.place, &self.screen).await
    }
}
