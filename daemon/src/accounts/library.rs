//! Accounts by the C library.

use std::ffi::CString;

use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

use super::Account;

pub(crate) fn by_name(name: &str) -> Option<Account> {
    User::from_name(name).ok().flatten().map(account)
}

pub(crate) fn by_uid(uid: u32) -> Option<Account> {
    User::from_uid(Uid::from_raw(uid)).ok().flatten().map(account)
}

pub(crate) fn group_by_name(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

pub(crate) fn group_exists(gid: u32) -> bool {
    Group::from_gid(Gid::from_raw(gid)).ok().flatten().is_some()
}

/// Every group of the account of that name, its primary one among them. This may go over the network.
///
/// # Errors
/// What the machine answered.
pub(crate) fn groups_of(name: &str, primary: Gid) -> Result<Vec<Gid>, Errno> {
    let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
    getgrouplist(&name, primary)
}

fn account(user: User) -> Account {
    Account {
        name: user.name,
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
        home: user.dir.to_string_lossy().into_owned(),
    }
}
