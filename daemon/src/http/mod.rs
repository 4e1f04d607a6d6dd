//! The HTTP servers of the configuration: XML-RPC, the ends of logs, and the web page.
//!
//! A request goes through the rooms in this order: `connection` (who may be connected, and how much of the daemon a client
//! may use up), `route` (who is let in, by `auth`, and who answers), then `xmlrpc`, `tail` or `web`. What they answer is
//! made in `reply`. `servers` opens the sockets and keeps them.
//!
//! Paths, codes, headers and error pages are Supervisor's. Nothing here polls and nothing has a timer but the body of a
//! request, which has a time limit: what is slow waits for itself, and makes room when others come.

mod auth;
mod clock;
mod connection;
#[cfg(fuzzing)]
pub mod fuzzing;
mod origin;
mod reply;
mod route;
mod servers;
mod tail;
mod web;
mod xmlrpc;

pub(crate) use servers::Servers;
