//! The accounts of this machine.
//!
//! The C library is asked, and with it whatever the machine has them in (nsswitch.conf(5)). In a static executable it
//! would have to load modules that are made for another C library than its own, so there `/etc/passwd` and `/etc/group`
//! are read, and nothing else is known: all there is in a container image.

#[cfg(any(test, target_feature = "crt-static"))]
mod files;
#[cfg(any(test, not(target_feature = "crt-static")))]
mod library;

#[cfg(target_feature = "crt-static")]
pub(crate) use files::{by_name, by_uid, group_by_name, group_exists, groups_of};
#[cfg(not(target_feature = "crt-static"))]
pub(crate) use library::{by_name, by_uid, group_by_name, group_exists, groups_of};

/// One account (passwd(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Login name.
    pub(crate) name: String,
    /// User id.
    pub(crate) uid: u32,
    /// Primary group id.
    pub(crate) gid: u32,
    /// Home directory.
    pub(crate) home: String,
}
