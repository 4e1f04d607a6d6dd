//! Clients that connect: accepted, counted, served.

use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use visor_units::engine::Requester;

use super::reply::Body;
use super::route::Face;

/// Connections at once to one server. When they are all taken, the one that has been idle for the longest makes room.
const MOST: usize = 128;

/// The largest head of a request, in bytes.
const MOST_HEAD: usize = 64 * 1024;

/// How long to wait after a connection could not be accepted for want of descriptors or memory. Only then is there a
/// timer.
const STARVED: Duration = Duration::from_millis(200);

/// What a server listens with.
pub(super) enum Ear {
    /// On a unix socket.
    Unix(UnixListener),
    /// On a TCP port.
    Inet(TcpListener),
}

/// Whoever is at the other end of a connection.
pub(super) struct Client {
    /// Who, for the record of what was done.
    pub(super) who: Requester,
    /// Where, for the log.
    pub(super) place: String,
}

/// Held while a request is being answered: the end of the daemon waits for those.
pub(super) type Busy = mpsc::Sender<Infallible>;

/// Where it is taken from, until that end has begun.
pub(super) type Work = mpsc::WeakSender<Infallible>;

/// Since when a connection has been idle; `None` while it is not.
pub(super) type Idle = Rc<Cell<Option<Instant>>>;

pub(super) trait Stream: AsyncRead + AsyncWrite {}
impl<T: AsyncRead + AsyncWrite> Stream for T {}

impl Ear {
    async fn accept(&self) -> io::Result<(Pin<Box<dyn Stream>>, Client)> {
        match self {
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let client = local(&stream);
                Ok((Box::pin(stream), client))
            }
            Self::Inet(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are written whole.
                let _delayed = stream.set_nodelay(true);
                let who = Requester { uid: None, pid: None, via: format!("HTTP from {address}") };
                Ok((Box::pin(stream), Client { who, place: address.to_string() }))
            }
        }
    }
}

fn local(stream: &UnixStream) -> Client {
    let said = stream.peer_cred().ok();
    let pid = said.and_then(|said| said.pid()).and_then(|pid| u32::try_from(pid).ok());
    let who = Requester { uid: said.map(|said| said.uid()), pid, via: "HTTP".to_owned() };
    // Supervisor's words for it.
    Client { who, place: "localhost:0".to_owned() }
}

/// Serves whoever connects, for as long as it is polled. To be polled inside a [`LocalSet`](tokio::task::LocalSet).
pub(super) async fn serve(ear: Ear, face: Rc<Face>, work: Work) {
    let mut guests = Guests { served: JoinSet::new(), known: HashMap::new() };
    loop {
        tokio::select! {
            accepted = ear.accept() => match accepted {
                Ok((stream, client)) => guests.admit(stream, client, &face, &work),
                Err(error) if is_of_the_client(&error) => {}
                Err(_) => tokio::time::sleep(STARVED).await,
            },
            Some(ended) = guests.served.join_next_with_id() => guests.forget(ended),
        }
    }
}

/// Whether only this one connection failed (accept(2)).
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}

/// Those who are connected.
struct Guests {
    served: JoinSet<()>,
    known: HashMap<Id, (AbortHandle, Idle)>,
}

impl Guests {
    fn admit(
        &mut self,
        stream: Pin<Box<dyn Stream>>,
        client: Client,
        face: &Rc<Face>,
        work: &Work,
    ) {
        if self.known.len() >= MOST && !self.make_room() {
            return;
        }
        let idle: Idle = Rc::new(Cell::new(Some(Instant::now())));
        let visit = visit(stream, client, Rc::clone(face), Rc::clone(&idle), work.clone());
        let handle = self.served.spawn_local(visit);
        self.known.insert(handle.id(), (handle, idle));
    }

    /// Lets the one go that has been idle for the longest. Whether there was one.
    fn make_room(&mut self) -> bool {
        let idle = self.known.iter().filter_map(|(id, (_, idle))| Some((idle.get()?, *id)));
        let Some((_, id)) = idle.min() else { return false };
        if let Some((handle, _)) = self.known.remove(&id) {
            handle.abort();
        }
        true
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.known.remove(&id);
    }
}

/// Serves one connection to its end.
pub(super) async fn visit(
    stream: Pin<Box<dyn Stream>>,
    client: Client,
    face: Rc<Face>,
    idle: Idle,
    work: Work,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let mut turn = Turn::begin(&idle, &work);
        let (face, client) = (&face, &client);
        async move {
            let reply = face.answer(request, client, &mut turn).await;
            Ok::<Response<Answering>, Infallible>(reply.map(|body| turn.carry(body)))
        }
    });
    let connection = http1::Builder::new()
        .title_case_headers(true)
        .auto_date_header(false)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off, or does not speak HTTP, is its own affair; the latter has been told so.
    drop(connection.await);
}

/// One request while it is being answered.
pub(super) struct Turn {
    idle: Idle,
    work: Work,
    busy: Option<Busy>,
}

impl Turn {
    fn begin(idle: &Idle, work: &Work) -> Self {
        idle.set(None);
        Self { idle: Rc::clone(idle), work: work.clone(), busy: work.upgrade() }
    }

    /// Waits for what the client has yet to send. Until then it is as one that says nothing: it makes room, and nobody
    /// waits for it.
    pub(super) async fn hear<T>(&mut self, rest: impl Future<Output = T>) -> T {
        self.busy = None;
        self.idle.set(Some(Instant::now()));
        let heard = rest.await;
        self.idle.set(None);
        self.busy = self.work.upgrade();
        heard
    }

    fn carry(mut self, body: Body) -> Answering {
        // What goes on for ever is not waited for.
        self.busy.take_if(|_| body.size_hint().exact().is_none());
        Answering { body, _turn: self }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.idle.set(Some(Instant::now()));
    }
}

/// The body of an answer, with the turn that ends when it is through.
struct Answering {
    body: Body,
    _turn: Turn,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
