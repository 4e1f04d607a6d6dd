//! Children: launching, watching, signalling and reaping them. The `unsafe` of visord is in here.
//!
//! The [`launcher`] thread turns a program into a running process ([`command`], [`environment`], [`account`], [`resources`],
//! [`spawn`], [`setup`], or [`failure`]);
//! the core watches it through its pidfd ([`reap`]) and signals it ([`kill`]). What is adopted as sub-reaper or as
//! process 1 is buried by [`orphans`]; what another daemon left in the cgroup of the service is ended by [`leftover`]. [`limits`] are the resource limits of the daemon, which its children inherit.

mod account;
pub(crate) mod command;
pub(crate) mod environment;
mod failure;
pub(crate) mod kill;
pub(crate) mod launcher;
pub(crate) mod leftover;
pub(crate) mod limits;
pub(crate) mod orphans;
mod pipes;
pub(crate) mod reap;
mod resources;
mod setup;
mod sockets;
pub(crate) mod spawn;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod tests;
