//! When a file is rotated, and the names of rotated files: `FILE.1` is the newest, `FILE.N` the oldest.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use visor_units::unit::Output;

/// When a file is rotated, and what is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Bytes at which it is rotated; 0 is never.
    pub(super) maxbytes: u64,
    /// Rotated files kept; 0 is none, the file is emptied instead.
    pub(super) backups: u64,
}

impl Limits {
    /// No rotation.
    pub(super) const NEVER: Self = Self { maxbytes: 0, backups: 0 };

    /// Supervisor's numbers; negative ones mean none, as there.
    pub(super) fn new(maxbytes: i64, backups: i64) -> Self {
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        Self { maxbytes: count(maxbytes), backups: count(backups) }
    }
}

impl From<&Output> for Limits {
    fn from(output: &Output) -> Self {
        Self::new(output.maxbytes, output.backups)
    }
}

/// Rotated files that are looked for one by one: whoever keeps millions of them does not wait for it.
const LOOKED_FOR: u64 = 100;

/// `FILE.n`.
pub(super) fn backup(path: &Path, n: u64) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{n}"));
    name.into()
}

/// Makes room for a new `path`: it becomes `.1`, `.1` becomes `.2` and so on, and what would become `.backups + 1` is
/// overwritten. Behind a gap in the numbers files move as well, if they are among the first [`LOOKED_FOR`].
///
/// # Errors
/// As rename(2). What was not yet moved stays where it is; nothing is lost.
pub(super) fn shift(path: &Path, backups: u64) -> io::Result<()> {
    let is_there = |n: &u64| backup(path, *n).symlink_metadata().is_ok();
    let row = (1..backups).take_while(is_there).last().unwrap_or_default();
    let behind = (row + 1..backups.min(LOOKED_FOR)).filter(is_there);
    let taken: Vec<u64> = (1..=row).chain(behind).collect();
    for n in taken.into_iter().rev() {
        std::fs::rename(backup(path, n), backup(path, n + 1))?;
    }
    std::fs::rename(path, backup(path, 1))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn shifted(before: &[(&str, &str)], backups: u64) -> Vec<(String, String)> {
        let dir = tempfile::tempdir().expect("temporary directory");
        for (name, text) in before {
            fs::write(dir.path().join(name), text).expect("write");
        }
        shift(&dir.path().join("log"), backups).expect("shift");
        let mut after: Vec<_> = fs::read_dir(dir.path())
            .expect("read directory")
            .map(|entry| entry.expect("entry"))
            .map(|entry| {
                let text = fs::read_to_string(entry.path()).expect("read");
                (entry.file_name().into_string().expect("name"), text)
            })
            .collect();
        after.sort();
        after
    }

    fn owned(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn every_backup_moves_up_by_one_and_the_oldest_is_dropped() {
        let after = shifted(&[("log", "new"), ("log.1", "one"), ("log.2", "two")], 2);
        assert_eq!(after, owned(&[("log.1", "new"), ("log.2", "one")]));
    }

    #[test]
    fn what_is_above_a_gap_moves_too() {
        let before = [("log", "new"), ("log.1", "one"), ("log.3", "three"), ("log.7", "seven")];
        let after = [("log.1", "new"), ("log.2", "one"), ("log.4", "three"), ("log.7", "seven")];
        assert_eq!(shifted(&before, 5), owned(&after));
        assert_eq!(shifted(&[("log", "new")], u64::MAX), owned(&[("log.1", "new")]));
    }

    #[test]
    fn a_directory_in_the_way_is_an_error_and_the_log_stays() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let log = dir.path().join("log");
        fs::write(&log, "text").expect("write");
        fs::create_dir(dir.path().join("log.1")).expect("directory");
        assert!(shift(&log, 1).is_err());
        assert_eq!(fs::read_to_string(&log).expect("read"), "text");
    }
}
