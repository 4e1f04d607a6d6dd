//! Accounts by `/etc/passwd` and `/etc/group`. A line that is none is passed over, as the C library does.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::Gid;

use super::Account;

const DIRECTORY: &str = "/etc";

/// Where the two files are.
struct Files<'a>(&'a Path);

/// The files of this machine.
fn here() -> Files<'static> {
    Files(Path::new(DIRECTORY))
}

pub(crate) fn by_name(name: &str) -> Option<Account> {
    here().account(|account| account.name == name)
}

pub(crate) fn by_uid(uid: u32) -> Option<Account> {
    here().account(|account| account.uid == uid)
}

pub(crate) fn group_by_name(name: &str) -> Option<u32> {
    here().groups().into_iter().find(|group| group.name == name).map(|group| group.gid)
}

pub(crate) fn group_exists(gid: u32) -> bool {
    here().groups().iter().any(|group| group.gid == gid)
}

/// Every group of the account of that name, its primary one first.
///
/// # Errors
/// None; the C library has some.
#[expect(clippy::unnecessary_wraps, reason = "as the C library's")]
pub(crate) fn groups_of(name: &str, primary: Gid) -> Result<Vec<Gid>, Errno> {
    Ok(here().groups_of(name, primary.as_raw()).into_iter().map(Gid::from_raw).collect())
}

/// One line of group(5).
struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

impl Files<'_> {
    fn account(&self, fits: impl Fn(&Account) -> bool) -> Option<Account> {
        self.lines("passwd").iter().filter_map(|line| account(line)).find(fits)
    }

    fn groups(&self) -> Vec<Group> {
        self.lines("group").iter().filter_map(|line| group(line)).collect()
    }

    fn groups_of(&self, name: &str, primary: u32) -> Vec<u32> {
        let has = |group: &Group| group.members.iter().any(|member| member == name);
        let more = self.groups().into_iter().filter(has).map(|group| group.gid);
        [primary].into_iter().chain(more.filter(|gid| *gid != primary)).collect()
    }

    /// None if there is no such file.
    fn lines(&self, name: &str) -> Vec<String> {
        let bytes = fs::read(self.0.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }
}

fn account(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = name(fields.next()?)?;
    let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
    let home = fields.nth(1).unwrap_or_default().to_owned();
    Some(Account { name, uid, gid, home })
}

fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let name = name(fields.next()?)?;
    let gid = fields.nth(1)?.parse().ok()?;
    let members = fields.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    Some(Group { name, gid, members })
}

/// Not a comment, and not a line that stands for another database.
fn name(field: &str) -> Option<String> {
    let is_name = !field.is_empty() && !field.starts_with(['#', '+', '-']);
    is_name.then(|| field.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::library;
    use super::*;

    fn files(passwd: &[u8], group: &[u8]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("passwd"), passwd).expect("written");
        fs::write(directory.path().join("group"), group).expect("written");
        directory
    }

    #[test]
    fn lines_that_are_none_are_passed_over() {
        let directory = files(
            b"# a comment\n\nroot:x:0:0:root:/root:/bin/sh\nbroken:x:many:1\n+nis\nshort:x:5:6\n\xff:x:7:7::/:\nroot:x:9:9::/:\n",
            b"root:x:0:\nweb:x:77:short,other\nnumberless:x::short\nalso:x:6:short\nlast:x:80:short\n",
        );
        let files = Files(directory.path());
        let find = |name: &str| files.account(|account| account.name == name);
        let account = |name: &str, uid, gid, home: &str| {
            Some(Account { name: name.to_owned(), uid, gid, home: home.to_owned() })
        };
        assert_eq!(find("root"), account("root", 0, 0, "/root"));
        assert_eq!(find("short"), account("short", 5, 6, ""));
        assert_eq!(
            [find("broken"), find("+nis"), find("# a comment"), find("")],
            [None, None, None, None]
        );
        assert_eq!(files.groups_of("short", 6), [6, 77, 80]);
        assert_eq!(files.groups_of("nobody", 1), [1]);
        let empty = Files(Path::new("/nonexistent"));
        assert!(empty.account(|_| true).is_none() && empty.groups().is_empty());
    }

    #[test]
    fn the_files_of_this_machine_say_what_its_library_says() {
        for uid in [0, 1, 65534, 4_000_000] {
            assert_eq!(by_uid(uid), library::by_uid(uid));
        }
        let known: Vec<Account> =
            here().lines("passwd").iter().filter_map(|line| account(line)).collect();
        assert!(!known.is_empty());
        for account in known {
            assert_eq!(by_name(&account.name), library::by_name(&account.name));
            let primary = Gid::from_raw(account.gid);
            let ours = groups_of(&account.name, primary).expect("groups");
            // It may know more, from elsewhere.
            let theirs = library::groups_of(&account.name, primary).expect("groups");
            assert!(ours.iter().all(|group| theirs.contains(group)), "{ours:?} {theirs:?}");
        }
        for name in ["root", "nogroup", "no-such-group"] {
            assert_eq!(group_by_name(name), library::group_by_name(name));
        }
        assert_eq!([group_exists(0), group_exists(4_000_000)], [true, false]);
    }
}
