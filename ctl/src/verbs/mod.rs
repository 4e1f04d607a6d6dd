//! What can be done, one file per verb.

pub(crate) mod add;
pub(crate) mod avail;
pub(crate) mod clear;
pub(crate) mod completion;
mod group;
pub(crate) mod list;
pub(crate) mod logs;
mod order;
pub(crate) mod pid;
pub(crate) mod reload;
pub(crate) mod remove;
mod report;
pub(crate) mod reread;
pub(crate) mod restart;
pub(crate) mod send;
pub(crate) mod show;
pub(crate) mod shutdown;
pub(crate) mod signal;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod update;
pub(crate) mod version;
pub(crate) mod why;

use clap::Args;

use crate::complete;

/// At least one process.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// Processes: NAME, GROUP:NAME, GROUP:*, a pattern, or all
    #[arg(value_name = "NAME", required = true, add = complete::processes())]
    pub(crate) names: Vec<String>,
}

/// Any number of processes; none is all.
#[derive(Debug, Args)]
pub(crate) struct AnyNames {
    /// Processes: NAME, GROUP:NAME, GROUP:*, a pattern, or all [default: all]
    #[arg(value_name = "NAME", add = complete::processes())]
    pub(crate) names: Vec<String>,
}
