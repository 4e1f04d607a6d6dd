//! The web page, at Supervisor's addresses.
//!
//! | address | |
//! |---|---|
//! | `/`, `/index.html` | the table of processes; `?action=` asks, a POST of it does |
//! | `/tail.html?processname=` | the end of a log, which follows |
//! | `/live` | what changes, for open pages |
//! | `/log?processname=` | a log that goes on, for the page that follows it |
//! | `/ok.html`, `/stylesheets/…`, `/scripts/…`, `/images/…` | never change |
//!
//! A request is read by `form` and `action`, let in by its `token`, done through the [`Door`], and told in Supervisor's words
//! by `message`. `line` says what the table shows of a process, in `words`, and `page` makes the HTML of it; templates
//! escape whatever they are given. Without the script everything works by forms; with it an open page is kept up to date
//! by `live`, with the same HTML.
//!
//! A GET changes nothing: an old link that would do something leads to a page with the form that does.

mod action;
mod assets;
mod form;
mod line;
mod live;
mod message;
mod page;
mod tail;
mod token;
mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use hyper::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, LOCATION, ORIGIN,
};
use hyper::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Semaphore;
use visor_dbus::Backend as _;
use visor_units::engine::{Answer, Command, Requester};
use visor_units::fault::{Fault, Refusal};
use visor_units::name::Selector;

use self::action::{Action, Subject, Verb};
use self::assets::Asset;
use self::form::{Form, quoted};
use self::live::Live;
use self::message::Message;
use self::token::Token;
use super::origin::Source;
use super::reply::{self, Body, Reply};
use super::route::Asked;
use super::tail::UNBUFFERED;
use super::xmlrpc::check_commands;
use crate::door::Door;
use crate::http::clock::Clock;

/// Pages that are kept up to date at the same time. More are shown, and say that they are not.
const PAGES: usize = 32;

/// What is said of a form that an earlier daemon made.
const STALE: &str = "This page is from before visord was started. Do it now?";
/// What is said of a form that came from elsewhere.
const FOREIGN: &str = "Another site's page asked for this. Is it what you want?";

/// What the pages of all servers share.
#[derive(Clone)]
pub(super) struct Pages {
    token: Token,
    seats: Arc<Semaphore>,
}

/// The page of one server.
pub(super) struct Web {
    door: Door,
    pages: Pages,
}

impl Pages {
    /// For a daemon that starts.
    pub(super) fn new() -> Self {
        Self { token: Token::new(), seats: Arc::new(Semaphore::new(PAGES)) }
    }
}

impl Web {
    /// A page over this daemon.
    pub(super) const fn new(door: Door, pages: Pages) -> Self {
        Self { door, pages }
    }

    /// Answers a request. The path is looked at without its slashes, however many.
    pub(super) async fn answer(&self, asked: Asked) -> Reply {
        let path = asked.path.trim_start_matches('/').to_owned();
        let is_reading = matches!(asked.head.method, Method::GET | Method::HEAD);
        match path.as_str() {
            _ if !is_reading && asked.head.method != Method::POST => {
                reply::error(StatusCode::BAD_REQUEST)
            }
            "" | "index.html" => self.index(asked, is_reading).await,
            "tail.html" => self.tail(&asked).await,
            "ok.html" => reply::whole(StatusCode::OK, [(CONTENT_TYPE, "text/plain")], "OK"),
            "live" if is_reading => self.live(),
            "log" if is_reading => self.log(&asked).await,
            path => match Asset::at(path) {
                Some(asset) if is_reading => file(asset, &asked.head.headers),
                Some(_) => reply::error(StatusCode::BAD_REQUEST),
                None => reply::error(StatusCode::NOT_FOUND),
            },
        }
    }

