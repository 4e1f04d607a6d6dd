//! visord, the daemon. Start reading at `boot`, then `core`.
//!
//! A library only for the fuzzers in `tests/fuzz`: they are built with `--cfg fuzzing`, which opens `fuzzing`. All that the
//! program needs of it is [`main`].

mod accounts;
mod args;
mod authority;
mod boot;
mod bus;
#[expect(
    unsafe_code,
    reason = "clone3, what runs in the child before execve, and waiting for any child"
)]
mod child;
mod clock;
mod config;
mod configuration;
mod core;
mod door;
mod fastcgi;
#[cfg(test)]
#[path = "../../dbus/tests/fixture/mod.rs"]
mod fixture;
mod http;
mod listen;
mod listeners;
mod log;
mod notify;
mod output;
mod perform;
mod pidfile;
mod pidproxy;
mod privilege;
mod reload;
mod settings;
mod signal;
mod socket;
mod stdin;
mod telemetry;

use std::path::Path;
use std::process::ExitCode;

#[cfg(fuzzing)]
pub use http::fuzzing;

/// Runs what this process was called for, to its end; and what to end with.
#[must_use]
pub fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or("visord".as_ref()).to_string_lossy();
    let called = program.to_string_lossy();
    match &*name {
        pidproxy::NAME => pidproxy::main(&called, words),
        _ => boot::main(&called, &name, words),
    }
}
