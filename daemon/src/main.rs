//! visord, the daemon. Start reading at [`boot`], then [`core`].

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

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or("visord".as_ref()).to_string_lossy();
    let called = program.to_string_lossy();
    match &*name {
        pidproxy::NAME => pidproxy::main(&called, words),
        _ => boot::main(&called, &name, words),
    }
}
