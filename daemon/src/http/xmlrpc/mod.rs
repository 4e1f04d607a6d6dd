//! XML-RPC: a closed table of methods, and what carries them out.
//!
//! `table` says what there is, `supervisor` and `system` do it; `args` reads what was given, `fault` is what is told when
//! it was not done, `info` what is told of processes, `logs` what is read of logs.

mod args;
mod fault;
mod info;
mod logs;
mod supervisor;
mod system;
mod table;

use hyper::header::CONTENT_TYPE;
use hyper::{Method, StatusCode};
use visor_units::config::repr;
use visor_units::engine::Requester;
use visor_units::unit::LogLevel;
use visor_units::xmlrpc::{MethodCall, MethodResponse, ReadError, Value};

use self::args::Args;
pub(super) use self::fault::{Code, Fault};
pub(super) use self::supervisor::check_commands;
use super::reply::{self, Reply};
use super::route::{Asked, Face};

/// Answers a call.
///
/// # Errors
/// The status, where Supervisor gives no XML.
pub(super) async fn answer(face: &Face, asked: Asked) -> Result<Reply, StatusCode> {
    if asked.head.method != Method::POST {
        return Err(StatusCode::BAD_REQUEST);
    }
    let body = asked.body.clone();
    let call = aside(body.len() > LONG_BODY, move || MethodCall::read(&body)).await?;
    let call = call.map_err(|error| {
        note_invalid(face, &asked.body, &error);
        StatusCode::BAD_REQUEST
    })?;
    let caller = Caller { face, who: asked.who };
    let response = match caller.call(&call).await {
        Ok(value) => MethodResponse::Ok(value),
        Err(fault) => fault.response(),
    };
    let is_long = matches!(&response, MethodResponse::Ok(Value::Array(many)) if many.len() > LONG);
    let text = aside(is_long, move || response.write()).await?;
    Ok(reply::whole(StatusCode::OK, [(CONTENT_TYPE, "text/xml")], text))
}

/// Answers with more elements than this are long.
const LONG: usize = 100;

/// Bodies of more bytes than this are long.
const LONG_BODY: usize = 64 * 1024;

/// Makes what is long on a thread of its own: the core has other things to do.
async fn aside<T: Send + 'static>(
    is_long: bool,
    make: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StatusCode> {
    if !is_long {
        return Ok(make());
    }
    let making = tokio::task::spawn_blocking(make);
    making.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Bytes of a bad request that are shown in the log.
const SHOWN: usize = 1000;

fn note_invalid(face: &Face, body: &[u8], error: &ReadError) {
    let shown = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    let what = match error {
        ReadError::NoMethodName => "no method name",
        ReadError::Unmarshallable(_) => "unmarshallable",
    };
    let text = format!("XML-RPC request data {} is invalid: {what}", repr(&shown));
    face.door.say(LogLevel::Error, &text);
}

/// Whoever calls, and what is shown to it.
struct Caller<'a> {
    face: &'a Face,
    who: Requester,
}

impl Caller<'_> {
    /// Makes a call, with Supervisor's lines in the log.
    async fn call(&self, call: &MethodCall) -> Result<Value, Fault> {
        let say = |text: &str| self.face.door.say(LogLevel::Trace, text);
        say(&format!("XML-RPC method called: {}()", call.name));
        let result = match self.system(call) {
            Some(act) => self.system_act(act?, &call.params).await,
            None => self.dispatch(call).await,
        };
        match &result {
            Ok(_) => say(&format!("XML-RPC method {}() returned successfully", call.name)),
            Err(fault) => say(&format!(
                "XML-RPC method {}() returned fault: [{}] {}",
                call.name,
                fault.code as i32,
                fault.text()
            )),
        }
        result
    }

    /// Calls what is not of the namespace `system`.
    async fn dispatch(&self, call: &MethodCall) -> Result<Value, Fault> {
        let (namespace, name) = call.name.split_once('.').ok_or(Code::UnknownMethod)?;
        if !self.face.namespaces.iter().any(|own| own == namespace) {
            return Err(Code::UnknownMethod.into());
        }
        let method = table::SUPERVISOR.iter().find(|method| method.name == name);
        let method = method.ok_or(Code::UnknownMethod)?;
        if !method.takes(call.params.len()) {
            return Err(Code::IncorrectParameters.into());
        }
        self.act(method.act, &Args(&call.params)).await
    }
}
