//! The standard inputs of programs: what is written there, and what waits for a program that does not read.
//!
//! Writing never waits. What the pipe does not take is kept, and a task writes it as the program reads.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::net::unix::pipe::Sender;
use tokio::task::{AbortHandle, spawn_local};

/// The most that may wait for one program, in bytes.
pub(crate) const WAITING_MAX: usize = 8 * 1024 * 1024;

/// The writing ends of the standard inputs of processes, by process id.
#[derive(Default)]
pub(crate) struct Inputs(HashMap<u32, Input>);

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwritten {
    /// Nobody reads there, or ever will.
    Closed,
    /// More than [`WAITING_MAX`] would wait.
    Full,
}

/// One of them. Dropping it closes it, whatever waits.
struct Input {
    pipe: Rc<Pipe>,
    writer: Option<AbortHandle>,
}

struct Pipe {
    fd: OwnedFd,
    waiting: RefCell<VecDeque<u8>>,
    closed: Cell<bool>,
}

/// What came of an attempt to write everything that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flushed {
    Empty,
    Full,
    Closed,
}

impl Inputs {
    /// Takes over the writing end of a process's standard input, which does not block.
    pub(crate) fn insert(&mut self, pid: u32, fd: OwnedFd) {
        let pipe = Pipe { fd, waiting: RefCell::default(), closed: Cell::new(false) };
        self.0.insert(pid, Input { pipe: Rc::new(pipe), writer: None });
    }

    /// Closes it.
    pub(crate) fn remove(&mut self, pid: u32) {
        self.0.remove(&pid);
    }

    /// Writes, whatever waits already: for one who says so much and then waits for an answer.
    ///
    /// # Errors
    /// If nobody reads there.
    pub(crate) fn tell(&mut self, pid: u32, bytes: &[u8]) -> Result<(), Unwritten> {
        self.0.get_mut(&pid).ok_or(Unwritten::Closed)?.write(bytes)
    }

    /// Writes for somebody who may have much to say.
    ///
    /// # Errors
    /// If nobody reads there, or too much waits already; then nothing was written.
    pub(crate) fn send(&mut self, pid: u32, bytes: &[u8]) -> Result<(), Unwritten> {
        let input = self.0.get_mut(&pid).ok_or(Unwritten::Closed)?;
        if input.pipe.waiting.borrow().len() + bytes.len() > WAITING_MAX {
            return Err(Unwritten::Full);
        }
        input.write(bytes)
    }
}

impl Input {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Unwritten> {
        if self.pipe.closed.get() {
            return Err(Unwritten::Closed);
        }
        self.pipe.waiting.borrow_mut().extend(bytes);
        match self.pipe.flush(|bytes| Ok(nix::unistd::write(&self.pipe.fd, bytes)?)) {
            Flushed::Empty => Ok(()),
            Flushed::Closed => Err(Unwritten::Closed),
            Flushed::Full => {
                self.write_later();
                Ok(())
            }
        }
    }

