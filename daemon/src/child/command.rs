//! A command line as a program file and its arguments.

use std::ffi::{CString, OsStr, OsString};
use std::fmt;
use std::fs::Metadata;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use visor_units::config::repr;

use super::words::split;

/// Where a program without a slash is looked for when nobody has set `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin:/usr/local/bin";

/// What execve(2) is given: the file and the words, the first of which is as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The program file.
    pub(crate) executable: CString,
    /// The arguments, from `argv[0]` on.
    pub(crate) words: Vec<CString>,
}

/// Why a command line names nothing that can be run. Displays Supervisor's `spawnerr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommandError {
    /// It cannot be split into words.
    Unparsable {
        /// As it was written.
        command: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It has no words.
    Empty,
    /// There is no such file.
    NotFound(PathBuf),
    /// The file is a directory.
    Directory(PathBuf),
    /// The file has no execute permission at all.
    NotExecutable(PathBuf),
    /// The file has execute permission, but not for the daemon's user.
    NoPermission(PathBuf),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unparsable { command, reason } => {
                write!(f, "can't parse command {}: {reason}", repr(command))
            }
            Self::Empty => f.write_str("command is empty"),
            Self::NotFound(path) => write!(f, "can't find command {}", quoted(path)),
            Self::Directory(path) => write!(f, "command at {} is a directory", quoted(path)),
            Self::NotExecutable(path) => write!(f, "command at {} is not executable", quoted(path)),
            Self::NoPermission(path) => write!(f, "no permission to run command {}", quoted(path)),
        }
    }
}

fn quoted(path: &Path) -> String {
    repr(&path.to_string_lossy())
}

impl CommandLine {
    /// Splits `command` and finds its program file.
    ///
    /// A word with a slash is a path, relative to the daemon's working directory; any other is looked for in
    /// `program_path` (the `PATH` of the program's own environment) or else in `daemon_path`, as Supervisor does.
    ///
    /// # Errors
    /// If it cannot be split, or what it names is not an executable file.
    pub(crate) fn resolve(
        command: &str,
        program_path: Option<&OsStr>,
        daemon_path: Option<&OsStr>,
    ) -> Result<Self, CommandError> {
        let unparsable = |reason| CommandError::Unparsable { command: command.to_owned(), reason };
        let words = split(command).map_err(unparsable)?;
        let program = words.first().ok_or(CommandError::Empty)?;
        let file = find(program, search_path(program_path, daemon_path))?;
        let nul = |_| unparsable("embedded null byte");
        Ok(Self {
            executable: CString::new(file.into_os_string().into_vec()).map_err(nul)?,
            words: words.into_iter().map(CString::new).collect::<Result<_, _>>().map_err(nul)?,
        })
    }
}

/// An empty `PATH` of the daemon counts as none; one of the program is taken at its word.
fn search_path<'a>(program: Option<&'a OsStr>, daemon: Option<&'a OsStr>) -> &'a OsStr {
    program
        .or_else(|| daemon.filter(|path| !path.is_empty()))
        .unwrap_or_else(|| OsStr::new(DEFAULT_PATH))
}

/// The program file. On the path it is the first file of that name, even if that is not executable.
fn find(program: &str, path: &OsStr) -> Result<PathBuf, CommandError> {
    let found = if program.contains('/') {
        stat(PathBuf::from(program))
    } else {
        let directories = path.as_bytes().split(|byte| *byte == b':');
        directories.map(|directory| join(directory, program)).find_map(stat)
    };
    let (file, metadata) = found.ok_or_else(|| CommandError::NotFound(program.into()))?;
    check(&file, &metadata)?;
    Ok(file)
}

fn stat(file: PathBuf) -> Option<(PathBuf, Metadata)> {
    let metadata = file.metadata().ok()?;
    Some((file, metadata))
}

/// `directory/name`, or the name alone for an empty directory: Python's `os.path.join`.
fn join(directory: &[u8], name: &str) -> PathBuf {
    let mut file = directory.to_vec();
    if !file.is_empty() && !file.ends_with(b"/") {
        file.push(b'/');
    }
    file.extend_from_slice(name.as_bytes());
    OsString::from_vec(file).into()
}

fn check(file: &Path, metadata: &Metadata) -> Result<(), CommandError> {
    if metadata.is_dir() {
        Err(CommandError::Directory(file.into()))
    } else if metadata.permissions().mode() & 0o111 == 0 {
        Err(CommandError::NotExecutable(file.into()))
    } else if access(file, AccessFlags::X_OK).is_err() {
        Err(CommandError::NoPermission(file.into()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn resolve_in(path: &Path, command: &str) -> Result<CommandLine, String> {
        CommandLine::resolve(command, Some(path.as_os_str()), None).map_err(|e| e.to_string())
    }

    fn file_with_mode(path: &Path, mode: u32) {
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_name_is_looked_for_on_the_path_and_stays_as_written_in_argv() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("tool");
        file_with_mode(&file, 0o755);
        let line = resolve_in(directory.path(), "tool -x 'a b'").unwrap();
        assert_eq!(line.executable.as_bytes(), file.as_os_str().as_bytes());
        assert_eq!(line.words, [c"tool".into(), c"-x".into(), CString::from(c"a b")]);
    }

    #[test]
    fn refusals_are_in_supervisors_words() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).display().to_string();
        file_with_mode(&directory.path().join("plain"), 0o644);
        fs::create_dir(at("folder")).unwrap();
        for (command, text) in [
            ("", "command is empty".to_owned()),
            ("it's", "can't parse command \"it's\": No closing quotation".to_owned()),
            ("a\\", "can't parse command 'a\\\\': No escaped character".to_owned()),
            ("no-such", "can't find command 'no-such'".to_owned()),
            ("/no/such x", "can't find command '/no/such'".to_owned()),
            ("folder", format!("command at '{}' is a directory", at("folder"))),
            (&at("folder"), format!("command at '{}' is a directory", at("folder"))),
            ("plain", format!("command at '{}' is not executable", at("plain"))),
            ("''", format!("command at '{}' is a directory", at(""))),
            ("/bin/sh \0", "can't parse command '/bin/sh \\x00': embedded null byte".to_owned()),
        ] {
            assert_eq!(resolve_in(directory.path(), command), Err(text), "{command:?}");
        }
    }

    #[test]
    fn the_programs_path_goes_before_the_daemons_and_an_empty_one_of_the_daemon_is_none() {
        let path = |text| Some(OsStr::new(text));
        assert_eq!(search_path(path("/a"), path("/b")), "/a");
        assert_eq!(search_path(path(""), path("/b")), "");
        assert_eq!(search_path(None, path("/b")), "/b");
        assert_eq!(search_path(None, path("")), DEFAULT_PATH);
        assert_eq!(search_path(None, None), DEFAULT_PATH);
    }
}
