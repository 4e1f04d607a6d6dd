//! What a program may use, and with which groups it runs.

use crate::config::reader::Reader;
use crate::unit::{Resource, Resources, UnixGroups};

/// `nice` and `limit_…`.
pub(super) fn resources(reader: &mut Reader<'_, '_>) -> Resources {
    let limits = Resource::ALL.into_iter();
    Resources {
        nice: reader.get("nice"),
        limits: limits.filter_map(|(resource, key)| Some((resource, reader.get(key)?))).collect(),
    }
}

/// `group` and `groups`. A `group=` that names no group of this machine was a hope that Supervisor did not fulfil.
pub(super) fn groups(reader: &mut Reader<'_, '_>) -> UnixGroups {
    UnixGroups {
        primary: reader.get_or_ignore("group"),
        supplementary: reader.get("groups").unwrap_or_default(),
    }
}
