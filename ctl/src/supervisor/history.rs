//! The history of the shell: a line each, as readline keeps it, so that either supervisorctl reads the other's.

use std::fs;
use std::io;

/// The lines of the file; none if it cannot be read.
pub(super) fn load(file: &str) -> Vec<String> {
    let bytes = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}

/// Writes the lines, for the owner only: people type secrets.
pub(super) fn save(file: &str, lines: impl Iterator<Item = String>) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let mut file =
        fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())
}
