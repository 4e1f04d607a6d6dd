//! `fg`: what a process writes is shown, and what is typed is sent to it.

use super::Done;
use crate::remote::{CallError, ProcessInfo};
use crate::supervisor::exception::{Exception, Kind};
use crate::supervisor::follow::stream;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, RUNNING, fault};
use visor_units::xmlrpc::Value;

pub(super) fn run(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    let name = match words.as_slice() {
        [] => {
            session.wrong_usage("ERROR: no process name supplied", "fg", status::GENERIC);
            return Ok(());
        }
        [name] => *name,
        _ => return wrong(session, "ERROR: too many process names supplied"),
    };
    match session.link.ask::<ProcessInfo>("getProcessInfo", [name.into()]) {
        Ok(info) if info.state == RUNNING => {}
        Ok(_) => return wrong(session, "ERROR: process not running"),
        Err(exception) => return refused(session, exception),
    }
    session.say("==> Press Ctrl-C to exit <==");
    let last = attend(session, name)?;
    if let Some(last) = last {
        session.say(&last);
    }
    session.say("Exiting foreground");
    Ok(())
}

fn refused(session: &mut Session, exception: Exception) -> Done {
    match fault_text(&exception) {
        Some((fault::BAD_NAME, _)) => wrong(session, "ERROR: bad process name supplied"),
        Some((_, text)) => {
            session.say(&text);
            Ok(())
        }
        None => Err(exception),
    }
}

/// The number of a fault, and how Python writes it as a text.
fn fault_text(exception: &Exception) -> Option<(i64, String)> {
    match &exception.kind {
        Kind::Call(CallError::Fault { code, .. }) => {
            Some((*code, format!("ERROR: {}", exception.kind.describe().1)))
        }
        _ => None,
    }
}

/// Until the process ends, the input ends, or Ctrl-C. What is to be said then, if anything.
fn attend(session: &mut Session, name: &str) -> Result<Option<String>, Exception> {
    let link = std::rc::Rc::clone(&session.link);
    let remote = link.remote();
    let typed = async {
        loop {
            let Some(line) = session.input.next().await.map_err(CallError::Io)? else {
                return Ok(None);
            };
            let chars = line + "\n";
            match remote.ask::<Value>("sendProcessStdin", [name.into(), chars.into()]).await {
                Ok(_) => {}
                Err(error @ CallError::Fault { .. }) => return Ok(Some(not_sent(error))),
                Err(error) => return Err(error),
            }
            let info: ProcessInfo = remote.ask("getProcessInfo", [name.into()]).await?;
            if info.state != RUNNING {
                return Ok(Some(GONE.to_owned()));
            }
        }
    };
    let (out, err) = (format!("/logtail/{name}/stdout"), format!("/logtail/{name}/stderr"));
    let both = async { tokio::join!(stream(&remote, &out), stream(&remote, &err)) };
    let attended = async {
        tokio::pin!(both);
        tokio::select! {
            done = typed => done,
            // Where neither channel has a log, there is still something to type.
            _ = async { both.await; std::future::pending::<()>().await } => Ok(None),
        }
    };
    match link.interruptible(attended) {
        Ok(done) => Ok(done?),
        Err(_) => Ok(None),
    }
}

const GONE: &str = "Process got killed";

fn not_sent(error: CallError) -> String {
    let exception = Exception::from(error);
    match fault_text(&exception) {
        Some((fault::NOT_RUNNING, _)) | None => GONE.to_owned(),
        Some((_, text)) => text,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the end of a command")]
fn wrong(session: &mut Session, text: &str) -> Done {
    session.say(text);
    session.status = status::GENERIC;
    Ok(())
}