    async fn index(&self, asked: Asked, is_reading: bool) -> Reply {
        let form = Form::read(asked.head.uri.query().unwrap_or_default(), &asked.body);
        let headers = &asked.head.headers;
        match Action::read(&form) {
            Err(text) => told(StatusCode::BAD_REQUEST, &Message::bad(text), headers),
            Ok(None) => self.status(&form).await,
            Ok(Some(Action::Refresh)) => {
                told(StatusCode::OK, &Message::refreshed(&Clock::now()), headers)
            }
            Ok(Some(action)) if is_reading => {
                html(StatusCode::OK, page::confirm(&action, self.pages.token.text(), None))
            }
            Ok(Some(action)) => match self.objection(&form, headers) {
                Some(reason) => self.ask_again(&action, reason, headers),
                None => told(StatusCode::OK, &self.perform(&action, asked.who).await, headers),
            },
        }
    }

    async fn status(&self, form: &Form) -> Reply {
        let (rows, manager) = (self.door.rows().await, self.door.manager().await);
        let message = form.get("message").map(Message::returned);
        let text = page::status(&rows, &manager, (self.pages.token.text(), message), &Clock::now());
        html(StatusCode::OK, text)
    }

    /// Why a form is not simply done.
    fn objection(&self, form: &Form, headers: &HeaderMap) -> Option<&'static str> {
        if !Source::of(headers).is_own() {
            return Some(FOREIGN);
        }
        let is_ours = form.get("token").is_some_and(|sent| self.pages.token.is(sent));
        (!is_ours).then_some(STALE)
    }

    fn ask_again(&self, action: &Action, reason: &str, headers: &HeaderMap) -> Reply {
        if wants_json(headers) {
            let text = "this page is out of date; reload it and try again".to_owned();
            return told(StatusCode::FORBIDDEN, &Message::bad(text), headers);
        }
        html(StatusCode::FORBIDDEN, page::confirm(action, self.pages.token.text(), Some(reason)))
    }

    async fn perform(&self, action: &Action, who: Requester) -> Message {
        if let Action::Do(verb, subject) = action
            && let Some(message) = self.hindrance(*verb, subject).await
        {
            return message;
        }
        let names = vec![match action {
            Action::Do(_, subject) => subject.selector(),
            Action::Refresh | Action::StopAll | Action::RestartAll => Selector::All,
        }];
        let command = match action {
            Action::Refresh => return Message::refreshed(&Clock::now()),
            Action::Do(Verb::ClearLog, subject) => return self.clear(action, subject).await,
            Action::Do(Verb::Start, _) => Command::Start { names, wait: true },
            Action::StopAll | Action::Do(Verb::Stop, _) => Command::Stop { names, wait: true },
            Action::RestartAll | Action::Do(Verb::Restart, _) => {
                Command::Restart { names, wait: true }
            }
        };
        let who = Requester { via: format!("web page, {}", who.via), ..who };
        let answer = self.door.command(who, command).await;
        Message::of(action, &answer, &Clock::now())
    }

    /// What keeps an order from being given: that there is nobody to give it to, or that the command of a process names
    /// nothing that can be run.
    async fn hindrance(&self, verb: Verb, subject: &Subject) -> Option<Message> {
        let rows = self.door.rows().await;
        let Some(row) = rows.iter().find(|row| subject.is(&row.program.name)) else {
            return Some(Message::unknown(subject));
        };
        if verb != Verb::Start || !row.state.is_stopped() || matches!(subject, Subject::Group(_)) {
            return None;
        }
        let checks = check_commands(&self.door, vec![Arc::clone(&row.program)]).await;
        let fault = checks.map_or_else(Some, |mut checks| checks.pop()?.err())?;
        Some(Message::not_started(&subject.word(), &fault))
    }

    async fn clear(&self, action: &Action, subject: &Subject) -> Message {
        let rows = self.door.rows().await;
        let mut answer = Answer::Done;
        for row in rows.iter().filter(|row| subject.is(&row.program.name)) {
            if let Err(text) = self.door.clear_logs(row.key).await {
                answer = Answer::Refused(Refusal::new(Fault::Failed, text));
            }
        }
        Message::of(action, &answer, &Clock::now())
    }

    fn live(&self) -> Reply {
        let Ok(seat) = Arc::clone(&self.pages.seats).try_acquire_owned() else {
            return reply::error(StatusCode::SERVICE_UNAVAILABLE);
        };
        let inbox = self.door.subscribe();
        let live = Live::new(self.door.clone(), inbox, self.pages.token.clone(), seat);
        endless("text/event-stream", live.into_body())
    }
}

