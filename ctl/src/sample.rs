//! Started as `echo_supervisord_conf` this prints a configuration to begin with, whatever it is told.

use std::io::{self, Write as _};
use std::process::ExitCode;

use visor_units::config::sample;

/// The name under which it is reached.
pub(crate) const NAME: &str = "echo_supervisord_conf";

/// Prints it.
pub(crate) fn main() -> ExitCode {
    match io::stdout().write_all(sample().as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
