//! One request on a connection of its own.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::ext::ReasonPhrase;
use hyper::header::HOST;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};

use super::{Address, CallError};

/// Sends a request and waits for the head of an answer that is one.
pub(super) async fn exchange(
    address: &Address,
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, CallError> {
    let host = address.host().parse().map_err(CallError::garbled)?;
    request.headers_mut().insert(HOST, host);
    let answer = match address {
        Address::Unix(path) => send(UnixStream::connect(path).await?, request).await,
        Address::Tcp { host, port } => send(connect(host, *port).await?, request).await,
    }?;
    if answer.status() == StatusCode::OK { Ok(answer) } else { Err(refused(&answer)) }
}

/// The whole body of an answer.
pub(super) async fn whole(answer: Response<Incoming>) -> Result<Bytes, CallError> {
    Ok(answer.into_body().collect().await?.to_bytes())
}

/// What stands for itself in the path of a request; the rest is escaped.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b':').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path with what is not allowed in it escaped.
pub(super) fn escape(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// The body of an answer that does not end, as it comes.
pub(crate) struct Frames(Incoming);

impl Frames {
    pub(super) fn new(body: Incoming) -> Self {
        Self(body)
    }

    /// What comes next; `None` when the server has ended it, or is gone.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.0.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                return Some(data);
            }
        }
    }
}

/// The first address of a name that answers.
async fn connect(host: &str, port: u16) -> Result<TcpStream, CallError> {
    let resolver = |error: std::io::Error| {
        let text = error.to_string();
        let own = text.split_once(": ").map_or(text.as_str(), |(_, own)| own);
        CallError::NoHost(own.to_owned())
    };
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(resolver)?.collect();
    Ok(TcpStream::connect(addresses.as_slice()).await?)
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, CallError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its end is seen by whoever reads the answer.
    drop(tokio::spawn(connection));
    Ok(sender.send_request(request).await?)
}

fn refused(answer: &Response<Incoming>) -> CallError {
    let status = answer.status();
    let told = answer.extensions().get::<ReasonPhrase>();
    let told = told.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned());
    let usual = || status.canonical_reason().unwrap_or_default().to_owned();
    CallError::Status { code: status.as_u16(), reason: told.unwrap_or_else(usual) }
}