/// What a browser may do with a page: load what is here, and nothing else; send forms here; not be framed.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page. It is never kept, as in Supervisor.
fn html(status: StatusCode, text: String) -> Reply {
    let mut reply = reply::whole(status, [(CONTENT_TYPE, "text/html;charset=utf-8")], text);
    let headers = [
        (CACHE_CONTROL, "no-cache"),
        (hyper::header::PRAGMA, "no-cache"),
        (hyper::header::EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (hyper::header::CONTENT_SECURITY_POLICY, POLICY),
        (hyper::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (hyper::header::X_FRAME_OPTIONS, "DENY"),
        (hyper::header::REFERRER_POLICY, "same-origin"),
    ];
    dress(reply.headers_mut(), &headers);
    reply
}

/// An answer that goes on. It is never kept, and never taken for something else.
fn endless(kind: &'static str, body: Body) -> Reply {
    let mut reply = reply::endless(kind, body);
    let headers = reply.headers_mut();
    headers.insert(UNBUFFERED.0, UNBUFFERED.1);
    dress(
        headers,
        &[(CACHE_CONTROL, "no-store"), (hyper::header::X_CONTENT_TYPE_OPTIONS, "nosniff")],
    );
    reply
}

fn dress(headers: &mut HeaderMap, more: &[(HeaderName, &'static str)]) {
    for (name, value) in more {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}

/// A file, unless the client has it.
fn file(asset: &'static Asset, headers: &HeaderMap) -> Reply {
    let etag = asset.etag();
    let has_it = text(headers, &IF_NONE_MATCH).is_some_and(|known| known.contains(&etag));
    let (status, bytes) =
        if has_it { (StatusCode::NOT_MODIFIED, &[][..]) } else { (StatusCode::OK, asset.bytes) };
    let mut reply = reply::whole(status, [(CONTENT_TYPE, asset.kind)], bytes);
    dress(
        reply.headers_mut(),
        &[(CACHE_CONTROL, "no-cache"), (hyper::header::X_CONTENT_TYPE_OPTIONS, "nosniff")],
    );
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        reply.headers_mut().insert(ETAG, etag);
    }
    reply
}

/// Tells what came of an order: to the script as it is, to a browser by leading it back to the table, as Supervisor does.
fn told(status: StatusCode, message: &Message, headers: &HeaderMap) -> Reply {
    if wants_json(headers) {
        let body = json!({ "message": message.text, "is_error": message.is_error }).to_string();
        return reply::whole(
            status,
            [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")],
            body,
        );
    }
    if status.is_client_error() {
        return reply::error(status);
    }
    let location = format!("{}/?message={}", own_address(headers), quoted(&message.text));
    let mut reply = html(StatusCode::MOVED_PERMANENTLY, String::new());
    if let Ok(location) = HeaderValue::from_str(&location) {
        reply.headers_mut().insert(LOCATION, location);
    }
    reply
}

/// Where the browser thinks that we are. `Origin` knows about TLS before us, where it is ours.
fn own_address(headers: &HeaderMap) -> Cow<'_, str> {
    let origin = text(headers, &ORIGIN).filter(|_| Source::of(headers).is_own());
    match (origin, text(headers, &HOST)) {
        (Some(origin), _) => Cow::Borrowed(origin),
        (None, Some(host)) => Cow::Owned(format!("http://{host}")),
        (None, None) => Cow::Borrowed(""),
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    text(headers, &ACCEPT).is_some_and(|accept| accept == "application/json")
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
