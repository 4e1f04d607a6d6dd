//! How the nouns of visord look on D-Bus: one description for the daemon that serves it and the command line that asks.
//!
//! Bus name [`BUS_NAME`], root object [`ROOT_PATH`], interfaces `org.visord1.…`. The shape is described in
//! `dbus/interface/*.xml`, which a test compares with what the code introspects.
//!
//! The tables in `table/` are the one description: introspection, checks of arguments and announcements of changes are
//! made from them. A call goes `link` (one task per connection) → `dispatch` (which object and method) → `server` and
//! `calls` (what is answered) → [`Backend`] (the daemon). What happens goes [`Notices`] → `announce` → `link`.
#![forbid(unsafe_code)]

mod announce;
mod authority;
mod backend;
mod bodies;
mod calls;
mod client;
mod configuration;
mod connect;
mod dispatch;
mod fault;
mod framing;
mod link;
mod notices;
mod options;
mod path;
mod place;
mod row;
mod senders;
mod server;
mod socket;
mod table;
mod value;

pub use authority::{Action, Authority};
pub use backend::{Backend, Configured, LogRequest, ManagerRow, Notice, Usage};
pub use client::{Client, ConnectError, Outcomes, StateChange, StateChanges};
pub use connect::{JoinError, Joined, PeerCredentials};
pub use fault::{error_name, fault};
pub use link::Ended;
pub use notices::{Batch, Inbox, Notices};
pub use path::{escape, program_name, program_path, unescape};
pub use place::{
    Bus, Place, bus_address, check_temporary_directory, default_places, runtime_directory,
    socket_of, temporary_directory,
};
pub use row::{ConfiguredRow, UnitRow};
pub use server::Server;
pub use table::interfaces;
pub use value::Value;

/// The well-known name on the bus.
pub const BUS_NAME: &str = "org.visord1";
/// The object of the manager; every other object is below it.
pub const ROOT_PATH: &str = "/org/visord1";
