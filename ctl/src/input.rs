//! What is typed, a line at a time, from wherever. Waiting for it can be given up, and nothing is read then that others
//! would miss.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};

/// Lines of a descriptor.
pub(crate) struct Lines<F> {
    source: F,
    /// What was read beyond the last line.
    rest: Vec<u8>,
}

impl<F: AsFd> Lines<F> {
    pub(crate) const fn new(source: F) -> Self {
        Self { source, rest: Vec::new() }
    }

    /// The next line, without its end; `None` at the end of the input.
    pub(crate) async fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(Some(text(&line[..end])));
            }
            if self.fill().await? == 0 {
                let last = std::mem::take(&mut self.rest);
                return Ok((!last.is_empty()).then(|| text(&last)));
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        readable(self.source.as_fd()).await?;
        let mut buffer = [0; 4096];
        let count = rustix::io::retry_on_intr(|| rustix::io::read(&self.source, &mut buffer))?;
        self.rest.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

/// Waits until a read does not. The thread that does so ends when the waiting is given up, since the other end of its
/// pipe is then gone.
async fn readable(source: impl AsFd) -> io::Result<()> {
    let source = source.as_fd().try_clone_to_owned()?;
    let (given_up, _waiting) = io::pipe()?;
    let wait = move || {
        let mut both = [PollFd::new(&source, PollFlags::IN), PollFd::new(&given_up, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut both, None))
    };
    tokio::task::spawn_blocking(wait).await.map_err(io::Error::other)?.map(drop).map_err(Into::into)
}

/// Asks for something on the terminal.
pub(crate) async fn person(prompt: &str) -> io::Result<Option<String>> {
    Lines::new(asked_on_terminal(prompt)?).next().await
}

/// Asks for a password on the terminal, without showing it.
pub(crate) async fn password(prompt: &str) -> io::Result<Option<String>> {
    let quiet = Quiet::new(asked_on_terminal(prompt)?)?;
    let typed = Lines::new(&quiet.terminal).next().await?;
    (&quiet.terminal).write_all(b"\n")?;
    Ok(typed)
}

fn asked_on_terminal(prompt: &str) -> io::Result<File> {
    let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
    terminal.write_all(prompt.as_bytes())?;
    Ok(terminal)
}

/// A terminal that does not echo; dropping this makes it do so again.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new(terminal: File) -> io::Result<Self> {
        let before = termios::tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no mending.
        let _gone = termios::tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_one_by_one_and_the_last_needs_no_end() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        writer.write_all("one\n\nthree é\r\nlast".as_bytes()).expect("room");
        drop(writer);
        let mut lines = Lines::new(reader);
        for line in ["one", "", "three é\r", "last"] {
            assert_eq!(lines.next().await.expect("a line").as_deref(), Some(line));
        }
        assert_eq!(lines.next().await.expect("the end"), None);
    }

    #[tokio::test]
    async fn a_file_is_read_too() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"x\n").expect("room");
        io::Seek::rewind(&mut file).expect("a file");
        assert_eq!(Lines::new(file).next().await.expect("a line").as_deref(), Some("x"));
    }
}
