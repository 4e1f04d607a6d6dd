//! Output of programs from descriptors to the screen.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::failure::Failure;
use crate::screen::Screen;

/// Lines that may wait to be shown; then the readers wait.
const BACKLOG: usize = 256;

/// The log of one process.
#[derive(Debug)]
pub(crate) struct Source {
    /// Whose it is.
    pub(crate) name: String,
    /// What it can be read from, to the end.
    pub(crate) file: File,
}

impl Source {
    /// All of it.
    pub(crate) fn read(mut self) -> io::Result<(String, Vec<u8>)> {
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        Ok((self.name, bytes))
    }

    /// Every line without its end, as soon as it is complete; the last one also if it is not. Stops where `show` does.
    fn lines<E: From<io::Error>>(
        self,
        mut show: impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut reader = BufReader::new(self.file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            show(&self.name, line.strip_suffix(b"\n").unwrap_or(&line))?;
            line.clear();
        }
        Ok(())
    }
}

/// Copies bytes as they come.
pub(crate) fn pass_on(screen: &Screen, mut file: File) -> Result<(), Failure> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => screen.bytes(&buffer[..count])?,
        }
    }
}

/// Shows the lines of one source after the other.
pub(crate) fn drain(
    sources: Vec<Source>,
    mut show: impl FnMut(&str, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    sources.into_iter().try_for_each(|source| source.lines(&mut show))
}

/// Shows the lines of all sources as they come, until each has ended.
pub(crate) fn follow(
    sources: Vec<Source>,
    mut show: impl FnMut(&str, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (sender, lines) = sync_channel(BACKLOG);
    for source in sources {
        let sender = sender.clone();
        thread::Builder::new().spawn(move || forward(source, &sender))?;
    }
    drop(sender);
    lines.into_iter().try_for_each(|(name, line)| show(&name, &line))
}

/// Reads until the source ends, fails, or nobody listens any more.
fn forward(source: Source, sender: &SyncSender<(String, Vec<u8>)>) {
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    let send =
        |name: &str, line: &[u8]| sender.send((name.to_owned(), line.to_vec())).map_err(gone);
    let _ended = source.lines(send);
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    fn source(name: &str, text: &[u8]) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        file.rewind().unwrap();
        Source { name: name.to_owned(), file }
    }

    type Seen = Vec<(String, Vec<u8>)>;

    fn seen(run: impl FnOnce(&mut dyn FnMut(&str, &[u8]) -> Result<(), Failure>)) -> Seen {
        let mut seen = Vec::new();
        run(&mut |name, line| {
            seen.push((name.to_owned(), line.to_vec()));
            Ok(())
        });
        seen
    }

    #[test]
    fn lines_keep_their_bytes_and_the_last_needs_no_end() {
        let seen = seen(|show| drain(vec![source("a", b"x\xff\n\ny")], show).unwrap());
        let expected: [&[u8]; 3] = [b"x\xff", b"", b"y"];
        assert_eq!(seen.iter().map(|(_, line)| line.as_slice()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_source_is_followed_to_its_end_in_its_own_order() {
        let sources = vec![source("a", b"1\n2\n3\n"), source("b", b"4\n5\n")];
        let seen = seen(|show| follow(sources, show).unwrap());
        let of = |name: &str| -> Vec<u8> {
            seen.iter().filter(|(n, _)| n == name).flat_map(|(_, line)| line.clone()).collect()
        };
        assert_eq!((of("a"), of("b")), (b"123".to_vec(), b"45".to_vec()));
    }

    #[test]
    fn a_reader_that_has_had_enough_ends_it() {
        let endless = Source { name: "z".to_owned(), file: File::open("/dev/zero").unwrap() };
        let stop = |_: &str, _: &[u8]| Err(Failure::ClosedPipe);
        let first = source("a", b"1\n");
        let result = drain(vec![first, endless], stop);
        assert!(matches!(result, Err(Failure::ClosedPipe)));
    }
}