    fn write_later(&mut self) {
        if self.writer.as_ref().is_none_or(AbortHandle::is_finished) {
            let task = spawn_local(write_as_it_is_read(Rc::clone(&self.pipe)));
            self.writer = Some(task.abort_handle());
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // A descendant that holds the reading end and never reads would keep the task for ever.
        if let Some(writer) = &self.writer {
            writer.abort();
        }
    }
}

impl Pipe {
    /// Writes what waits, as far as the pipe takes it.
    fn flush(&self, write: impl Fn(&[u8]) -> io::Result<usize>) -> Flushed {
        let mut waiting = self.waiting.borrow_mut();
        while !waiting.is_empty() {
            match write(waiting.as_slices().0) {
                Ok(count) => drop(waiting.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Flushed::Full,
                // EPIPE; a pipe of ours gives no other error, and should it, nothing can be written there.
                Err(_) => {
                    *waiting = VecDeque::new();
                    self.closed.set(true);
                    return Flushed::Closed;
                }
            }
        }
        // Much may have waited.
        waiting.shrink_to(4096);
        Flushed::Empty
    }

    /// Waits for the program to read, until it has read everything.
    async fn flush_as_it_is_read(&self) -> io::Result<()> {
        // A descriptor of its own, for as long as it takes: thousands of inputs that nobody writes to are not watched.
        let watched = Sender::from_owned_fd_unchecked(self.fd.try_clone()?)?;
        while self.flush(|bytes| watched.try_write(bytes)) == Flushed::Full {
            watched.writable().await?;
        }
        Ok(())
    }
}

async fn write_as_it_is_read(pipe: Rc<Pipe>) {
    if pipe.flush_as_it_is_read().await.is_err() {
        // It cannot be watched. Whoever writes next is told.
        pipe.closed.set(true);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, Read};

    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use tokio::task::LocalSet;

    use super::*;

    const PID: u32 = 7;

    fn inputs() -> (Inputs, PipeReader) {
        let (reader, writer) = io::pipe().unwrap();
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let mut inputs = Inputs::default();
        inputs.insert(PID, writer.into());
        (inputs, reader)
    }

    /// Reads so many bytes beside the runtime.
    async fn read(mut reader: PipeReader, count: usize) -> (PipeReader, Vec<u8>) {
        let read = move || {
            let mut bytes = vec![0; count];
            reader.read_exact(&mut bytes).unwrap();
            (reader, bytes)
        };
        tokio::task::spawn_blocking(read).await.unwrap()
    }

    #[tokio::test]
    async fn what_the_pipe_does_not_take_is_written_in_order_as_the_program_reads() {
        LocalSet::new()
            .run_until(async {
                let (mut inputs, reader) = inputs();
                let first: Vec<u8> = (0..400_000_u32).map(|n| n as u8).collect();
                inputs.send(PID, &first).unwrap();
                inputs.send(PID, b"then this").unwrap();
                let (reader, bytes) = read(reader, first.len() + 9).await;
                assert!(bytes.starts_with(&first) && bytes.ends_with(b"then this"));
                inputs.send(PID, b"later").unwrap();
                assert_eq!(read(reader, 5).await.1, b"later");
            })
            .await;
    }

    #[tokio::test]
    async fn more_than_the_bound_is_refused_whole() {
        LocalSet::new()
            .run_until(async {
                let (mut inputs, _reader) = inputs();
                assert_eq!(inputs.send(PID, &vec![0; WAITING_MAX + 1]), Err(Unwritten::Full));
                inputs.send(PID, &vec![0; WAITING_MAX]).unwrap();
                let waiting = inputs.0[&PID].pipe.waiting.borrow().len();
                assert_eq!(inputs.send(PID, &vec![0; WAITING_MAX]), Err(Unwritten::Full));
                assert_eq!(inputs.0[&PID].pipe.waiting.borrow().len(), waiting);
            })
            .await;
    }

    #[tokio::test]
    async fn where_nobody_reads_nothing_is_written() {
        LocalSet::new()
            .run_until(async {
                let (mut inputs, reader) = inputs();
                drop(reader);
                assert_eq!(inputs.send(PID, b"hello"), Err(Unwritten::Closed));
                assert_eq!(inputs.send(PID, b"hello"), Err(Unwritten::Closed));
                assert_eq!(inputs.send(PID + 1, b"hello"), Err(Unwritten::Closed));
            })
            .await;
    }

    #[tokio::test]
    async fn the_end_of_a_program_ends_the_wait_for_it() {
        LocalSet::new()
            .run_until(async {
                let (mut inputs, mut reader) = inputs();
                inputs.send(PID, &vec![0; 400_000]).unwrap();
                let writer = inputs.0[&PID].writer.clone().unwrap();
                inputs.remove(PID);
                while !writer.is_finished() {
                    tokio::task::yield_now().await;
                }
                // The writing end is closed: there is an end to what can be read.
                assert!(reader.read_to_end(&mut Vec::new()).unwrap() < 400_000);
            })
            .await;
    }
}
