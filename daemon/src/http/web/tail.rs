//! The end of a log: as a page, and as a stream that the page follows.

use http_body_util::BodyExt as _;
use hyper::StatusCode;
use visor_dbus::Backend as _;
use visor_units::fault::{Fault, Refusal};
use visor_units::name::ProcessName;

use super::action::Subject;
use super::form::Form;
use super::message::unexpected;
use super::{Web, endless, html, page};
use crate::http::reply::{self, Reply};
use crate::http::route::Asked;
use crate::http::tail::Follow;
use crate::http::xmlrpc as rpc;
use crate::log::Range;

/// The least that is shown of a log, in bytes.
const LEAST: u64 = 1024;
/// The most.
const MOST: u64 = 1024 * 1024;

/// What a query asks for.
struct Wanted<'f> {
    /// As it was typed.
    word: &'f str,
    name: ProcessName,
    is_stderr: bool,
    /// In bytes.
    limit: u64,
}

impl<'f> Wanted<'f> {
    /// Reads a query; what to tell the person if it names no process.
    fn read(form: &'f Form) -> Result<Self, String> {
        let word = form.get("processname").ok_or("No process name found")?;
        let limit = form.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(LEAST);
        let limit = limit.clamp(LEAST, MOST);
        let is_stderr = form.get("channel") == Some("stderr");
        match Subject::parse(word) {
            Subject::Process(name) => Ok(Self { word, name, is_stderr, limit }),
            Subject::Group(_) => Err(untold(&Fault::NoSuchUnit.into(), word)),
        }
    }

    async fn open(&self, web: &Web, follow: bool) -> Result<Follow, Refusal> {
        let range = Range { follow, last: Some(self.limit), ..Range::default() };
        let end = web.door.open_range(Some(self.name.clone()), self.is_stderr, range).await?;
        Follow::new(end).map_err(|error| Refusal::new(Fault::Failed, error.to_string()))
    }
}

impl Web {
    /// Answers `/tail.html`.
    pub(super) async fn tail(&self, asked: &Asked) -> Reply {
        let form = Form::read(asked.head.uri.query().unwrap_or_default(), &asked.body);
        let page = match Wanted::read(&form) {
            Ok(wanted) => self.tail_of(&wanted).await,
            Err(text) => {
                let name = form.get("processname").unwrap_or("None");
                page::TailPage::failed(name, &text).text()
            }
        };
        html(StatusCode::OK, page)
    }

    async fn tail_of(&self, wanted: &Wanted<'_>) -> String {
        let Some(row) = self.door.row(&wanted.name).await else {
            let text = untold(&Fault::NoSuchUnit.into(), wanted.word);
            return page::TailPage::failed(wanted.word, &text).text();
        };
        let text = match wanted.open(self, false).await {
            Ok(pipe) => read(pipe).await,
            Err(refusal) if refusal.fault == Fault::NoFile => {
                format!("No file for {}", wanted.word)
            }
            Err(refusal) => untold(&refusal, wanted.word),
        };
        let page = page::TailPage {
            name: wanted.word,
            is_known: true,
            is_stderr: wanted.is_stderr,
            has_stderr: !row.program.redirect_stderr,
            limit: wanted.limit,
            token: self.pages.token.text(),
            text: &text,
        };
        page.text()
    }

    /// Answers `/log`: what `/tail.html` shows, and what is written from then on.
    pub(super) async fn log(&self, asked: &Asked) -> Reply {
        let form = Form::read(asked.head.uri.query().unwrap_or_default(), &[]);
        let Ok(wanted) = Wanted::read(&form) else { return reply::error(StatusCode::NOT_FOUND) };
        match wanted.open(self, true).await {
            Ok(pipe) => endless("text/plain;charset=utf-8", pipe.boxed_unsync()),
            Err(refusal) if refusal.fault == Fault::RateLimited => {
                reply::error(StatusCode::SERVICE_UNAVAILABLE)
            }
            Err(_) => reply::error(StatusCode::NOT_FOUND),
        }
    }
}

/// Supervisor's words for a log that cannot be read.
fn untold(refusal: &Refusal, word: &str) -> String {
    format!("ERROR: {}", unexpected(&rpc::Fault::of(refusal, word)))
}

/// Everything, as text.
async fn read(pipe: Follow) -> String {
    // What cannot be read any more ends it.
    let bytes = pipe.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
