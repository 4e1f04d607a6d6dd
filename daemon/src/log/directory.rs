//! Directories of log files, made where they are not there (Supervisor refuses the whole configuration then).

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use visor_units::unit::LogLevel;

use super::record::Record;

/// Makes a directory with all above it, mode 0755 less the umask. It is the daemon's own, whatever account the program
/// has: who may write to it could lay a link there that the daemon follows with its own rights.
///
/// # Errors
/// As mkdir(2).
pub(super) fn make(directory: &Path) -> io::Result<Record> {
    DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
    let text = format!("made the directory {} for log files", directory.display());
    Ok(Record::new(LogLevel::Info, &text))
}

/// Where the kernel has its files: `/dev/stdout` in a root without `/dev` is no reason to make one.
const OF_THE_SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The directory of a log file, if it is not there.
pub(super) fn missing_parent(file: &Path) -> Option<PathBuf> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty())?;
    if OF_THE_SYSTEM.iter().any(|directory| parent.starts_with(directory)) {
        return None;
    }
    // Any other error is for whoever opens the file to meet.
    let is_missing = parent.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    is_missing.then(|| parent.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_missing_is_made_with_all_above_it() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let directory = place.path().join("a/b");
        let file = directory.join("x.log");
        assert_eq!(missing_parent(&file).as_deref(), Some(&*directory));
        let record = make(&directory).expect("made");
        assert_eq!(
            record.text,
            format!("made the directory {} for log files", directory.display())
        );
        assert_eq!(missing_parent(&file), None);
        let mode = fs::metadata(&directory).expect("a directory").permissions().mode();
        assert_eq!(mode & 0o022, 0, "{mode:o}");
    }

    #[test]
    fn what_cannot_be_made_is_an_error() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let file = place.path().join("file");
        fs::write(&file, "").expect("a file");
        assert_eq!(missing_parent(&file.join("x.log")), None, "it is there, and no directory");
        assert!(make(&file.join("logs")).is_err());
        assert_eq!(missing_parent(Path::new("x.log")), None);
        assert_eq!(missing_parent(Path::new("/proc/none/fd/1")), None, "the kernel's own");
    }
}
