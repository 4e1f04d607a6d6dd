//! Log files that the daemon names itself (`std…_logfile=AUTO`), and what is left of them from earlier.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use visor_units::name::ProcessName;
use visor_units::unit::LogLevel;

use super::directory;
use super::hub::Stream;
use super::record::Record;

/// The letters of the random part, as in Supervisor's (Python's `tempfile`).
const LETTERS: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz0123456789_";

/// How many random parts are tried. There are 3.5e12 of them.
const TRIES: usize = 100;

/// Creates `DIR/PROCESS-STREAM---IDENTIFIER-RANDOM.log`, empty, for the daemon's own account only.
///
/// A directory that is not there is made.
///
/// # Errors
/// As mkdir(2) and open(2).
pub(crate) fn create_auto_log(
    dir: &Path,
    identifier: &str,
    name: &ProcessName,
    stream: Stream,
) -> io::Result<PathBuf> {
    // An expanded name may have a slash, a file name may not.
    let process = name.process.replace('/', "-");
    for _ in 0..TRIES {
        let random = random_part()?;
        let path = dir.join(format!("{process}-{}---{identifier}-{random}.log", stream.name()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_file) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::NotFound && !dir.exists() => {
                directory::make(dir)?;
            }
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Removes what daemons of the same `identifier` have left in `dir`, rotated files included. Returns what has to be said
/// about it. Not to be called before it is certain that no such daemon runs.
pub(crate) fn clear_auto_logs(dir: &Path, identifier: &str) -> Vec<Record> {
    let warning = |text: &str| Record::new(LogLevel::Warn, text);
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(_) => return vec![warning("Could not clear childlog dir")],
    };
    let mut records = Vec::new();
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_left = is_left_over(entry.file_name().as_encoded_bytes(), identifier.as_bytes());
        if is_file && is_left && fs::remove_file(entry.path()).is_err() {
            records.push(warning(&format!("Failed to clean up '{}'", entry.path().display())));
        }
    }
    records
}

/// The directory of AUTO logs where none is configured: the first of Python's `tempfile.gettempdir()` that can be
/// written.
pub(crate) fn default_auto_dir() -> PathBuf {
    let named = ["TMPDIR", "TEMP", "TMP"].into_iter().filter_map(std::env::var_os);
    let usual = ["/tmp", "/var/tmp", "/usr/tmp"].into_iter().map(Into::into);
    named
        .chain(usual)
        .map(PathBuf::from)
        .find(|dir| dir.is_dir() && access(dir, AccessFlags::W_OK | AccessFlags::X_OK).is_ok())
        .unwrap_or_else(|| PathBuf::from("."))
}

/// Whether a file name begins as Supervisor's `.+?---IDENTIFIER-\S+\.log\.{0,1}\d{0,4}` matches.
fn is_left_over(name: &[u8], identifier: &[u8]) -> bool {
    let label = [b"---", identifier, b"-"].concat();
    (1..name.len()).filter(|&at| name[at..].starts_with(&label)).any(|at| {
        let rest = &name[at + label.len()..];
        let word = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        (1..=word).any(|at| rest[at..].starts_with(b".log"))
    })
}

fn random_part() -> io::Result<String> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_is_named_after_its_process_and_is_private() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let name = ProcessName::new("g", "we/b");
        let path =
            create_auto_log(dir.path(), "supervisor", &name, Stream::Stderr).expect("create");
        let file = path.file_name().and_then(|name| name.to_str()).expect("name");
        let random = file
            .strip_prefix("we-b-stderr---supervisor-")
            .and_then(|rest| rest.strip_suffix(".log"))
            .expect(file);
        assert!(random.len() == 8 && random.bytes().all(|byte| LETTERS.contains(&byte)), "{file}");
        let metadata = fs::metadata(&path).expect("metadata");
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (0, 0o600));
    }

    #[test]
    fn what_is_left_is_what_the_name_says() {
        for (name, left) in [
            ("web-stdout---supervisor-abcdefgh.log", true),
            ("web-stdout---supervisor-abcdefgh.log.1", true),
            ("web-stdout---supervisor-abcdefgh.log.10.gz", true),
            ("web-stdout---other-abcdefgh.log", false),
            ("---supervisor-abcdefgh.log", false),
            ("web---supervisor-.log", false),
            ("web---supervisor-a b.log", false),
            ("a---supervisor- b---supervisor-c.log", true),
            ("web.log", false),
        ] {
            assert_eq!(is_left_over(name.as_bytes(), b"supervisor"), left, "{name}");
        }
    }

    #[test]
    fn only_files_are_removed() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = |name: &str| dir.path().join(name);
        let name = ProcessName::new("web", "web");
        let old = create_auto_log(dir.path(), "supervisor", &name, Stream::Stdout).expect("create");
        let other = create_auto_log(dir.path(), "other", &name, Stream::Stdout).expect("create");
        fs::create_dir(path("d---supervisor-x.log")).expect("directory");
        std::os::unix::fs::symlink(&other, path("l---supervisor-x.log")).expect("link");
        assert_eq!(clear_auto_logs(dir.path(), "supervisor"), []);
        assert!(!old.exists());
        assert!(other.exists());
        assert!(path("d---supervisor-x.log").exists());
        assert!(path("l---supervisor-x.log").exists());
        assert_eq!(clear_auto_logs(&path("missing"), "supervisor"), []);
        let [record] = &clear_auto_logs(&other, "supervisor")[..] else {
            panic!("one record is due");
        };
        assert_eq!(record.text, "Could not clear childlog dir");
    }
}
