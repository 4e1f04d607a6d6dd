//! Bytes of logs: files are read on a thread of their own, since a disk may take its time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use visor_units::xmlrpc::Value;

use super::fault::{Code, Fault};

/// The most that is read at once, in bytes: more than a log has before it is rotated, unless that was changed.
pub(super) const MOST: usize = 64 * 1024 * 1024;

/// What to read of a file of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    offset: u64,
    length: u64,
}

/// `readLog` and its sisters: bytes from `offset` on, `length` of them or all; or the last so many.
pub(super) async fn read(path: Option<PathBuf>, offset: i64, length: i64) -> Result<Value, Fault> {
    on_a_thread(move || {
        let path = path.ok_or(Code::NoFile)?;
        if !path.exists() {
            return Err(Code::NoFile.about(path.display().to_string()));
        }
        let wanted = wanted(offset, length).ok_or(Code::BadArguments)?;
        let bytes = part(&path, wanted).map_err(|_| Code::Failed)?;
        Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
    })
    .await
}

/// `tailProcessStdoutLog` and its sister: bytes, where the file ends, and whether there was more than was asked for.
pub(super) async fn tail(path: Option<PathBuf>, offset: i64, length: i64) -> Result<Value, Fault> {
    let answer = |text: String, offset: i64, overflow: bool| {
        Value::Array(vec![text.into(), offset.into(), overflow.into()])
    };
    on_a_thread(move || {
        let Some(path) = path.filter(|path| path.exists()) else {
            return Ok(answer(String::new(), 0, false));
        };
        Ok(match end(&path, offset, length) {
            Ok((bytes, size, overflow)) => {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                answer(String::from_utf8_lossy(&bytes).into_owned(), size, overflow)
            }
            Err(_) => answer(String::new(), offset, false),
        })
    })
    .await
}

async fn on_a_thread(
    read: impl FnOnce() -> Result<Value, Fault> + Send + 'static,
) -> Result<Value, Fault> {
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or_else(|error| Err(Code::Failed.about(error.to_string())))
}

/// What is asked for, as a function of how large the file is; `None` if that means nothing.
fn wanted(offset: i64, length: i64) -> Option<impl Fn(u64) -> Range> {
    let is_meant = if offset < 0 { length == 0 } else { length >= 0 };
    let (distance, length) = (offset.unsigned_abs(), length.unsigned_abs());
    is_meant.then_some(move |size: u64| match (offset < 0, length) {
        (true, _) => Range { offset: size.saturating_sub(distance), length: distance },
        (false, 0) => Range { offset: distance, length: size.saturating_sub(distance) },
        (false, length) => Range { offset: distance, length },
    })
}

/// What `tail` gives of a file of this size: the range, and whether there was more than was asked for.
fn tail_of(size: u64, offset: i64, length: i64) -> (Range, bool) {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    let (mut offset, mut length) = (offset, length);
    let overflow = size > offset.saturating_add(length);
    if overflow {
        offset = size - 1;
    }
    if offset.saturating_add(length) > size {
        if offset > size - 1 {
            length = 0;
        }
        offset = size.saturating_sub(length);
    }
    let clamped = |number: i64| u64::try_from(number).unwrap_or(0);
    (Range { offset: clamped(offset), length: clamped(length) }, overflow)
}

fn part(path: &Path, wanted: impl Fn(u64) -> Range) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let range = wanted(file.metadata()?.len());
    take(file, range)
}

fn end(path: &Path, offset: i64, length: i64) -> io::Result<(Vec<u8>, u64, bool)> {
    let file = open(path)?;
    let size = file.metadata()?.len();
    let (range, overflow) = tail_of(size, offset, length);
    Ok((take(file, range)?, size, overflow))
}

/// Opens a file that is one: anything else has no bytes to be counted, and might have to be waited for.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::NotSeekable.into()) }
}

fn take(mut file: File, range: Range) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if range.offset >= file.metadata()?.len() {
        return Ok(bytes);
    }
    file.seek(SeekFrom::Start(range.offset))?;
    file.take(range.length.min(MOST as u64)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEN: &[u8] = b"0123456789";

    fn ten() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), TEN).unwrap();
        file
    }

    /// What Supervisor 4.3.0 gives of the same ten bytes.
    #[test]
    fn tails_are_supervisors() {
        let file = ten();
        for (offset, length, bytes, overflow) in [
            (0, 5, "56789", true),
            (5, 5, "56789", false),
            (0, 10, "0123456789", false),
            (0, 20, "0123456789", false),
            (3, 100, "0123456789", false),
            (10, 10, "", false),
            (0, 0, "", true),
        ] {
            let found = end(file.path(), offset, length).unwrap();
            assert_eq!(found, (bytes.into(), 10, overflow), "{offset} {length}");
        }
    }

    #[test]
    fn reads_are_supervisors() {
        let file = ten();
        for (offset, length, bytes) in [
            (0, 0, Some("0123456789")),
            (4, 0, Some("456789")),
            (4, 2, Some("45")),
            (4, 99, Some("456789")),
            (-3, 0, Some("789")),
            (-30, 0, Some("0123456789")),
            (10, 0, Some("")),
            (99, 5, Some("")),
            (-3, 1, None),
            (3, -1, None),
            (i64::MIN, 0, Some("0123456789")),
            (i64::MAX, 0, Some("")),
        ] {
            let found = wanted(offset, length).map(|wanted| part(file.path(), wanted).unwrap());
            assert_eq!(found, bytes.map(Vec::from), "{offset} {length}");
        }
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [fifo.as_path(), directory.path(), Path::new("/dev/null")] {
            assert!(open(path).is_err(), "{}", path.display());
        }
    }

    proptest! {
        #[test]
        fn no_numbers_reach_beyond_the_file(offset: i64, length: i64, size in 0..=i64::MAX as u64) {
            let (range, _) = tail_of(size, offset, length);
            prop_assert!(range.length == 0 || range.offset < size.max(1));
            if let Some(wanted) = wanted(offset, length) {
                prop_assert!(wanted(size).offset <= i64::MAX as u64 + 1);
            }
        }

        #[test]
        fn any_numbers_give_what_is_there(offset in -20i64..20, length in -20i64..20) {
            let file = ten();
            let (bytes, size, _) = end(file.path(), offset, length).unwrap();
            prop_assert_eq!(size, 10);
            let is_part = bytes.is_empty() || TEN.windows(bytes.len()).any(|part| part == bytes);
            prop_assert!(is_part);
            prop_assert!(bytes.len() as i64 <= length.max(0));
        }
    }
}
