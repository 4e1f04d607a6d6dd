//! Becoming another user: the daemon at start, and what its children need to know for the same.

use std::fmt;

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use visor_units::unit::{LogLevel, User};

use crate::accounts;

/// What Supervisor logs when it is left running as root.
const RUNNING_AS_ROOT: &str = "Supervisor is running as root.  Privileges were not dropped because no user is \
     specified in the config file.  If you intend to run as root, you can set user=root in the config file to avoid \
     this message.";

/// Why a process could not become another user. Displays Supervisor's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrivilegeError {
    /// It is neither root nor that user.
    NotRoot,
    /// Its supplementary groups could not be set.
    Groups,
    /// Its group could not be set.
    Group,
    /// Its user could not be set.
    User(Errno),
}

impl fmt::Display for PrivilegeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRoot => f.write_str("Can't drop privilege as nonroot user"),
            Self::Groups => f.write_str("Could not set groups of effective user"),
            Self::Group => f.write_str("Could not set group id of effective user"),
            Self::User(errno) => write!(f, "{errno:?}"),
        }
    }
}

impl std::error::Error for PrivilegeError {}

/// Every group `user` is in, the primary one first. Asks the system's user database, which may be on the network.
///
/// # Errors
/// What the database answered.
pub(crate) fn groups_of(user: &User) -> Result<Vec<Gid>, Errno> {
    let primary = Gid::from_raw(user.gid);
    if user.name.is_empty() {
        return Ok(vec![primary]);
    }
    accounts::groups_of(&user.name, primary)
}

/// Makes the daemon run as `user` (`[supervisord] user`) for good, and says what is to be logged about it. To be called
/// before there is any other thread.
///
/// # Errors
/// If that is not possible; Supervisor ends with this as a usage error.
pub(crate) fn assume(user: Option<&User>) -> Result<Option<(LogLevel, String)>, PrivilegeError> {
    let Some(user) = user else {
        let as_root = Uid::current().is_root();
        return Ok(as_root.then(|| (LogLevel::Critical, RUNNING_AS_ROOT.to_owned())));
    };
    if Uid::current().as_raw() != user.uid {
        become_user(user)?;
    }
    Ok(Some((LogLevel::Info, format!("Set uid to user {} succeeded", user.uid))))
}

fn become_user(user: &User) -> Result<(), PrivilegeError> {
    if !Uid::current().is_root() {
        return Err(PrivilegeError::NotRoot);
    }
    let groups = groups_of(user).map_err(|_| PrivilegeError::Groups)?;
    setgroups(&groups).map_err(|_| PrivilegeError::Groups)?;
    setgid(Gid::from_raw(user.gid)).map_err(|_| PrivilegeError::Group)?;
    setuid(Uid::from_raw(user.uid)).map_err(PrivilegeError::User)
}

#[cfg(test)]
mod tests {
    use nix::unistd::getgroups;

    use super::*;
    use crate::child::tests::{in_own_process, is_root};

    fn somebody() -> User {
        User { name: String::new(), uid: 54_321, gid: 54_322 }
    }

    #[test]
    fn the_daemon_becomes_the_user_and_cannot_come_back() {
        if !is_root("becoming another user") {
            return;
        }
        in_own_process(|| {
            let said = assume(Some(&somebody()));
            let text = "Set uid to user 54321 succeeded".to_owned();
            assert_eq!(said, Ok(Some((LogLevel::Info, text))));
            let primary = Gid::from_raw(54_322);
            assert_eq!((Uid::current().as_raw(), Gid::current()), (54_321, primary));
            assert_eq!(getgroups(), Ok(vec![primary]));

            let root = User { name: "root".to_owned(), uid: 0, gid: 0 };
            let refusal = assume(Some(&root)).unwrap_err();
            assert_eq!(refusal.to_string(), "Can't drop privilege as nonroot user");
            assert!(assume(Some(&somebody())).is_ok(), "it is that user already");
            assert_eq!(assume(None), Ok(None));
        });
    }

    #[test]
    fn staying_root_is_fine_if_said_and_criticised_if_not() {
        if !is_root("being root") {
            return;
        }
        let root = User { name: "root".to_owned(), uid: 0, gid: 0 };
        let text = "Set uid to user 0 succeeded".to_owned();
        assert_eq!(assume(Some(&root)), Ok(Some((LogLevel::Info, text))));
        let (level, text) = assume(None).unwrap().unwrap();
        assert_eq!(level, LogLevel::Critical);
        assert!(text.starts_with("Supervisor is running as root.  Privileges were not dropped because no user is specified in the config file.  If"), "{text}");
    }
}
