//! What is answered, in the form Supervisor gives it.

use std::convert::Infallible;
use std::io;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, HeaderValue, SERVER,
    WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use jiff::Timestamp;

/// What Supervisor's server calls itself.
const MEDUSA: &str = "Medusa/1.12";

/// The body of an answer. An error ends the connection.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// An answer.
pub(super) type Reply = Response<Body>;

/// An answer whose length is known.
pub(super) fn whole(
    status: StatusCode,
    headers: impl IntoIterator<Item = (HeaderName, &'static str)>,
    body: impl Into<Bytes>,
) -> Reply {
    let body: Bytes = body.into();
    let length = HeaderValue::from(body.len());
    let mut reply = begun(status, Full::new(body).map_err(never).boxed_unsync());
    for (name, value) in headers {
        reply.headers_mut().append(name, HeaderValue::from_static(value));
    }
    reply.headers_mut().append(CONTENT_LENGTH, length);
    reply
}

/// An answer that goes on for as long as `body` does.
pub(super) fn endless(content_type: &'static str, body: Body) -> Reply {
    let mut reply = begun(StatusCode::OK, body);
    reply.headers_mut().append(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// An error in Supervisor's words.
pub(super) fn error(status: StatusCode) -> Reply {
    refused(status, [])
}

/// Asks for a name and a password.
pub(super) fn unauthorised() -> Reply {
    let headers = [(CONNECTION, "close"), (WWW_AUTHENTICATE, r#"Basic realm="default""#)];
    refused(StatusCode::UNAUTHORIZED, headers)
}

fn refused<const N: usize>(status: StatusCode, headers: [(HeaderName, &'static str); N]) -> Reply {
    let reason = status.canonical_reason().unwrap_or_default();
    let body = format!(
        "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
         <p>Error code {}.\r\n<p>Message: {reason}.\r\n</body>\r\n",
        status.as_u16()
    );
    let mut reply = whole(status, headers, body);
    reply.headers_mut().append(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    reply
}

/// A moment as HTTP writes it (RFC 9110, IMF-fixdate).
pub(super) fn date(moment: Timestamp) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// How many bytes an answer has, its head among them; of one that goes on, only the head.
pub(super) fn size(reply: &Reply) -> u64 {
    let status =
        reply.status().canonical_reason().unwrap_or_default().len() + "HTTP/1.1 200 \r\n".len();
    let lines = reply.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    (status + lines.sum::<usize>() + 2) as u64 + reply.body().size_hint().exact().unwrap_or(0)
}

fn begun(status: StatusCode, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.append(SERVER, HeaderValue::from_static(MEDUSA));
    // A date is plain ASCII.
    if let Ok(now) = HeaderValue::from_str(&date(Timestamp::now())) {
        headers.append(DATE, now);
    }
    reply
}

fn never(never: Infallible) -> io::Error {
    match never {}
}
