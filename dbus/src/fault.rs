//! Faults as error names on the bus, in both directions.

use std::borrow::Borrow;
use std::io;

use visor_units::fault::{Fault, Refusal};

/// The names of [`Fault`]s. Where D-Bus has a name of its own for a fault, that is used.
const NAMES: [(Fault, &str); 18] = [
    (Fault::BadArguments, "org.visord1.Error.BadArguments"),
    (Fault::ShuttingDown, "org.visord1.Error.ShuttingDown"),
    (Fault::NoSuchUnit, "org.visord1.Error.NoSuchUnit"),
    (Fault::BadSignal, "org.visord1.Error.BadSignal"),
    (Fault::NoFile, "org.visord1.Error.NoFile"),
    (Fault::NotExecutable, "org.visord1.Error.NotExecutable"),
    (Fault::Failed, "org.visord1.Error.Failed"),
    (Fault::AbnormalTermination, "org.visord1.Error.AbnormalTermination"),
    (Fault::SpawnError, "org.visord1.Error.SpawnError"),
    (Fault::AlreadyStarted, "org.visord1.Error.AlreadyStarted"),
    (Fault::NotRunning, "org.visord1.Error.NotRunning"),
    (Fault::AlreadyAdded, "org.visord1.Error.AlreadyAdded"),
    (Fault::StillRunning, "org.visord1.Error.StillRunning"),
    (Fault::ConfigInvalid, "org.visord1.Error.ConfigInvalid"),
    (Fault::OrderIsCyclic, "org.visord1.Error.OrderIsCyclic"),
    (Fault::DependencyFailed, "org.visord1.Error.DependencyFailed"),
    (Fault::NotAuthorized, "org.freedesktop.DBus.Error.AccessDenied"),
    (Fault::RateLimited, "org.visord1.Error.RateLimited"),
];

/// Names of the bus and of D-Bus itself that mean a fault too; only ever received or sent by the dispatcher.
const COMMON: [(&str, Fault); 5] = [
    ("org.freedesktop.DBus.Error.InvalidArgs", Fault::BadArguments),
    ("org.freedesktop.DBus.Error.UnknownObject", Fault::NoSuchUnit),
    ("org.freedesktop.DBus.Error.LimitsExceeded", Fault::RateLimited),
    ("org.freedesktop.DBus.Error.AuthFailed", Fault::NotAuthorized),
    ("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", Fault::NotAuthorized),
];

/// The error name of a fault.
#[must_use]
pub fn error_name(fault: Fault) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == fault).map_or("org.visord1.Error.Failed", |(_, n)| n)
}

/// The fault of an error name; what is not known is `Failed`.
#[must_use]
pub fn fault(name: &str) -> Fault {
    let named = NAMES.iter().find(|(_, known)| *known == name).map(|(fault, _)| *fault);
    let common = || COMMON.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault);
    named.or_else(common).unwrap_or(Fault::Failed)
}

/// An error reply: a name and a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallError {
    /// The error name, on which programs decide.
    pub(crate) name: &'static str,
    /// The text.
    pub(crate) text: String,
}

impl CallError {
    /// An error of D-Bus itself; `name` is its last word.
    pub(crate) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into() }
    }

    /// Arguments of other types than the method has.
    pub(crate) fn invalid_args(text: impl Into<String>) -> Self {
        Self::new("org.freedesktop.DBus.Error.InvalidArgs", text)
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::new(error_name(refusal.fault), refusal.text)
    }
}

impl From<zbus::Error> for CallError {
    /// A value that could not be read from, or written into, a message.
    fn from(error: zbus::Error) -> Self {
        Self::invalid_args(error.to_string())
    }
}

/// Why a connection could not be made or ended, without saying again what was tried.
pub(crate) fn reason(error: &zbus::Error) -> String {
    match error {
        zbus::Error::InputOutput(error) | zbus::Error::Connection(error, _) => said(&**error),
        other => other.to_string(),
    }
}

/// A system error in its own words, without the number.
pub(crate) fn said(error: impl Borrow<io::Error>) -> String {
    let text = error.borrow().to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_one_name_and_comes_back() {
        for fault in Fault::ALL {
            assert_eq!(super::fault(error_name(fault)), fault);
        }
    }

    #[test]
    fn an_unknown_name_is_a_failure() {
        assert_eq!(fault("org.example.Error.Odd"), Fault::Failed);
        assert_eq!(fault("org.freedesktop.DBus.Error.InvalidArgs"), Fault::BadArguments);
    }
}
