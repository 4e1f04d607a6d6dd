//! Output of programs from where it is kept to the screen.

use std::fs::File;
use std::io::Read;
use std::thread;

use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Sender, channel};

use crate::failure::Failure;
use crate::remote::{CallError, RemoteLog};
use crate::screen::Screen;

/// Lines that may wait to be shown; then the readers wait.
const BACKLOG: usize = 256;
/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// The log of one process.
pub(crate) struct Source {
    /// Whose it is.
    pub(crate) name: String,
    /// What it is read from, to the end.
    pub(crate) log: Log,
}

/// Where output comes from.
pub(crate) enum Log {
    /// A descriptor.
    File(File),
    /// A Supervisor.
    Http(Box<RemoteLog>),
}

impl Source {
    /// The next bytes; `None` at the end. A descriptor holds up whoever asks.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match &mut self.log {
            Log::File(file) => {
                let mut buffer = BytesMut::zeroed(CHUNK);
                let count = file.read(&mut buffer)?;
                buffer.truncate(count);
                Ok((count > 0).then(|| buffer.freeze()))
            }
            Log::Http(log) => log.next().await.map_err(|error| match error {
                CallError::Closed => {
                    Failure::ended(&self.name, "supervisord has closed the connection")
                }
                error => Failure::ended(&self.name, error),
            }),
        }
    }

    /// All of it.
    pub(crate) async fn read(mut self) -> Result<(String, Vec<u8>), Failure> {
        let mut bytes = Vec::new();
        while let Some(more) = self.next().await? {
            bytes.extend_from_slice(&more);
        }
        Ok((self.name, bytes))
    }

    /// Why there is less of it than was asked for.
    pub(crate) fn note(&self) -> Option<&'static str> {
        match &self.log {
            Log::File(_) => None,
            Log::Http(log) => log.note,
        }
    }
}

/// A log, line by line.
struct Lines {
    source: Source,
    rest: BytesMut,
    /// How much of the rest is known to have no end of a line.
    searched: usize,
}

impl Lines {
    fn new(source: Source) -> Self {
        Self { source, rest: BytesMut::new(), searched: 0 }
    }

    /// The next line without its end, as soon as it is complete; the last one also if it is not.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let unsearched = &self.rest[self.searched..];
            if let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') {
                let mut line = self.rest.split_to(self.searched + end + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                return Ok(Some(line.freeze()));
            }
            self.searched = self.rest.len();
            match self.source.next().await? {
                Some(bytes) => self.rest.extend_from_slice(&bytes),
                None => {
                    self.searched = 0;
                    let last = self.rest.split().freeze();
                    return Ok((!last.is_empty()).then_some(last));
                }
            }
        }
    }
}

/// Copies bytes as they come.
pub(crate) async fn pass_on(screen: &Screen, mut source: Source) -> Result<(), Failure> {
    while let Some(bytes) = source.next().await? {
        screen.bytes(&bytes)?;
    }
    Ok(())
}

/// Shows the lines of one source after the other.
pub(crate) async fn drain(
    sources: Vec<Source>,
    mut show: impl FnMut(&str, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for source in sources {
        let mut lines = Lines::new(source);
        while let Some(line) = lines.next().await? {
            show(&lines.source.name, &line)?;
        }
    }
    Ok(())
}

/// A line and whose it is, or why there is no other.
type Told = Result<(String, Bytes), Failure>;

/// Shows the lines of all sources as they come, until each has ended.
pub(crate) async fn follow(
    sources: Vec<Source>,
    mut show: impl FnMut(&str, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (sender, mut told) = channel(BACKLOG);
    for source in sources {
        let (runtime, sender) = (Handle::current(), sender.clone());
        // A thread each, since reading a descriptor holds it up.
        thread::Builder::new().spawn(move || runtime.block_on(forward(source, sender)))?;
    }
    drop(sender);
    while let Some(line) = told.recv().await {
        let (name, line) = line?;
        show(&name, &line)?;
    }
    Ok(())
}

/// Reads until the source ends, fails, or nobody listens any more.
async fn forward(source: Source, sender: Sender<Told>) {
    let name = source.name.clone();
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next().await.transpose() {
        if sender.send(line.map(|line| (name.clone(), line))).await.is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{Seek, Write};
    use std::rc::Rc;

    use super::*;

    fn source(name: &str, text: &[u8]) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        file.rewind().unwrap();
        Source { name: name.to_owned(), log: Log::File(file) }
    }

    /// A name and a line.
    type Shown = (String, Vec<u8>);

    #[derive(Clone, Default)]
    struct Seen(Rc<RefCell<Vec<Shown>>>);

    impl Seen {
        fn show(&self) -> impl FnMut(&str, &[u8]) -> Result<(), Failure> {
            let seen = self.clone();
            move |name, line| {
                seen.0.borrow_mut().push((name.to_owned(), line.to_vec()));
                Ok(())
            }
        }

        fn lines_of(&self, name: &str) -> Vec<Vec<u8>> {
            let seen = self.0.borrow();
            seen.iter().filter(|(n, _)| n == name).map(|(_, line)| line.clone()).collect()
        }
    }

    #[tokio::test]
    async fn lines_keep_their_bytes_and_the_last_needs_no_end() {
        let seen = Seen::default();
        drain(vec![source("a", b"x\xff\n\ny")], seen.show()).await.unwrap();
        let expected: [&[u8]; 3] = [b"x\xff", b"", b"y"];
        assert_eq!(seen.lines_of("a"), expected);
    }

    #[tokio::test]
    async fn a_line_longer_than_what_is_read_at_once_is_one() {
        let seen = Seen::default();
        let long = b"x".repeat(2 * CHUNK);
        drain(vec![source("a", &[&long, b"\ny".as_slice()].concat())], seen.show()).await.unwrap();
        assert_eq!(seen.lines_of("a"), [long, b"y".to_vec()]);
    }

    #[tokio::test]
    async fn every_source_is_followed_to_its_end_in_its_own_order() {
        let seen = Seen::default();
        let sources = vec![source("a", b"1\n2\n3\n"), source("b", b"4\n5\n")];
        follow(sources, seen.show()).await.unwrap();
        let of = |name: &str| seen.lines_of(name).concat();
        assert_eq!((of("a"), of("b")), (b"123".to_vec(), b"45".to_vec()));
    }

    #[tokio::test]
    async fn a_reader_that_has_had_enough_ends_it() {
        let endless = File::open("/dev/zero").unwrap();
        let endless = Source { name: "z".to_owned(), log: Log::File(endless) };
        let stop = |_: &str, _: &[u8]| Err(Failure::ClosedPipe);
        let first = source("a", b"1\n");
        let result = drain(vec![first, endless], stop).await;
        assert!(matches!(result, Err(Failure::ClosedPipe)));
    }
}
