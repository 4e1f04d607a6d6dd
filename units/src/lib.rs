//! The nouns and the decisions of visord.
//!
//! This crate reads configuration text into unit objects ([`config`]), orders them ([`order`]), and runs their state
//! machine ([`engine`]); [`announce`] decides which listeners are told of it. It does nothing to the world: no clock, no
//! environment, no file, no socket, no async. What it needs to know is handed in as values ([`time::Moment`],
//! [`config::Host`], [`engine::Event`]), and what must be done comes out as values ([`engine::Effect`]). `clippy.toml`
//! beside this crate and a test over `cargo metadata` keep it so.
//!
//! Imports run one way: `units ← dbus ← {daemon, ctl}`.
#![forbid(unsafe_code)]

pub mod announce;
pub mod config;
pub mod engine;
pub mod exit;
pub mod fault;
pub mod getopt;
pub mod invocation;
pub mod name;
pub mod order;
pub mod printable;
pub mod signal;
pub mod time;
pub mod unit;
pub mod xmlrpc;
