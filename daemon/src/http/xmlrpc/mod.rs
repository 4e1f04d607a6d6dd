//! XML-RPC.

use hyper::{Method, StatusCode};

use super::reply::Reply;
use super::route::{Asked, Face};

/// Answers a call.
///
/// # Errors
/// The status, where Supervisor gives no XML.
pub(super) async fn answer(_face: &Face, asked: Asked) -> Result<Reply, StatusCode> {
    if asked.head.method != Method::POST {
        return Err(StatusCode::BAD_REQUEST);
    }
    Err(StatusCode::NOT_IMPLEMENTED)
}
