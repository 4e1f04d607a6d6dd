//! An open page is told what changes, as Server-Sent Events.
//!
//! It begins with the whole table, so whatever was missed before is made good. After that it is told the lines that
//! changed, at most so many times a second: what changes in between is told once, as it is then. What waits for a page
//! that does not read is bounded by its inbox.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Frame};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, sleep_until, timeout};
use visor_dbus::{Backend, Inbox, Notice};
use visor_units::engine::{Key, Mood, Row};

use super::page;
use super::token::Token;
use crate::http::clock::Clock;
use crate::http::reply::Body;

/// The least time between two pieces of news.
const PACE: Duration = Duration::from_millis(100);

/// Without news for so long, a sign of life is sent: it finds out who has gone without a word, and keeps proxies from
/// closing.
const SILENCE: Duration = Duration::from_secs(30);

/// The stream of one page.
pub(super) struct Live<B> {
    backend: B,
    inbox: Inbox,
    token: Token,
    mood: Mood,
    /// When it may be told something again; nothing before it was told anything.
    next: Option<Instant>,
    _seat: OwnedSemaphorePermit,
}

/// What the connection takes the pieces from.
struct Pieces(mpsc::Receiver<String>);

/// What there is to tell.
#[derive(Default)]
struct News {
    rows: BTreeMap<Key, Row>,
    /// Whether lines came or went, or changes were missed.
    is_another_table: bool,
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = ready!(self.0.poll_recv(context));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(Bytes::from(piece)))))
    }
}

impl News {
    fn add(&mut self, notice: &Notice, mood: &mut Mood) {
        match notice {
            Notice::Changed(_, row) | Notice::Refreshed(row) => {
                self.rows.insert(row.key, (**row).clone());
            }
            Notice::Added(..) | Notice::Removed(..) => self.is_another_table = true,
            Notice::Manager(manager) => *mood = manager.mood,
        }
    }
}

impl<B: Backend> Live<B> {
    /// The stream of a page that has taken a seat.
    pub(super) fn new(backend: B, inbox: Inbox, token: Token, seat: OwnedSemaphorePermit) -> Self {
        Self { backend, inbox, token, mood: Mood::Running, next: None, _seat: seat }
    }

    /// The body of the answer. What is told waits until the browser has taken what was told before.
    pub(super) fn into_body(mut self) -> Body {
        let (post, pieces) = mpsc::channel(1);
        tokio::task::spawn_local(async move {
            loop {
                let piece = tokio::select! {
                    () = post.closed() => break,
                    piece = self.next() => piece,
                };
                let Some(piece) = piece else { break };
                if post.send(piece).await.is_err() {
                    break;
                }
            }
        });
        Pieces(pieces).boxed_unsync()
    }

    /// The next piece of the stream; `None` once the daemon ends.
    async fn next(&mut self) -> Option<String> {
        let Some(next) = self.next else {
            self.mood = self.backend.manager().await.mood;
            return Some(self.tell(&News { is_another_table: true, ..News::default() }).await);
        };
        let mut news = News::default();
        match timeout(SILENCE, self.inbox.take()).await {
            Ok(Some(batch)) => self.sort(&mut news, batch),
            Ok(None) => return None,
            Err(_) => return Some(":\n\n".to_owned()),
        }
        loop {
            let batch = tokio::select! {
                biased;
                () = sleep_until(next) => break,
                batch = self.inbox.take() => batch,
            };
            // The last words are told at once; what follows them is the end.
            let Some(batch) = batch else { break };
            self.sort(&mut news, batch);
        }
        Some(self.tell(&news).await)
    }

    fn sort(&mut self, news: &mut News, batch: visor_dbus::Batch) {
        news.is_another_table |= batch.dropped > 0;
        for notice in batch.notices {
            news.add(&notice, &mut self.mood);
        }
    }

    async fn tell(&mut self, news: &News) -> String {
        let rows = if news.is_another_table { self.backend.rows().await } else { Vec::new() };
        self.next = Some(Instant::now() + PACE);
        let clock = Clock::now();
        let mut said = json!({ "now": clock.now.0, "mood": self.mood.name() });
        if news.is_another_table {
            said["token"] = Value::from(self.token.text());
            said["table"] = Value::from(page::table(&rows, &clock));
        } else {
            let lines = news.rows.values().map(|row| page::line(row, &clock));
            said["rows"] = lines.collect();
        }
        // JSON has no line breaks of its own, so nothing in it can end the event.
        format!("data: {said}\n\n")
    }
}
