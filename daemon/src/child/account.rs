//! Whom a program runs as.

use std::collections::BTreeMap;

use nix::unistd::{Gid, Uid, getgroups};
use visor_units::unit::{Program, User};

use super::spawn::{Account, Step};
use crate::privilege::groups_of;

/// Every group of a user with a primary group and some more; `None` where they could not be found out.
pub(super) type Known = BTreeMap<(u32, u32, Vec<u32>), Option<Vec<libc::gid_t>>>;

/// Whom a program runs as. One that names the daemon's own user keeps its groups, and one that names no groups either
/// keeps everything as it is.
pub(super) fn account<'a>(known: &'a mut Known, program: &Program) -> Account<'a> {
    let daemon = Uid::current();
    let user = program.user.as_ref().filter(|user| user.uid != daemon.as_raw());
    if user.is_none() && program.groups.is_empty() {
        return Account::Keep;
    }
    if user.is_some() && !daemon.is_root() {
        return Account::Refused(Step::NotRoot);
    }
    let own = user.map_or_else(|| Gid::current().as_raw(), |user| user.gid);
    let gid = program.groups.primary.map_or(own, |group| group.0);
    let uid = user.map_or(daemon.as_raw(), |user| user.uid);
    let more: Vec<u32> = program.groups.supplementary.iter().map(|group| group.0).collect();
    let groups = known.entry((uid, gid, more));
    match groups.or_insert_with_key(|(_, _, more)| all_groups(user, gid, more)) {
        Some(groups) => Account::Become { groups, gid, uid },
        None => Account::Refused(Step::Groups),
    }
}

fn all_groups(user: Option<&User>, gid: u32, more: &[u32]) -> Option<Vec<libc::gid_t>> {
    let groups = match user {
        Some(user) => groups_of(&User { gid, ..user.clone() }).ok()?,
        None => getgroups().ok()?,
    };
    let mut groups: Vec<libc::gid_t> = groups.into_iter().map(Gid::as_raw).collect();
    groups.extend(more);
    groups.sort_unstable();
    groups.dedup();
    Some(groups)
}
