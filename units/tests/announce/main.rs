//! Events, from outside: who is told what, in what words, and what listeners may do.

#[path = "../config/host.rs"]
#[expect(dead_code, reason = "more than is needed here")]
mod host;
mod laws;
mod listeners;
mod pools;
mod stage;
mod ticks;
mod words;
