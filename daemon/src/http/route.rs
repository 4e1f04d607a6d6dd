//! Who is let in, and who answers.

use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use visor_units::engine::Requester;
use visor_units::unit::{HttpServer, LogLevel};

use super::auth::{Credentials, Verdict};
use super::connection::{Client, Turn};
use super::origin::Source;
use super::reply::{self, Reply};
use super::web::{Pages, Web};
use super::{tail, xmlrpc};
use crate::door::Door;

/// The largest body of a request, in bytes: what a program may be sent on its standard input at once, and then some.
pub(super) const MOST_BODY: usize = 4 * 1024 * 1024;

/// How long a client may take to send it.
const BODY_TIME: Duration = Duration::from_secs(60);

/// What one server shows, and to whom.
pub(super) struct Face {
    /// The way to the core.
    pub(super) door: Door,
    /// Whom it asks for; nobody if `None`.
    credentials: Option<Credentials>,
    /// Its port, if it listens on the loopback address and asks for nobody: then browsers are the way in from outside.
    open_port: Option<u16>,
    /// The namespaces in which Supervisor's methods are (`[rpcinterface:supervisor]`).
    pub(super) namespaces: Vec<String>,
    /// The page.
    web: Web,
}

/// A request that was let in.
pub(super) struct Asked {
    /// Who asks.
    pub(super) who: Requester,
    /// The path, percent-decoded.
    pub(super) path: String,
    /// Method, URI and headers.
    pub(super) head: Parts,
    /// The body of a POST; else empty.
    pub(super) body: Bytes,
}

impl Face {
    /// What a server shows.
    pub(super) fn of(
        server: &HttpServer,
        door: &Door,
        namespaces: &[String],
        pages: &Pages,
    ) -> Self {
        Self {
            door: door.clone(),
            credentials: Credentials::of(server),
            open_port: server.open_port(),
            namespaces: namespaces.to_vec(),
            web: Web::new(door.clone(), pages.clone()),
        }
    }

    /// Answers a request.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        client: &Client,
        turn: &mut Turn,
    ) -> Reply {
        let line = format!(
            "{} {} {:?}",
            request.method(),
            request.uri().path_and_query().map_or("/", |path| path.as_str()),
            request.version()
        );
        let reply = self.judge(request, client, turn).await.unwrap_or_else(reply::error);
        self.note(&line, &reply, client);
        reply
    }

    async fn judge(
        &self,
        request: Request<Incoming>,
        client: &Client,
        turn: &mut Turn,
    ) -> Result<Reply, StatusCode> {
        let source = Source::of(request.headers());
        if self.open_port.is_some_and(|port| source.is_rebound(port)) {
            return Err(StatusCode::FORBIDDEN);
        }
        let mut who = client.who.clone();
        if let Some(credentials) = &self.credentials {
            match credentials.judge(request.headers().get(AUTHORIZATION)) {
                Verdict::Welcome(name) => who.via = format!("{name}, {}", who.via),
                Verdict::Unknown => return Ok(reply::unauthorised()),
                Verdict::Malformed => return Err(StatusCode::BAD_REQUEST),
            }
        }
        self.route(who, request, turn).await
    }

    /// Finds who answers. Supervisor looks at how the path begins, and at nothing else.
    async fn route(
        &self,
        who: Requester,
        request: Request<Incoming>,
        turn: &mut Turn,
    ) -> Result<Reply, StatusCode> {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        if path.starts_with("/RPC2") {
            if !Source::of(request.headers()).is_own() {
                return Err(StatusCode::FORBIDDEN);
            }
            return xmlrpc::answer(self, asked(who, path, request, turn).await?).await;
        }
        if path.starts_with("/logtail") {
            return tail::program(&self.door, request.method(), &path).await;
        }
        if path.starts_with("/mainlogtail") {
            return tail::daemon(&self.door, request.method()).await;
        }
        Ok(self.web.answer(asked(who, path, request, turn).await?).await)
    }

    /// Writes Supervisor's line about a request, in the form that web servers share.
    fn note(&self, line: &str, reply: &Reply, client: &Client) {
        let now = jiff::Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S +0000");
        let (place, status, size) = (&client.place, reply.status().as_u16(), reply::size(reply));
        self.door.say(LogLevel::Trace, &format!(r#"{place} - - [{now}] "{line}" {status} {size}"#));
    }
}

/// Takes in the body of a POST.
async fn asked(
    who: Requester,
    path: String,
    request: Request<Incoming>,
    turn: &mut Turn,
) -> Result<Asked, StatusCode> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Ok(Asked { who, path, head, body: Bytes::new() });
    }
    // Supervisor knows no other way to tell where a body ends.
    if !head.headers.contains_key(CONTENT_LENGTH) {
        return Err(StatusCode::LENGTH_REQUIRED);
    }
    if body.size_hint().lower() > MOST_BODY as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = timeout(BODY_TIME, Limited::new(body, MOST_BODY).collect());
    match turn.hear(body).await {
        Ok(Ok(body)) => Ok(Asked { who, path, head, body: body.to_bytes() }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
