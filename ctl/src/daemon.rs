//! The daemon that is asked: visord on a bus, or a Supervisor over HTTP. One set of questions, so that verbs need not know
//! which it is; what Supervisor cannot be asked is refused by name.

use std::fs::File;
use std::time::Duration;

use visor_dbus::{Client, ConfiguredRow, LogRequest, Outcomes, StateChanges, UnitRow, Value};
use visor_units::config::Difference;
use visor_units::fault::Refusal;
use visor_units::signal::Signal;

use crate::args::PlaceArgs;
use crate::failure::Failure;
use crate::lines::Log;
use crate::login::{self, Login};
use crate::place;
use crate::progress::Progress;
use crate::remote::{CallError, Remote, Supervisor};
use crate::screen::Screen;

/// How long a daemon may be silent before it is taken to hang; as long as on any bus.
const PATIENCE: Duration = Duration::from_secs(25);

/// Whoever answers.
pub(crate) enum Daemon {
    /// visord.
    Bus(Client),
    /// A supervisord, or visord in its stead.
    Http(Supervisor),
}

/// Asks whichever it is.
macro_rules! ask {
    ($daemon:ident, $peer:ident => $question:expr) => {
        match $daemon {
            Self::Bus($peer) => $question.await,
            Self::Http($peer) => $question.await,
        }
    };
}

/// The answer of a daemon that is there, unless it takes longer than one that works ever does.
async fn answer<T>(
    screen: &Screen,
    program: &str,
    question: impl Future<Output = T>,
) -> Result<T, Failure> {
    let mut progress = Progress::new(screen);
    let question = tokio::time::timeout(PATIENCE, question);
    tokio::pin!(question);
    let answer = loop {
        tokio::select! {
            answer = &mut question => break answer,
            () = progress.due() => progress.show(screen, &[program.to_owned()], "answer"),
        }
    };
    progress.clear(screen);
    answer.map_err(|_| Failure::no_answer(program, PATIENCE))
}

/// Names of properties with their values.
pub(crate) type Properties = Vec<(String, Value)>;

impl Daemon {
    /// Finds whom the command line means. Who watches on `screen` is told that it takes its time, and is asked for a password
    /// that is wanted over HTTP.
    pub(crate) async fn connect(place: &PlaceArgs, screen: &Screen) -> Result<Self, Failure> {
        let Some(url) = place.url() else {
            if place.login() != Login::default() {
                return Err(Failure::no_url());
            }
            let places = place::places(place)?;
            let found = answer(screen, "visord", Client::connect(&places)).await?;
            return found.map(Self::Bus).map_err(|error| match place.almost_url() {
                Some(address) => Failure::from(error).hinting(format!(
                    "a Supervisor is named by its URL: --socket http://{address}"
                )),
                None => error.into(),
            });
        };
        let (url, login) = login::split(url);
        let login = login.or(place.login()).or(Login::from_environment());
        let mut pair = login.pair();
        let ask = async |pair: &Option<_>| {
            let found = Supervisor::connect(Remote::new(&url, pair.clone()));
            answer(screen, "supervisord", found).await
        };
        let mut found = ask(&pair).await?;
        if matches!(found, Err(CallError::Status { code: 401, .. }))
            && pair.is_none()
            && screen.watched
        {
            pair = login.asked(&url).await;
            if pair.is_some() {
                found = ask(&pair).await?;
            }
        }
        found.map(Self::Http).map_err(|error| Failure::no_supervisor(&url, &error, pair.is_some()))
    }

