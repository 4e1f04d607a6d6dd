//! What the configuration needs to know of the machine.

use std::io;

use crate::unit::User;

/// The machine, as the configuration sees it. The daemon and the command line implement it; tests hand in tables.
pub trait Host {
    /// The bytes of a file.
    ///
    /// # Errors
    /// Whatever opening or reading it gave.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// Paths that match a pattern (`* ? […]`, no `**`, a leading dot only literally), sorted.
    fn glob(&self, pattern: &str) -> Vec<String>;
    /// The environment, for `%(ENV_x)s`.
    fn environment(&self) -> Vec<(String, String)>;
    /// The working directory.
    fn working_directory(&self) -> String;
    /// `uname -n`.
    fn host_name(&self) -> String;
    /// The directory for AUTO logs when `childlogdir` is not set.
    fn temporary_directory(&self) -> String;
    /// `~` or `~user` at the start of `path` replaced by that home directory.
    fn expand_home(&self, path: &str) -> String;
    /// Whether `path` is a directory.
    fn is_directory(&self, path: &str) -> bool;
    /// An account by name.
    fn user_by_name(&self, name: &str) -> Option<User>;
    /// An account by number.
    fn user_by_id(&self, uid: u32) -> Option<User>;
    /// A group's number by name.
    fn group_by_name(&self, name: &str) -> Option<u32>;
    /// Whether a group of that number exists.
    fn group_exists(&self, gid: u32) -> bool;
}
