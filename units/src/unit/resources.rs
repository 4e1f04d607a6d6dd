//! What a program may use, and with which groups it runs. All of this is visord's own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `nice` and `limit_…`; the default leaves everything as the daemon has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// `nice`, from -20 (first) to 19 (last).
    pub nice: Option<i32>,
    /// `limit_…`, in the order of [`Resource::ALL`].
    pub limits: Vec<(Resource, Limit)>,
}

impl Resources {
    /// The limit on one resource, if it is set.
    #[must_use]
    pub fn limit(&self, resource: Resource) -> Option<Limit> {
        self.limits.iter().find(|(other, _)| *other == resource).map(|(_, limit)| *limit)
    }
}

/// The number of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gid(pub u32);

/// `group` and `groups`, looked up when the configuration was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixGroups {
    /// Primary group; `None` is that of the account.
    pub primary: Option<Gid>,
    /// Groups besides those of the account.
    pub supplementary: Vec<Gid>,
}

impl UnixGroups {
    /// Whether the account's own groups are all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.primary.is_none() && self.supplementary.is_empty()
    }
}

/// A limit as setrlimit(2) takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// What is enforced.
    pub soft: u64,
    /// What the program may raise it to.
    pub hard: u64,
}

impl Limit {
    /// No limit.
    pub const INFINITY: u64 = u64::MAX;
}

impl fmt::Display for Limit {
    /// As it can be written in a configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |f: &mut fmt::Formatter<'_>, number| match number {
            Self::INFINITY => f.write_str("infinity"),
            number => write!(f, "{number}"),
        };
        one(f, self.soft)?;
        if self.soft != self.hard {
            f.write_str(":")?;
            one(f, self.hard)?;
        }
        Ok(())
    }
}

/// What setrlimit(2) can limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// Open files.
    Nofile,
    /// Processes of the account.
    Nproc,
    /// Bytes of a core dump.
    Core,
    /// Bytes of data.
    Data,
    /// Bytes of a file that is written.
    Fsize,
    /// Bytes of locked memory.
    Memlock,
    /// Bytes of the stack.
    Stack,
    /// Bytes of address space.
    As,
    /// Bytes of resident memory.
    Rss,
    /// Seconds of processor time.
    Cpu,
    /// The best nice value, as 20 less it.
    Nice,
    /// Real-time priority.
    Rtprio,
}

impl Resource {
    /// Every one, with its option.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Nofile, "limit_nofile"),
        (Self::Nproc, "limit_nproc"),
        (Self::Core, "limit_core"),
        (Self::Data, "limit_data"),
        (Self::Fsize, "limit_fsize"),
        (Self::Memlock, "limit_memlock"),
        (Self::Stack, "limit_stack"),
        (Self::As, "limit_as"),
        (Self::Rss, "limit_rss"),
        (Self::Cpu, "limit_cpu"),
        (Self::Nice, "limit_nice"),
        (Self::Rtprio, "limit_rtprio"),
    ];

    /// The constant of setrlimit(2): `RLIMIT_NOFILE`.
    #[must_use]
    pub fn constant(self) -> String {
        let option = Self::ALL.iter().find(|(other, _)| *other == self).map(|(_, option)| option);
        let name = option.and_then(|option| option.strip_prefix("limit_")).unwrap_or_default();
        format!("RLIMIT_{}", name.to_uppercase())
    }
}