    /// What it calls itself.
    pub(crate) const fn program(&self) -> &'static str {
        match self {
            Self::Bus(_) => "visord",
            Self::Http(_) => "supervisord",
        }
    }

    /// Every process.
    pub(crate) async fn list(&self) -> Result<Vec<UnitRow>, Refusal> {
        ask!(self, peer => peer.list())
    }

    /// Every process with what it uses, where that is known.
    pub(crate) async fn list_with_usage(&self) -> Result<Vec<UnitRow>, Refusal> {
        match self {
            Self::Bus(client) => client.list_with_usage().await,
            Self::Http(remote) => remote.list().await,
        }
    }

    /// Starts processes.
    pub(crate) async fn start_all(&self, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        ask!(self, peer => peer.start_all(names, wait))
    }

    /// Stops processes.
    pub(crate) async fn stop_all(&self, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        ask!(self, peer => peer.stop_all(names, wait))
    }

    /// Restarts processes.
    pub(crate) async fn restart_all(
        &self,
        names: &[&str],
        wait: bool,
    ) -> Result<Outcomes, Refusal> {
        ask!(self, peer => peer.restart_all(names, wait))
    }

    /// Sends a signal to a process or its group.
    pub(crate) async fn signal(
        &self,
        name: &str,
        signal: Signal,
        group: bool,
    ) -> Result<(), Refusal> {
        ask!(self, peer => peer.signal(name, signal, group))
    }

    /// Writes to the standard input of a process.
    pub(crate) async fn send_stdin(&self, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        ask!(self, peer => peer.send_stdin(name, bytes))
    }

    /// What `update` would change.
    pub(crate) async fn reread(&self) -> Result<Difference, Refusal> {
        ask!(self, peer => peer.reread())
    }

    /// What the configuration has, as it is now.
    pub(crate) async fn configured(&self) -> Result<Vec<ConfiguredRow>, Refusal> {
        ask!(self, peer => peer.configured())
    }

    /// Adds a group of the configuration as it is now.
    pub(crate) async fn add_group(&self, group: &str) -> Result<(), Refusal> {
        ask!(self, peer => peer.add_group(group))
    }

    /// Removes a group of which nothing runs.
    pub(crate) async fn remove_group(&self, group: &str) -> Result<(), Refusal> {
        ask!(self, peer => peer.remove_group(group))
    }

    /// Empties the logs of a process.
    pub(crate) async fn clear_log(&self, name: &str) -> Result<(), Refusal> {
        ask!(self, peer => peer.clear_log(name))
    }

    /// Applies the configuration to these groups; none is all.
    pub(crate) async fn update_outcomes(&self, groups: &[String]) -> Result<Outcomes, Refusal> {
        ask!(self, peer => peer.update_outcomes(groups))
    }

    /// Stops everything and begins again.
    pub(crate) async fn reload_daemon(&self) -> Result<(), Refusal> {
        ask!(self, peer => peer.reload_daemon())
    }

    /// Stops everything and ends the daemon.
    pub(crate) async fn shutdown(&self) -> Result<(), Refusal> {
        ask!(self, peer => peer.shutdown())
    }

    /// A property of the daemon, as text.
    pub(crate) async fn manager_property(&self, name: &str) -> Result<String, Refusal> {
        ask!(self, peer => peer.manager_property(name))
    }

    /// The output of a process.
    pub(crate) async fn open_log(&self, request: &LogRequest) -> Result<Log, Refusal> {
        match self {
            Self::Bus(client) => client.open_log(request).await.map(|fd| Log::File(File::from(fd))),
            Self::Http(remote) => remote.open_log(request).await.map(Box::new).map(Log::Http),
        }
    }

    /// Whether it has begun to end, or has ended.
    pub(crate) async fn is_ending(&self) -> bool {
        match self {
            Self::Bus(client) => {
                !client.manager_property("State").await.is_ok_and(|state| state == "RUNNING")
            }
            // Whoever follows it is told by the connection.
            Self::Http(_) => false,
        }
    }

    /// Every property of these processes that is known.
    pub(crate) async fn properties(&self, names: &[&str]) -> Result<Vec<Properties>, Refusal> {
        match self {
            Self::Bus(client) => {
                let mut all = Vec::new();
                for name in names {
                    all.push(client.properties(name).await?);
                }
                Ok(all)
            }
            Self::Http(remote) => remote.properties(names).await,
        }
    }

    /// Transitions from now on, where there is somebody who tells them.
    pub(crate) async fn subscribe(&self) -> Option<StateChanges> {
        match self {
            Self::Bus(client) => client.subscribe().await.ok(),
            Self::Http(_) => None,
        }
    }
}
