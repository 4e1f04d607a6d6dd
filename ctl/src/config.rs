//! The configuration file, as far as it says where the daemon is.

use std::path::Path;
use std::{env, fs, io};

use visor_units::config::{self, Host, Listing, Request, load_visord};
use visor_units::fault::{Fault, Refusal};
use visor_units::unit::User;

use crate::failure::Failure;

/// `[visord] socket` of this file.
pub(crate) fn socket(file: &str) -> Result<Option<String>, Failure> {
    let request = Request { file: file.to_owned(), no_host: true, ..Request::default() };
    match load_visord(&request, &Files) {
        Ok(visord) => Ok(visord.socket),
        Err(text) => Err(Refusal::new(Fault::ConfigInvalid, text).into()),
    }
}

/// The files and the environment; accounts are not looked up.
pub(crate) struct Files;

impl Listing for Files {
    fn names(&self, directory: &str) -> Vec<String> {
        let directory = if directory.is_empty() { "." } else { directory };
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    fn exists(&self, path: &str) -> bool {
        Path::new(path).symlink_metadata().is_ok()
    }
}

impl Host for Files {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        config::glob(pattern, self)
    }

    fn environment(&self) -> Vec<(String, String)> {
        env::vars_os()
            .map(|(key, value)| {
                (key.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
            })
            .collect()
    }

    fn working_directory(&self) -> String {
        env::current_dir().map_or_else(|_| "/".to_owned(), |dir| dir.display().to_string())
    }

    fn host_name(&self) -> String {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }

    fn temporary_directory(&self) -> String {
        env::temp_dir().display().to_string()
    }

    fn expand_home(&self, path: &str) -> String {
        match (path.strip_prefix('~'), env::var("HOME")) {
            (Some(rest), Ok(home)) if rest.is_empty() || rest.starts_with('/') => home + rest,
            _ => path.to_owned(),
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }

    fn user_by_name(&self, _name: &str) -> Option<User> {
        None
    }

    fn user_by_id(&self, _uid: u32) -> Option<User> {
        None
    }

    fn group_by_name(&self, _name: &str) -> Option<u32> {
        None
    }

    fn group_exists(&self, _gid: u32) -> bool {
        false
    }
}
