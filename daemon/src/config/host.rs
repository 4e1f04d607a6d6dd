//! This machine, as the configuration sees it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::{env, fs, io};

use nix::unistd;
use visor_units::config::{Host, Listing, glob};
use visor_units::unit::User;

use crate::accounts::{self, Account};

/// Bytes of the largest configuration file that is read. `/dev/zero` has no end.
const LARGEST: u64 = 64 << 20;

/// The files, accounts and environment of this machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// What relative paths start from.
    directory: String,
    environment: BTreeMap<String, String>,
    offline: bool,
}

impl Default for Machine {
    /// The machine with this process's environment. Bytes that are no UTF-8 are replaced.
    fn default() -> Self {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = env::vars_os().map(|(key, value)| (lossy(key), lossy(value)));
        let directory = env::current_dir();
        Self {
            directory: directory.map_or_else(|_| "/".into(), |path| lossy(path.into_os_string())),
            environment: environment.collect(),
            offline: false,
        }
    }
}

impl Machine {
    /// The machine as seen from another directory.
    pub(crate) fn at(mut self, directory: &str) -> Self {
        directory.clone_into(&mut self.directory);
        self
    }

    /// Lays variables over the environment.
    pub(crate) fn with_variables(mut self, variables: Vec<(String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Makes the answers depend on the environment alone: the host's name is `HOSTNAME`, and there are no accounts.
    pub(crate) fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    fn home_of(&self, name: &str) -> Option<String> {
        if name.is_empty()
            && let Some(home) = self.environment.get("HOME")
        {
            return Some(home.clone());
        }
        if self.offline {
            return None;
        }
        let user = match name {
            "" => accounts::by_uid(unistd::getuid().as_raw()),
            name => accounts::by_name(name),
        };
        user.map(|user| user.home)
    }
}

impl Host for Machine {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "too large to be a configuration",
            ));
        }
        Ok(bytes)
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        glob(pattern, self)
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.environment.clone().into_iter().collect()
    }

    fn working_directory(&self) -> String {
        self.directory.clone()
    }

    fn host_name(&self) -> String {
        if self.offline {
            return self.environment.get("HOSTNAME").map_or("localhost", String::as_str).to_owned();
        }
        unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn temporary_directory(&self) -> String {
        let named =
            ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(|key| self.environment.get(key));
        let usual = ["/tmp", "/var/tmp", "/usr/tmp"].map(str::to_owned);
        let mut candidates = named.cloned().chain(usual);
        candidates
            .find(|path| is_writable_directory(path))
            .unwrap_or_else(|| self.working_directory())
    }

    fn expand_home(&self, path: &str) -> String {
        let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
        let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match self.home_of(name) {
            Some(home) => {
                let expanded = format!("{}{rest}", home.trim_end_matches('/'));
                if expanded.is_empty() { "/".to_owned() } else { expanded }
            }
            None => path.to_owned(),
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        !path.is_empty() && Path::new(&self.directory).join(path).is_dir()
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        accounts::by_name(name).map(user).or_else(|| root(name))
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        accounts::by_uid(uid).map(user).or_else(|| stranger(uid))
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        accounts::group_by_name(name)
    }

    fn group_exists(&self, gid: u32) -> bool {
        accounts::group_exists(gid)
    }
}

/// Root, where no file knows it: in an image that has none.
fn root(name: &str) -> Option<User> {
    (name == "root").then(|| User { name: name.to_owned(), uid: 0, gid: 0 })
}

/// The current user, where no file knows it: in a container that is run under a number of somebody's choice.
fn stranger(uid: u32) -> Option<User> {
    let gid = unistd::getegid().as_raw();
    (unistd::geteuid().as_raw() == uid).then(|| User { name: String::new(), uid, gid })
}

fn user(Account { name, uid, gid, .. }: Account) -> User {
    User { name, uid, gid }
}

impl Listing for Machine {
    /// Names that are no UTF-8 are left out.
    fn names(&self, directory: &str) -> Vec<String> {
        let Ok(listing) = fs::read_dir(if directory.is_empty() { "." } else { directory }) else {
            return Vec::new();
        };
        listing.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(path).is_ok()
    }
}

fn is_writable_directory(path: &str) -> bool {
    let wanted = unistd::AccessFlags::W_OK | unistd::AccessFlags::X_OK;
    Path::new(path).is_dir() && unistd::access(path, wanted).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn machine(variables: &[(&str, &str)]) -> Machine {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Machine { environment: variables, ..Machine::default() }
    }

    #[test]
    fn a_tilde_stands_for_the_home_of_the_environment_or_of_an_account() {
        let host = machine(&[("HOME", "/home/x/")]);
        assert_eq!(host.expand_home("~/log"), "/home/x/log");
        assert_eq!(host.expand_home("a~"), "a~");
        assert_eq!(host.expand_home("~no-such-account/log"), "~no-such-account/log");
        let root = accounts::by_uid(0).expect("root exists");
        assert_eq!(host.expand_home("~root/x"), format!("{}/x", root.home));
        assert_eq!(machine(&[]).offline().expand_home("~root/x"), "~root/x");
    }

    #[test]
    fn no_name_is_no_directory() {
        let host = machine(&[]);
        assert!(host.is_directory("/") && host.is_directory("."));
        assert!(!host.is_directory(""));
    }

    #[test]
    fn patterns_find_files_by_names_that_can_be_read() {
        let place = tempfile::tempdir().expect("a directory");
        let name = |file: &str| place.path().join(file).display().to_string();
        for file in ["b.conf", "a.conf", ".hidden.conf"] {
            fs::write(name(file), "").expect("written");
        }
        let no_utf8 = std::ffi::OsStr::from_bytes(b"\xff.conf");
        fs::write(place.path().join(no_utf8), "").expect("written");
        let host = machine(&[]);
        assert_eq!(host.glob(&name("*.conf")), [name("a.conf"), name("b.conf")]);
        assert_eq!(host.glob(&name("a.conf")), [name("a.conf")]);
        assert!(host.glob(&name("nowhere/*")).is_empty());
    }

    #[test]
    fn accounts_come_from_the_machine() {
        let root = machine(&[]).user_by_id(0).expect("root exists");
        assert_eq!(machine(&[]).user_by_name(&root.name), Some(root));
        assert_eq!(machine(&[]).user_by_name("no-such-account"), None);
    }
}
