//! The ends of logs, followed for as long as somebody reads.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame};
use hyper::header::{HeaderName, HeaderValue, LAST_MODIFIED};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::unix::pipe::Receiver;
use visor_units::fault::{Fault, Refusal};
use visor_units::name::ProcessName;

use super::reply::{self, Reply};
use crate::door::Door;
use crate::log::{Range, Stream};

/// How many bytes before the end it begins.
const HEAD: u64 = 1024;

/// Bytes sent at once.
const CHUNK: usize = 16 * 1024;

/// Tells a proxy in front to pass on what comes when it comes.
pub(super) const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// Answers `/logtail/NAME[/CHANNEL]`.
///
/// # Errors
/// The status of a refusal.
pub(super) async fn program(door: &Door, method: &Method, path: &str) -> Result<Reply, StatusCode> {
    only_get(method)?;
    let (name, stream) = asked(path).ok_or(StatusCode::NOT_FOUND)?;
    let wanted = name.clone();
    let found = door.look(move |view| {
        let paths = view.paths.of(view.engine.find(&wanted)?);
        match stream {
            Stream::Stdout => paths.stdout,
            Stream::Stderr => paths.stderr,
        }
    });
    let file = found.await.flatten().ok_or(StatusCode::NOT_FOUND)?;
    let mut reply = follow(door, &file, Some(name), stream).await?;
    reply.headers_mut().append(UNBUFFERED.0, UNBUFFERED.1);
    Ok(reply)
}

/// Answers `/mainlogtail`.
///
/// # Errors
/// The status of a refusal.
pub(super) async fn daemon(door: &Door, method: &Method) -> Result<Reply, StatusCode> {
    only_get(method)?;
    let file = door.look(|view| view.settings.logfile.clone()).await.flatten();
    follow(door, &file.ok_or(StatusCode::NOT_FOUND)?, None, Stream::Stdout).await
}

fn only_get(method: &Method) -> Result<(), StatusCode> {
    if *method == Method::GET { Ok(()) } else { Err(StatusCode::BAD_REQUEST) }
}

/// The process and the stream that a path names.
fn asked(path: &str) -> Option<(ProcessName, Stream)> {
    let (_, rest) = path.trim_start_matches('/').split_once('/')?;
    let (name, stream) = match rest.split_once('/') {
        None => (rest, Stream::Stdout),
        Some((name, "stdout")) => (name, Stream::Stdout),
        Some((name, "stderr")) => (name, Stream::Stderr),
        Some(_) => return None,
    };
    let (group, process) = name.split_once(':').unwrap_or((name, name));
    Some((ProcessName::new(group, process), stream))
}

async fn follow(
    door: &Door,
    file: &Path,
    name: Option<ProcessName>,
    stream: Stream,
) -> Result<Reply, StatusCode> {
    // Also of a file that is none: whoever follows it gets what was kept of the latest output.
    let changed = file.metadata().and_then(|found| found.modified());
    let changed = changed.map_err(|_| StatusCode::NOT_FOUND)?;
    let range = Range { follow: true, last: Some(HEAD), says_emptied: true, ..Range::default() };
    let pipe = door.open_range(name, stream == Stream::Stderr, range).await;
    let pipe = pipe.map_err(|refusal| status(&refusal))?;
    let body = Follow::new(pipe).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let mut reply = reply::endless("text/plain;charset=utf-8", body.boxed_unsync());
    let changed = Timestamp::try_from(changed).ok().map(reply::date);
    if let Some(changed) = changed.and_then(|changed| HeaderValue::from_str(&changed).ok()) {
        reply.headers_mut().append(LAST_MODIFIED, changed);
    }
    Ok(reply)
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal.fault {
        Fault::NoFile => StatusCode::NOT_FOUND,
        Fault::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What comes out of a pipe, as it comes.
pub(super) struct Follow {
    pipe: Receiver,
    buffer: Box<[u8]>,
}

impl Follow {
    pub(super) fn new(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { pipe: Receiver::from_owned_fd(pipe)?, buffer: vec![0; CHUNK].into() })
    }
}

impl Body for Follow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { pipe, buffer } = self.get_mut();
        let mut buffer = ReadBuf::new(buffer);
        let read = ready!(Pin::new(pipe).poll_read(cx, &mut buffer));
        Poll::Ready(match read {
            Err(error) => Some(Err(error)),
            Ok(()) if buffer.filled().is_empty() => None,
            Ok(()) => Some(Ok(Frame::data(Bytes::copy_from_slice(buffer.filled())))),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_path_names_one_or_nothing(path in "/(main)?logtail\\PC*") {
            if let Some((name, _)) = asked(&path) {
                prop_assert!(path.contains(&*name.group) && path.contains(&*name.process));
            }
        }
    }

    #[test]
    fn paths_name_a_process_and_a_stream() {
        for (path, expected) in [
            ("/logtail/cat", Some(("cat", "cat", Stream::Stdout))),
            ("/logtail/cat/stdout", Some(("cat", "cat", Stream::Stdout))),
            ("/logtail/g:p/stderr", Some(("g", "p", Stream::Stderr))),
            ("/logtailX/cat", Some(("cat", "cat", Stream::Stdout))),
            ("/logtail/g:a:b", Some(("g", "a:b", Stream::Stdout))),
            ("/logtail/", Some(("", "", Stream::Stdout))),
            ("/logtail", None),
            ("/logtail/cat/stdin", None),
            ("/logtail/cat/stderr/x", None),
            ("/logtail/cat/", None),
        ] {
            let found = asked(path);
            let found =
                found.as_ref().map(|(name, stream)| (&*name.group, &*name.process, *stream));
            assert_eq!(found, expected, "{path}");
        }
    }
}
