//! Why a method did not do what was asked, as clients are told.

use visor_units::fault::{Fault as Kind, Refusal};
use visor_units::xmlrpc::{MethodResponse, Value};

use crate::child::command::CommandError;

/// The faults of Supervisor's interface; the number is what clients match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Code {
    UnknownMethod = 1,
    IncorrectParameters = 2,
    BadArguments = 3,
    SignatureUnsupported = 4,
    ShutdownState = 6,
    BadName = 10,
    BadSignal = 11,
    NoFile = 20,
    NotExecutable = 21,
    Failed = 30,
    AbnormalTermination = 40,
    SpawnError = 50,
    AlreadyStarted = 60,
    NotRunning = 70,
    AlreadyAdded = 90,
    StillRunning = 91,
    CantReread = 92,
}

/// The status of what went well, in lists of outcomes.
pub(super) const SUCCESS: i32 = 80;

/// A fault, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct Fault {
    pub(in crate::http) code: Code,
    about: Option<String>,
}

impl Code {
    const fn name(self) -> &'static str {
        match self {
            Self::UnknownMethod => "UNKNOWN_METHOD",
            Self::IncorrectParameters => "INCORRECT_PARAMETERS",
            Self::BadArguments => "BAD_ARGUMENTS",
            Self::SignatureUnsupported => "SIGNATURE_UNSUPPORTED",
            Self::ShutdownState => "SHUTDOWN_STATE",
            Self::BadName => "BAD_NAME",
            Self::BadSignal => "BAD_SIGNAL",
            Self::NoFile => "NO_FILE",
            Self::NotExecutable => "NOT_EXECUTABLE",
            Self::Failed => "FAILED",
            Self::AbnormalTermination => "ABNORMAL_TERMINATION",
            Self::SpawnError => "SPAWN_ERROR",
            Self::AlreadyStarted => "ALREADY_STARTED",
            Self::NotRunning => "NOT_RUNNING",
            Self::AlreadyAdded => "ALREADY_ADDED",
            Self::StillRunning => "STILL_RUNNING",
            Self::CantReread => "CANT_REREAD",
        }
    }

    /// The fault, about this.
    pub(super) fn about(self, what: impl Into<String>) -> Fault {
        Fault { code: self, about: Some(what.into()) }
    }
}

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Self { code, about: None }
    }
}

impl Fault {
    /// What a refusal of the core is here. Most are about the process or group by the name that was given; what Supervisor
    /// does not know is told in words.
    pub(in crate::http) fn of(refusal: &Refusal, name: &str) -> Self {
        let code = match refusal.fault {
            Kind::BadArguments => Code::BadArguments,
            Kind::ShuttingDown => return Code::ShutdownState.into(),
            Kind::NoSuchUnit => Code::BadName,
            Kind::BadSignal => Code::BadSignal,
            Kind::NoFile => Code::NoFile,
            Kind::NotExecutable => Code::NotExecutable,
            Kind::AbnormalTermination => Code::AbnormalTermination,
            // It ends like a start that went wrong, and clients know no other way to say that.
            Kind::SpawnError | Kind::DependencyFailed => Code::SpawnError,
            Kind::AlreadyStarted => Code::AlreadyStarted,
            Kind::NotRunning => Code::NotRunning,
            Kind::AlreadyAdded => Code::AlreadyAdded,
            Kind::StillRunning => Code::StillRunning,
            Kind::ConfigInvalid => return Code::CantReread.about(&*refusal.text),
            Kind::Failed | Kind::OrderIsCyclic | Kind::NotAuthorized | Kind::RateLimited => {
                return Code::Failed.about(&*refusal.text);
            }
        };
        code.about(name)
    }

    /// That a command names nothing that can be run.
    pub(super) fn of_command(error: &CommandError) -> Self {
        let code = match error {
            CommandError::NotFound(_) => Code::NoFile,
            CommandError::Unparsable { .. }
            | CommandError::Empty
            | CommandError::Directory(_)
            | CommandError::NotExecutable(_)
            | CommandError::NoPermission(_) => Code::NotExecutable,
        };
        code.about(error.to_string())
    }

    /// `NAME`, or `NAME: what it is about`.
    pub(in crate::http) fn text(&self) -> String {
        match &self.about {
            Some(what) => format!("{}: {what}", self.code.name()),
            None => self.code.name().to_owned(),
        }
    }

    /// As the one answer to a call.
    pub(super) fn response(&self) -> MethodResponse {
        MethodResponse::Fault { code: self.code as i64, string: self.text() }
    }

    /// As one of the answers to many.
    pub(super) fn value(&self) -> Value {
        Value::members([
            ("faultCode", (self.code as i32).into()),
            ("faultString", self.text().into()),
        ])
    }
}
