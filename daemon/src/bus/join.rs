//! Being on a message bus, and coming back to it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use visor_dbus::{
    Authority, BUS_NAME, Backend, Bus, Ended, JoinError, Server, bus_address, socket_of,
};
use visor_units::unit::WhichBus;

use super::Report;
use super::watch::Watch;

/// The first pause between two attempts; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Attempts after a bus appeared or went, until it is waited for asleep: about ten seconds in all.
const ATTEMPTS: u32 = 10;
/// The longest pause where nothing can be watched (an address that is no file).
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

/// Which bus to be on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    /// Which.
    pub(crate) bus: Bus,
    /// Its address.
    pub(crate) address: String,
    /// Whether it was asked for by name, so that its absence is worth a warning.
    pub(crate) required: bool,
}

/// What became of the bus, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
enum BusState {
    /// We are on it, under this unique name.
    Joined {
        /// Which.
        bus: Bus,
        /// `:1.42`
        unique_name: String,
        /// Whether `org.visord1` is ours; if not, another owns it, and it comes to us after that.
        owns_name: bool,
    },
    /// It is not there; it is waited for.
    Absent {
        /// Which.
        bus: Bus,
        /// Whether it was asked for by name.
        required: bool,
        /// Why.
        reason: String,
    },
    /// It does not let us have the name.
    Refused {
        /// Which.
        bus: Bus,
        /// Its words.
        reason: String,
    },
    /// It went; it is waited for.
    Lost {
        /// Which.
        bus: Bus,
        /// How that showed.
        ended: Ended,
    },
}

impl BusState {
    /// Whether it is worth a warning; if not, it is information.
    const fn is_warning(&self) -> bool {
        match self {
            Self::Joined { owns_name, .. } => !*owns_name,
            Self::Absent { required, .. } => *required,
            Self::Refused { .. } | Self::Lost { .. } => true,
        }
    }
}

impl fmt::Display for BusState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined { bus, unique_name, owns_name: true } => {
                write!(f, "on the {bus} as {BUS_NAME} ({unique_name})")
            }
            Self::Joined { bus, unique_name, owns_name: false } => {
                write!(
                    f,
                    "on the {bus} as {unique_name}; another process owns {BUS_NAME}, waiting for it"
                )
            }
            Self::Absent { bus, reason, .. } => write!(f, "no {bus}, waiting for it: {reason}"),
            Self::Refused { bus, reason } => write!(
                f,
                "the {bus} does not give us its name: {reason} (hint: is org.visord1.conf in \
                 /usr/share/dbus-1/system.d?)"
            ),
            Self::Lost { bus, ended: Ended::Closed(how) } => {
                write!(f, "the {bus} went away, waiting for it: {how}")
            }
            Self::Lost { bus, ended: Ended::NameLost } => {
                write!(f, "the {bus} took the name {BUS_NAME} away")
            }
            Self::Lost { bus, ended: Ended::Stuck } => write!(f, "the {bus} does not read"),
        }
    }
}

/// Which bus a daemon of this user is to be on, if any. The environment is handed in.
pub(crate) fn membership(
    which: WhichBus,
    uid: u32,
    env: impl Fn(&str) -> Option<String>,
) -> Option<Membership> {
    let (bus, required) = match which {
        WhichBus::Off => return None,
        WhichBus::System => (Bus::System, true),
        WhichBus::Session => (Bus::Session, true),
        WhichBus::Auto if uid == 0 => (Bus::System, false),
        WhichBus::Auto => (Bus::Session, false),
    };
    let address = bus_address(bus, env)?;
    Some(Membership { bus, address, required })
}

impl Membership {
    /// Joins the bus and serves there, for ever: a bus that is absent, dies or refuses the name is waited for. What
    /// becomes of it is reported once each time it changes. To be polled inside a [`LocalSet`](tokio::task::LocalSet).
    pub(crate) async fn keep<B: Backend, A: Authority>(
        self,
        server: Server<B, A>,
        report: impl Fn(Report),
    ) {
        let mut told = None;
        let mut tell = |state: BusState| {
            if told.as_ref() != Some(&state) {
                report(Report::new(state.is_warning(), &state));
                told = Some(state);
            }
        };
        let socket = socket_of(&self.address);
        let mut attempt = 0;
        loop {
            // Before the attempt, so that a bus that appears during it is seen.
            let watch = socket.as_deref().and_then(|path| Watch::on(path).ok());
            match server.join(&self.address).await {
                Ok(joined) => {
                    tell(BusState::Joined {
                        bus: self.bus,
                        unique_name: joined.unique_name.clone(),
                        owns_name: joined.owns_name,
                    });
                    let ended = joined.run().await;
                    tell(BusState::Lost { bus: self.bus, ended });
                    attempt = 0;
                }
                Err(JoinError::NameRefused(reason)) => {
                    tell(BusState::Refused { bus: self.bus, reason });
                    // Asking again at once would be answered the same.
                    attempt = ATTEMPTS;
                }
                Err(JoinError::Absent(reason)) => {
                    tell(BusState::Absent { bus: self.bus, required: self.required, reason });
                }
            }
            attempt = pause(socket.as_ref(), watch, attempt).await;
        }
    }
}

/// Waits for the next attempt after the one of this number; the number of the next one.
async fn pause(socket: Option<&PathBuf>, watch: Option<Watch>, attempt: u32) -> u32 {
    // A socket that is not there cannot be hurried. One that is may just not listen yet.
    let is_missing = socket.is_some_and(|path| !path.exists());
    match watch {
        Some(watch) if is_missing || attempt >= ATTEMPTS => {
            // A watch that fails is as good as one that fired: the next round makes another, after a pause.
            if watch.changed().await.is_err() {
                tokio::time::sleep(LONGEST_PAUSE).await;
            }
            0
        }
        _ => {
            let pause = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX));
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            attempt.saturating_add(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        (name == "XDG_RUNTIME_DIR").then(|| "/run/user/7".to_owned())
    }

    #[test]
    fn root_is_on_the_system_bus_and_a_user_on_the_session_bus() {
        for (which, uid, expected) in [
            (WhichBus::Auto, 0, Some((Bus::System, false))),
            (WhichBus::Auto, 7, Some((Bus::Session, false))),
            (WhichBus::System, 7, Some((Bus::System, true))),
            (WhichBus::Session, 0, Some((Bus::Session, true))),
            (WhichBus::Off, 0, None),
        ] {
            let found = membership(which, uid, env).map(|found| (found.bus, found.required));
            assert_eq!(found, expected, "{which:?} of uid {uid}");
        }
        assert_eq!(membership(WhichBus::Auto, 7, |_| None), None);
    }

    /// Paused time runs on by itself while every task waits, so a timer of any length would end the wait.
    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_bus_that_is_not_there_is_waited_for_without_a_timer() {
        const YEAR: Duration = Duration::from_secs(365 * 86_400);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bus");
        for attempt in [0, ATTEMPTS] {
            let watch = Watch::on(&path).unwrap();
            let waiting = pause(Some(&path), Some(watch), attempt);
            assert!(tokio::time::timeout(YEAR, waiting).await.is_err(), "attempt {attempt}");
        }
    }

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_socket_that_does_not_answer_is_tried_for_ten_seconds_and_then_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bus");
        std::fs::write(&path, "").unwrap();
        let began = tokio::time::Instant::now();
        let mut attempt = 0;
        while attempt < ATTEMPTS {
            attempt = pause(Some(&path), Some(Watch::on(&path).unwrap()), attempt).await;
        }
        assert_eq!(began.elapsed(), Duration::from_millis(10 * 1023));
    }
}
