//! A daemon that is asked over HTTP: a Supervisor, or visord in its stead. XML-RPC for questions, plain GET for logs that
//! are followed. Nothing here ends by itself: starting a program takes as long as it takes.

mod address;
mod error;
mod http;
mod log;
mod properties;
mod reply;
mod supervisor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use visor_units::xmlrpc::{MethodCall, MethodResponse, Value};

pub(crate) use address::Address;
pub(crate) use error::CallError;
pub(crate) use http::Frames;
pub(crate) use log::RemoteLog;
pub(crate) use reply::{ConfigInfo, ProcessInfo, ProcessResult, Reply};
pub(crate) use supervisor::Supervisor;

/// Where the methods are.
const RPC_PATH: &str = "/RPC2";

/// The daemon at an address.
#[derive(Clone)]
pub(crate) struct Remote {
    url: String,
    /// User name and password.
    login: Option<(String, String)>,
}

impl Remote {
    /// Nothing is looked up or connected before it is needed: a wrong address is the failure of the first question.
    pub(crate) fn new(url: impl Into<String>, login: Option<(String, String)>) -> Self {
        Self { url: url.into(), login }
    }

    /// The address, as it was given.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Goes elsewhere with the same user name and password.
    pub(crate) fn set_url(&mut self, url: &str) {
        url.clone_into(&mut self.url);
    }

    /// Gives this user name and password from now on.
    pub(crate) fn set_login(&mut self, login: (String, String)) {
        self.login = Some(login);
    }

    /// Calls a method by its full name.
    pub(crate) async fn call(
        &self,
        method: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<Value, CallError> {
        let body = MethodCall::new(method, params).write();
        let request = self.request("POST", RPC_PATH).header("Content-Type", "text/xml");
        let request = request.body(body.into()).map_err(CallError::garbled)?;
        let answer = http::exchange(&Address::parse(&self.url)?, request).await?;
        let body = http::whole(answer).await?;
        match MethodResponse::read(&body).map_err(CallError::garbled)? {
            MethodResponse::Ok(value) => Ok(value),
            MethodResponse::Fault { code, string } => Err(CallError::Fault { code, string }),
        }
    }

    /// Calls a method of `supervisor.` and understands its answer.
    pub(crate) async fn ask<R: Reply>(
        &self,
        method: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<R, CallError> {
        let value = self.call(&format!("supervisor.{method}"), params).await?;
        R::from_value(value)
            .ok_or_else(|| CallError::Garbled(format!("{method} answered something else")))
    }

    /// Follows a log of which the server sends what is written to it.
    pub(crate) async fn follow(&self, path: &str) -> Result<Frames, CallError> {
        let request = self.request("GET", &http::escape(path)).header("Accept", "*/*");
        let request = request.body(String::new().into()).map_err(CallError::garbled)?;
        let answer: hyper::Response<Incoming> =
            http::exchange(&Address::parse(&self.url)?, request).await?;
        Ok(Frames::new(answer.into_body()))
    }

    fn request(&self, method: &str, path: &str) -> hyper::http::request::Builder {
        let agent = concat!("visorctl/", env!("CARGO_PKG_VERSION"));
        let request =
            hyper::Request::builder().method(method).uri(path).header("User-Agent", agent);
        match &self.login {
            Some((name, password)) => {
                let pair = STANDARD.encode(format!("{name}:{password}"));
                request.header("Authorization", format!("Basic {pair}"))
            }
            None => request,
        }
    }
}
