//! The web page.

use hyper::StatusCode;

use super::reply::{self, Reply};
use super::route::Asked;
use crate::door::Door;

/// Answers what is asked of the page.
pub(super) async fn answer(_door: &Door, _asked: Asked) -> Reply {
    reply::error(StatusCode::NOT_FOUND)
}
