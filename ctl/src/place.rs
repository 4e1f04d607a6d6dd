//! Where to look for the daemon.

use std::env;

use visor_dbus::{Place, default_places};

use crate::args::PlaceArgs;
use crate::config;
use crate::failure::Failure;

/// The places to try, in order: what the command line names, else `VISORD_SOCKET`, else the usual ones, which are also
/// those of a configuration that names no socket.
pub(crate) fn places(args: &PlaceArgs) -> Result<Vec<Place>, Failure> {
    if let Some(path) = &args.socket {
        return Ok(vec![Place::Socket(path.clone())]);
    }
    if args.system {
        return Ok(vec![Place::System]);
    }
    if args.session {
        return Ok(vec![Place::Session]);
    }
    if let Some(file) = &args.configuration
        && let Some(socket) = config::socket(file)?
    {
        return Ok(vec![Place::Socket(socket)]);
    }
    let uid = rustix::process::geteuid().as_raw();
    Ok(default_places(uid, |name| env::var(name).ok()))
}
