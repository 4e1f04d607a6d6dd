//! Sections to a [`Plan`]: what Supervisor means by them.
//!
//! Options are read in the order in which Supervisor reads them, so that the first error is the one it would end with.

mod daemon;
mod environment_file;
mod exit_when;
mod fastcgi;
mod group;
mod listener;
mod ordering;
mod program;
mod resources;
mod server;

pub(super) use daemon::{ctl, visord};
pub(super) use exit_when::judge_exit_when;

use std::sync::Arc;

use super::plan::Plan;
use super::reader::Context;
use super::text::{Document, Section};
use crate::unit::{Ctl, Group};

/// The meaning of a document, or what can be made of it. `ctl` has been read from the main file alone.
pub(super) fn plan(cx: &mut Context<'_>, document: &Document, ctl: Option<Ctl>) -> Plan {
    let nothing = Section::absent("supervisord");
    let section = document.section("supervisord").unwrap_or(&nothing);
    let mut daemon = daemon::daemon(cx, document, section);
    let rpc_interfaces = server::rpc_interfaces(cx, document);
    let groups = group::groups(cx, document, &daemon.environment);
    let servers = server::servers(cx, document);
    daemon.user = daemon::user(cx, document, section);
    if !servers.is_empty() {
        server::refuse_options(cx, document, &rpc_interfaces);
    }
    Plan {
        daemon,
        visord: daemon::visord(cx, document),
        groups: groups.into_iter().map(Arc::new).collect::<Vec<Arc<Group>>>(),
        servers,
        rpc_interfaces,
        ctl,
        messages: std::mem::take(&mut cx.messages),
    }
}
