//! The ends of logs, followed.

use hyper::{Method, StatusCode};

use super::reply::Reply;
use crate::door::Door;

/// Answers `/logtail/NAME[/CHANNEL]`.
///
/// # Errors
/// The status of a refusal.
pub(super) async fn program(
    _door: &Door,
    _method: &Method,
    _path: &str,
) -> Result<Reply, StatusCode> {
    Err(StatusCode::NOT_IMPLEMENTED)
}

/// Answers `/mainlogtail`.
///
/// # Errors
/// The status of a refusal.
pub(super) async fn daemon(_door: &Door, _method: &Method) -> Result<Reply, StatusCode> {
    Err(StatusCode::NOT_IMPLEMENTED)
}
