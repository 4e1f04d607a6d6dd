//! Unit objects: what a configuration means, with every default filled in and every expansion done.

mod daemon;
mod fastcgi;
mod group;
mod log_format;
mod pacing;
mod program;
mod resources;
mod secrets;
mod server;

pub use daemon::{
    Ctl, Daemon, ExitWhen, LogLevel, MainLog, OnOffAuto, RpcInterface, Visord, WhichBus,
};
pub use fastcgi::{FcgiAddress, FcgiSocket};
pub use group::{Group, GroupKind};
pub use log_format::{LogField, LogFormat, LogPiece};
pub use pacing::{EarlyExit, Pacing};
pub use program::{Autorestart, LogFile, Ordering, Origin, Output, Program, User};
pub use resources::{Gid, Limit, Resource, Resources, UnixGroups};
pub use secrets::SecretEnvironment;
pub use server::{HttpServer, Listen};
