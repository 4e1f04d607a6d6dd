//! A peer on our own socket: bytes in through [`Frames`], bytes and descriptors out.
//!
//! zbus's own socket would look up the supplementary groups of every peer, on a thread and through NSS, and believe
//! every length it is told.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use async_trait::async_trait;
use rustix::net::{
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, sendmsg, shutdown,
};
use tokio::io::Interest;
use tokio::net::UnixStream;
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::fdo::ConnectionCredentials;

use crate::framing::Frames;

/// Descriptors that travel with one write. Every answer of ours has at most one.
const DESCRIPTORS_MAX: usize = 4;

/// The stream of a peer, with what the kernel says of it.
#[derive(Debug)]
pub(crate) struct PeerSocket {
    stream: Arc<UnixStream>,
    uid: u32,
}

impl PeerSocket {
    pub(crate) fn new(stream: UnixStream, uid: u32) -> Self {
        Self { stream: Arc::new(stream), uid }
    }
}

impl Socket for PeerSocket {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> Split<Reader, Writer> {
        let Self { stream, uid } = self;
        let reader = Reader { stream: Arc::clone(&stream), frames: Frames::new(), uid };
        Split::new(reader, Writer { stream, uid })
    }
}

/// The half that a connection receives through.
#[derive(Debug)]
pub(crate) struct Reader {
    stream: Arc<UnixStream>,
    frames: Frames,
    uid: u32,
}

#[async_trait]
impl ReadHalf for Reader {
    /// Descriptors that a peer sends are closed by the kernel, as there is no room for them: no method takes one.
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(buffer) {
                Ok(count) => {
                    self.frames.feed(&buffer[..count])?;
                    return Ok((count, Vec::new()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn can_pass_unix_fd(&self) -> bool {
        true
    }

    async fn peer_credentials(&mut self) -> io::Result<ConnectionCredentials> {
        Ok(ConnectionCredentials::default().set_unix_user_id(self.uid))
    }
}

/// The half that a connection sends through.
#[derive(Debug)]
pub(crate) struct Writer {
    stream: Arc<UnixStream>,
    uid: u32,
}

#[async_trait]
impl WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        self.stream.async_io(Interest::WRITABLE, || send(&self.stream, buffer, fds)).await
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(shutdown(&*self.stream, Shutdown::Both)?)
    }

    fn can_pass_unix_fd(&self) -> bool {
        true
    }

    async fn peer_credentials(&mut self) -> io::Result<ConnectionCredentials> {
        Ok(ConnectionCredentials::default().set_unix_user_id(self.uid))
    }
}

fn send(stream: &UnixStream, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors"));
    }
    Ok(sendmsg(stream, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?)
}
