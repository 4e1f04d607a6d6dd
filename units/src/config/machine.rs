//! Questions about users and directories, asked of the host or answered without it.

use std::collections::HashMap;

use super::host::Host;
use super::python::{dirname, int};
use crate::unit::User;

/// The gid that keeps a file's group as it is (chown(2)).
pub(super) const KEEP: u32 = u32::MAX;

/// What stands for every account but root where the machine is not asked.
const SOMEBODY: u32 = 1000;

/// The machine, or its absence.
pub(super) struct Machine<'h> {
    host: Option<&'h dyn Host>,
    home: Option<&'h dyn Host>,
    /// Accounts asked for before: a look-up may go over the network.
    users: HashMap<String, Result<User, String>>,
}

impl<'h> Machine<'h> {
    /// `asked` is whether users and directories are looked up at all. Without it `root` is 0, a number is itself and
    /// every other name is 1000; every directory exists.
    pub(super) fn new(host: &'h dyn Host, asked: bool) -> Self {
        Self { host: asked.then_some(host), home: Some(host), users: HashMap::new() }
    }

    /// None, which is not asked for a home directory either.
    pub(super) fn absent() -> Self {
        Self { host: None, home: None, users: HashMap::new() }
    }

    /// The bytes of a file; `None` if the machine is not asked.
    pub(super) fn read(&self, path: &str) -> Option<std::io::Result<Vec<u8>>> {
        self.host.map(|host| host.read(path))
    }

    pub(super) fn expand_home(&self, path: &str) -> String {
        self.home.map_or_else(|| path.to_owned(), |host| host.expand_home(path))
    }

    /// `name_to_uid`, with the primary group.
    ///
    /// # Errors
    /// `Invalid user name x`, `Invalid user id 5`.
    pub(super) fn user(&mut self, name: &str) -> Result<User, String> {
        if let Some(known) = self.users.get(name) {
            return known.clone();
        }
        let found = self.look_up(name);
        self.users.insert(name.to_owned(), found.clone());
        found
    }

    fn look_up(&self, name: &str) -> Result<User, String> {
        let number = int(name).ok();
        let Some(host) = self.host else {
            let uid = number.and_then(|n| u32::try_from(n).ok()).unwrap_or(stand_in(name));
            return Ok(User { name: name.to_owned(), uid, gid: uid });
        };
        match number {
            Some(number) => {
                let user = u32::try_from(number).ok().and_then(|uid| host.user_by_id(uid));
                user.ok_or_else(|| format!("Invalid user id {name}"))
            }
            None => host.user_by_name(name).ok_or_else(|| format!("Invalid user name {name}")),
        }
    }

    /// The number of a group.
    ///
    /// # Errors
    /// `Invalid group name x`, `Invalid group id 5`.
    pub(super) fn group(&self, name: &str) -> Result<u32, String> {
        let number = int(name).ok();
        let Some(host) = self.host else {
            return Ok(number.and_then(|n| u32::try_from(n).ok()).unwrap_or(stand_in(name)));
        };
        match number {
            Some(number) => {
                let gid = u32::try_from(number).ok().filter(|gid| host.group_exists(*gid));
                gid.ok_or_else(|| format!("Invalid group id {name}"))
            }
            None => host.group_by_name(name).ok_or_else(|| format!("Invalid group name {name}")),
        }
    }

    /// `user` or `user:group`; without a group its gid is [`KEEP`].
    pub(super) fn owner(&mut self, text: &str) -> Result<User, String> {
        let refusal = |_| format!("Invalid user:group definition {text}");
        let (name, gid) = match text.split_once(':') {
            Some((name, group)) => (name, self.group(group).map_err(refusal)?),
            None => (text, KEEP),
        };
        Ok(User { gid, ..self.user(name).map_err(refusal)? })
    }

    /// A directory that is there.
    pub(super) fn existing_directory(&self, path: &str) -> Result<String, String> {
        let expanded = self.expand_home(path);
        if self.is_directory(&expanded) {
            Ok(expanded)
        } else {
            Err(format!("{path} is not an existing directory"))
        }
    }

    /// A log file. Its directory is made when it is needed, if it is likely to be meant.
    pub(super) fn log_file(&self, path: &str) -> Result<String, String> {
        self.path_in_directory(path).or_else(|refusal| self.likely(path, refusal))
    }

    /// A directory for log files, made likewise.
    pub(super) fn log_directory(&self, path: &str) -> Result<String, String> {
        self.existing_directory(path).or_else(|refusal| self.likely(path, refusal))
    }

    /// Quotes are part of a path in Supervisor, and no shell looks at it: nobody means such a directory.
    fn likely(&self, path: &str, refusal: String) -> Result<String, String> {
        let is_slip = path.is_empty() || path.contains(['"', '\'', '`', '$', '\n']);
        if is_slip { Err(refusal) } else { Ok(self.expand_home(path)) }
    }

    /// The directory of a log file, if it is not there.
    pub(super) fn missing_parent<'p>(&self, path: &'p str) -> Option<&'p str> {
        Some(dirname(path))
            .filter(|directory| !directory.is_empty() && !self.is_directory(directory))
    }

    /// A file whose directory is there.
    pub(super) fn path_in_directory(&self, path: &str) -> Result<String, String> {
        let expanded = self.expand_home(path);
        let directory = dirname(&expanded);
        if directory.is_empty() || self.is_directory(directory) {
            Ok(expanded)
        } else {
            Err(format!("The directory named as part of the path {path} does not exist"))
        }
    }

    pub(super) fn is_directory(&self, path: &str) -> bool {
        self.host.is_none_or(|host| host.is_directory(path))
    }
}

fn stand_in(name: &str) -> u32 {
    if name == "root" { 0 } else { SOMEBODY }
}
