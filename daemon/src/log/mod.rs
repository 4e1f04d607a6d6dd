//! Where output goes: log files, the journal, and the daemon's own log.
//!
//! Programs write into pipes. One thread (the [`Pump`]) reads them all and writes the files, so that neither output
//! nor a slow disk ever stalls the control plane. A second thread sends lines to the journal and to syslog, and is the
//! only one that waits for them. A third, started by the first who reads a log over the bus, serves the readers.
//!
//! | output goes to | if that is behind, or fails |
//! |---|---|
//! | a file | an error loses what cannot be written; it is counted, said once, and tried again with every write |
//! | a file that cannot be opened | the program runs without it, which is said and shown; USR2 and the next start try again |
//! | a pipe, terminal, socket | the program waits for the reader, as if it wrote there itself; nobody else does |
//! | the journal alone | the program waits for journald; where journald is not there, lines are dropped and counted |
//! | listeners, as an event | the program waits, for milliseconds, until the core has room |
//! | the journal beside a file | 256 KiB wait; lines beyond that are left out, counted, and their number is said in the journal |
//!
//! What a program had written before it ended is taken from its pipe without waiting for anybody; 64 MiB of that may be
//! on its way to the journal, 1 MiB to each pipe or terminal.

mod ansi;
mod auto;
mod backlog;
mod datagram;
mod directory;
mod file;
mod follow;
mod format;
mod forward;
mod hub;
mod journal;
mod last_lines;
mod lines;
mod mailbox;
mod main_log;
mod own;
mod pipe;
mod pump;
mod readers;
mod recent;
mod record;
mod registry;
mod rotate;
mod special;
mod syslog;
mod tag;
mod tail;
mod tap;
mod target;
mod trail;
mod trouble;
mod worker;

pub(crate) use auto::{clear_auto_logs, create_auto_log, default_auto_dir};
pub(crate) use follow::Range;
pub(crate) use hub::Stream;
pub(crate) use main_log::MainLog;
pub(crate) use pump::{Attachment, Log, Prepared, Pump};
pub(crate) use record::Record;
pub(crate) use tap::Tapped;

#[cfg(test)]
mod tests;
