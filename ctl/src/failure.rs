//! Why a command could not be carried out, and how that is told.

use std::io;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use visor_dbus::ConnectError;
use visor_units::fault::{Fault, Refusal};

use crate::exit::Exit;
use crate::remote::CallError;
use crate::render::printable;

/// The end of a command that did not reach its own.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads our output any more: nothing to say, and nobody to say it to.
    ClosedPipe,
    /// Something to tell.
    Trouble(Box<Trouble>),
}

/// What is told.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// The exit code.
    pub(crate) exit: Exit,
    /// The kind, on which programs decide: the name of a [`Fault`], `Unreachable` or `InputOutput`.
    pub(crate) fault: String,
    /// What is wrong: lowercase, no full stop.
    pub(crate) text: String,
    /// More about it, a line each.
    pub(crate) details: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(Box::new(trouble))
    }
}

impl From<Refusal> for Failure {
    /// The first line of the text is the message, what follows are its details.
    fn from(refusal: Refusal) -> Self {
        let mut lines = refusal.text.lines().map(str::to_owned);
        let text = lines.next().unwrap_or_else(|| refusal.fault.text().to_owned());
        Trouble {
            exit: Exit::from(refusal.fault),
            fault: fault_name(refusal.fault),
            text,
            details: lines.collect(),
            hint: hint_for(refusal.fault).map(str::to_owned),
        }
        .into()
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Trouble {
            exit: Exit::Unreachable,
            fault: "Unreachable".to_owned(),
            text: error.to_string(),
            details: error.tried.iter().map(|(place, why)| format!("{place}: {why}")).collect(),
            hint: Some(
                "start one with `visord -c FILE`, or say where it is with --socket PATH, --system, \
                 --session or -c FILE"
                    .to_owned(),
            ),
        }
        .into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ClosedPipe;
        }
        Trouble {
            exit: Exit::Failed,
            fault: "InputOutput".to_owned(),
            text: error.to_string(),
            details: Vec::new(),
            hint: None,
        }
        .into()
    }
}

impl Failure {
    /// The same with another hint.
    pub(crate) fn hinting(mut self, hint: String) -> Self {
        if let Self::Trouble(trouble) = &mut self {
            trouble.hint = Some(hint);
        }
        self
    }

    /// A user name or a password, and nobody who wants one.
    pub(crate) fn no_url() -> Self {
        Trouble {
            exit: Exit::Usage,
            fault: "BadArguments".to_owned(),
            text: "--username and --password are for the URL of a Supervisor".to_owned(),
            details: Vec::new(),
            hint: Some("name it with --socket http://HOST:PORT".to_owned()),
        }
        .into()
    }

    /// Somebody is there, and is silent.
    pub(crate) fn no_answer(program: &str, waited: Duration) -> Self {
        Trouble {
            exit: Exit::Unreachable,
            fault: "Unreachable".to_owned(),
            text: format!("{program} is there and does not answer"),
            details: vec![format!("waited {} s", waited.as_secs())],
            hint: Some(
                "its process may be stopped (`kill -CONT`) or hang; its log says what it did last"
                    .to_owned(),
            ),
        }
        .into()
    }

    /// Nobody answers at the URL of a Supervisor; `with_password` if it was given one.
    pub(crate) fn no_supervisor(url: &str, error: &CallError, with_password: bool) -> Self {
        let hint = match error {
            CallError::Status { code: 401, .. } if with_password => {
                "the user name or the password is not that of its [inet_http_server] or [unix_http_server]"
            }
            CallError::Status { code: 401, .. } => {
                "set SUPERVISOR_USERNAME and SUPERVISOR_PASSWORD in the environment, or give --username on a terminal"
            }
            CallError::Fault { .. } => "the server needs [rpcinterface:supervisor] in its file",
            CallError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "only those whom `chmod` and `chown` of [unix_http_server] let in may ask; ask as one of them"
            }
            CallError::Io(_) => {
                "start supervisord there; `port` of [inet_http_server] and `file` of [unix_http_server] say where it listens"
            }
            _ => {
                "a URL is http://HOST:PORT or unix:///PATH, as [inet_http_server] and [unix_http_server] name it"
            }
        };
        Trouble {
            exit: Exit::Unreachable,
            fault: "Unreachable".to_owned(),
            text: format!("no supervisord answers at {url}"),
            details: vec![error.to_string()],
            hint: Some(hint.to_owned()),
        }
        .into()
    }
}

impl Failure {
    /// What was followed goes on no longer.
    pub(crate) fn ended(name: &str, reason: impl ToString) -> Self {
        Trouble {
            exit: Exit::Unreachable,
            fault: "Unreachable".to_owned(),
            text: format!("the log of {name} ends here"),
            details: vec![reason.to_string()],
            hint: None,
        }
        .into()
    }
}

/// The name of a fault on the bus, without `org.visord1.Error.`.
pub(crate) fn fault_name(fault: Fault) -> String {
    format!("{fault:?}")
}

/// What to do about a refusal, where that does not depend on what was asked.
pub(crate) fn hint_for(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::NotAuthorized => {
            Some("only root and the user visord runs as may act; everyone may look")
        }
        Fault::ConfigInvalid => Some("`visord --check -c FILE` shows every problem with its place"),
        Fault::ShuttingDown => Some("visord is stopping its programs and takes no more orders"),
        _ => None,
    }
}

impl Trouble {
    /// For people: `error:`, details indented, `hint:`. Ends with a newline.
    pub(crate) fn render(&self) -> String {
        let mut text = format!("{} {}\n", error_label(), printable(&self.text));
        for detail in &self.details {
            text.push_str(&format!("  {}\n", printable(detail)));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("{} {}\n", hint_label(), printable(hint)));
        }
        text
    }

    /// For programs: `{"error":{"fault":…,"text":…,"hint":…}}`, with `details` where there are some.
    pub(crate) fn json(&self) -> Value {
        let mut error = json!({ "fault": self.fault, "text": self.text, "hint": self.hint });
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({ "error": error })
    }
}

fn error_label() -> String {
    let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    format!("{style}error:{style:#}")
}

/// `hint:`, as every hint begins.
pub(crate) fn hint_label() -> String {
    let style = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
    format!("{style}hint:{style:#}")
}
