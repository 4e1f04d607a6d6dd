//! The asking side: where the daemon is, and its methods as functions.

use std::collections::HashMap;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use visor_units::config::Difference;
use visor_units::fault::{Fault, Refusal};
use visor_units::name::{ProcessName, Selector};
use visor_units::signal::Signal;
use zbus::connection::Builder;
use zbus::message::Body;
use zbus::{Connection, DynamicType, MatchRule, MessageStream, OwnedVariant, Variant};

use crate::fault::{fault, reason, said};
use crate::link::next;
use crate::path::program_path;
use crate::place::{check_temporary_directory, temporary_directory};
use crate::table::{MANAGER, PROPERTIES};
use crate::{BUS_NAME, ConfiguredRow, LogRequest, Place, ROOT_PATH, UnitRow, Value};

const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// What came of an order for each process or group: its name, and what was done or why not.
pub type Outcomes = Vec<(String, Result<String, Refusal>)>;

/// Nobody answered. Every place that was tried, with what went wrong there.
#[derive(Debug)]
pub struct ConnectError {
    /// In the order they were tried.
    pub tried: Vec<(Place, String)>,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no visord found")
    }
}

impl std::error::Error for ConnectError {}

/// A connection to a daemon. Cloning shares it; calls may be in flight side by side.
#[derive(Clone, Debug)]
pub struct Client {
    connection: Connection,
    /// The daemon's unique name on a bus. A call to a unique name never starts a service.
    destination: Option<String>,
    place: Place,
}

/// A transition, as it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChange {
    /// Displayed name.
    pub id: String,
    /// The state it left.
    pub from: String,
    /// The state it is in.
    pub to: String,
    /// Its process id, or the one it had; 0 if none.
    pub pid: u32,
    /// When, µs since 1970.
    pub timestamp: u64,
    /// Why, for people.
    pub cause: String,
    /// Exit code, where it ended; -1 after a signal.
    pub exit_code: Option<i32>,
    /// Signal that ended it; 0 if none did.
    pub exit_signal: Option<i32>,
}

/// Transitions from now on. They are kept until they are taken: a stream that is not read would hold up the answers to
/// calls on the same connection.
#[derive(Debug)]
pub struct StateChanges {
    changes: UnboundedReceiver<StateChange>,
    reading: AbortHandle,
}

impl Client {
    /// Tries `places` in order.
    ///
    /// # Errors
    /// If none of them answers.
    pub async fn connect(places: &[Place]) -> Result<Self, ConnectError> {
        let mut tried = Vec::new();
        for place in places {
            match Self::connect_to(place).await {
                Ok(client) => return Ok(client),
                Err(reason) => tried.push((place.clone(), reason)),
            }
        }
        Err(ConnectError { tried })
    }

    async fn connect_to(place: &Place) -> Result<Self, String> {
        let builder = match place {
            Place::Socket(path) => to_socket(path).await?,
            Place::Temporary(uid) => {
                check_temporary_directory(*uid).map_err(said)?;
                to_socket(&format!("{}/bus", temporary_directory(*uid))).await?
            }
            Place::System => Builder::system(),
            Place::Session => Builder::session(),
            Place::Address(address) => Builder::address(address.as_str()),
        };
        let connection = builder.build().await.map_err(|error| reason(&error))?;
        let destination = match place {
            Place::Socket(_) | Place::Temporary(_) => None,
            Place::System | Place::Session | Place::Address(_) => Some(owner(&connection).await?),
        };
        Ok(Self { connection, destination, place: place.clone() })
    }

    /// Where the daemon was found.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Every process, in start order.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn list(&self) -> Result<Vec<UnitRow>, Refusal> {
        self.list_columns(UnitRow::SETTLED.to_vec()).await
    }

    /// Every process with what it uses: memory, processor time, threads, dropped lines. Costs the daemon a look at each.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn list_with_usage(&self) -> Result<Vec<UnitRow>, Refusal> {
        self.list_columns([UnitRow::SETTLED.as_slice(), &UnitRow::COUNTERS].concat()).await
    }

    async fn list_columns(&self, columns: Vec<&str>) -> Result<Vec<UnitRow>, Refusal> {
        let filter = HashMap::from([
            ("properties", Variant::from(columns)),
            ("sparse", Variant::Bool(true)),
        ]);
        let body = self.manager("ListUnits", &filter).await?;
        body.deserialize().map_err(unreadable)
    }

    /// Starts one process (a displayed name) and waits until it is up.
    ///
    /// # Errors
    /// As the daemon refused: `AlreadyStarted`, `SpawnError`, `AbnormalTermination`, `DependencyFailed` …
    pub async fn start(&self, name: &str) -> Result<(), Refusal> {
        self.jobs("Start", name).await
    }

    /// Stops one process and waits until it is down.
    ///
    /// # Errors
    /// As the daemon refused: `NotRunning` …
    pub async fn stop(&self, name: &str) -> Result<(), Refusal> {
        self.jobs("Stop", name).await
    }

    /// Restarts one process and waits until it is up.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn restart(&self, name: &str) -> Result<(), Refusal> {
        self.jobs("Restart", name).await
    }

    async fn jobs(&self, method: &str, name: &str) -> Result<(), Refusal> {
        self.manager(method, &([name].as_slice(), no_options())).await.map(drop)
    }

    /// Starts what `names` mean (as `visorctl` takes them), in order; `wait` until each is up or has failed.
    ///
    /// # Errors
    /// As the daemon refused all of it.
    pub async fn start_all(&self, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        self.execute("start", names, wait).await
    }

    /// Stops what `names` mean, in reverse order; `wait` until each is down.
    ///
    /// # Errors
    /// As the daemon refused all of it.
    pub async fn stop_all(&self, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        self.execute("stop", names, wait).await
    }

    /// Restarts what `names` mean; `wait` until each is up or has failed.
    ///
    /// # Errors
    /// As the daemon refused all of it.
    pub async fn restart_all(&self, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        self.execute("restart", names, wait).await
    }

    async fn execute(&self, verb: &str, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        let options = HashMap::from([("wait", Variant::Bool(wait))]);
        let body = self.manager("Execute", &(verb, names, options)).await?;
        outcomes(&body)
    }

    /// Sends a signal to one process, or to its process group.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn signal(&self, name: &str, signal: Signal, group: bool) -> Result<(), Refusal> {
        let whom = if group { "group" } else { "main" };
        self.manager("Signal", &([name].as_slice(), signal.0, whom)).await.map(drop)
    }

    /// Empties the log files of one process (a displayed name) that runs.
    ///
    /// # Errors
    /// `NoSuchUnit`, or `Failed` with the reason.
    pub async fn clear_log(&self, name: &str) -> Result<(), Refusal> {
        self.jobs("ClearLog", name).await
    }

    /// Writes to the standard input of a process.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn send_stdin(&self, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        self.manager("SendStdin", &(name, bytes)).await.map(drop)
    }

    /// What `update` would change.
    ///
    /// # Errors
    /// `ConfigInvalid` with the problems as text.
    pub async fn reread(&self) -> Result<Difference, Refusal> {
        let body = self.manager("Reread", &()).await?;
        let mut groups: HashMap<&str, Vec<Arc<str>>> = body.deserialize().map_err(unreadable)?;
        let mut take = |key| groups.remove(key).unwrap_or_default();
        Ok(Difference {
            added: take("available"),
            changed: take("changed"),
            removed: take("disappeared"),
        })
    }

    /// What the configuration has, as it is now.
    ///
    /// # Errors
    /// `ConfigInvalid` with the problems as text.
    pub async fn configured(&self) -> Result<Vec<ConfiguredRow>, Refusal> {
        let body = self.manager("ListConfigured", &no_options()).await?;
        let entries: Vec<HashMap<&str, Variant<'_>>> = body.deserialize().map_err(unreadable)?;
        Ok(entries.iter().map(ConfiguredRow::of).collect())
    }

    /// Adds a group of the configuration.
    ///
    /// # Errors
    /// `ConfigInvalid`, `NoSuchUnit` if it has none of that name, `AlreadyAdded`.
    pub async fn add_group(&self, group: &str) -> Result<(), Refusal> {
        self.manager("AddGroup", &(group, no_options())).await.map(drop)
    }

    /// Removes a group of which nothing runs.
    ///
    /// # Errors
    /// `NoSuchUnit`, `StillRunning`.
    pub async fn remove_group(&self, group: &str) -> Result<(), Refusal> {
        self.manager("RemoveGroup", &(group, no_options())).await.map(drop)
    }

    /// Applies the configuration to these groups; none is all.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn update(&self, groups: &[String]) -> Result<(), Refusal> {
        self.manager("Update", &(groups, no_options())).await.map(drop)
    }

    /// Applies the configuration to these groups; none is all. Answers with what was done to each group.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn update_outcomes(&self, groups: &[String]) -> Result<Outcomes, Refusal> {
        let body = self.manager("Execute", &("update", groups, no_options())).await?;
        outcomes(&body)
    }

    /// Stops everything and begins again.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn reload_daemon(&self) -> Result<(), Refusal> {
        self.manager("ReloadConfigOfDaemon", &()).await.map(drop)
    }

    /// Stops everything and ends the daemon.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn shutdown(&self) -> Result<(), Refusal> {
        self.manager("Shutdown", &()).await.map(drop)
    }

    /// A descriptor with the output of a process.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn open_log(&self, request: &LogRequest) -> Result<OwnedFd, Refusal> {
        let name = request.name.as_ref().map(ToString::to_string).unwrap_or_default();
        let stream = if request.stderr { "stderr" } else { "stdout" };
        let mut options = HashMap::from([("follow", Variant::Bool(request.follow))]);
        let counts =
            [("lines", request.lines), ("offset", request.offset), ("length", request.length)];
        for (key, count) in counts {
            options.extend(count.map(|count| (key, Variant::U64(count))));
        }
        let body = self.manager("OpenLog", &(name, stream, options)).await?;
        let log: zbus::OwnedFd = body.deserialize().map_err(unreadable)?;
        Ok(log.into())
    }

    /// All properties of one process, by name, as text.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn show(&self, name: &str) -> Result<Vec<(String, String)>, Refusal> {
        let values = self.properties(name).await?;
        Ok(values.into_iter().map(|(name, value)| (name, value.to_string())).collect())
    }

    /// All properties of one process, by name.
    ///
    /// # Errors
    /// `NoSuchUnit`, or as the daemon refused.
    pub async fn properties(&self, name: &str) -> Result<Vec<(String, Value)>, Refusal> {
        let unknown = || Refusal::new(Fault::NoSuchUnit, format!("no process named {name:?}"));
        let Selector::Process(group, process) = Selector::parse(name) else {
            return Err(unknown());
        };
        let path = program_path(&ProcessName::new(group, process));
        let answered = self.call(&path, PROPERTIES.name, "GetAll", &"").await;
        let body = answered.map_err(|refusal| match refusal.fault {
            Fault::NoSuchUnit => unknown(),
            _ => refusal,
        })?;
        sorted(&body)
    }

    /// All properties of the manager, by name.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn manager_properties(&self) -> Result<Vec<(String, Value)>, Refusal> {
        sorted(&self.call(ROOT_PATH, PROPERTIES.name, "GetAll", &MANAGER.name).await?)
    }

    /// One property of the manager, as text.
    ///
    /// # Errors
    /// As the daemon refused.
    pub async fn manager_property(&self, name: &str) -> Result<String, Refusal> {
        let body = self.call(ROOT_PATH, PROPERTIES.name, "Get", &(MANAGER.name, name)).await?;
        let value: Variant<'_> = body.deserialize().map_err(unreadable)?;
        Ok(Value::from(&value).to_string())
    }

    /// Every transition from now on.
    ///
    /// # Errors
    /// If the bus does not let us listen.
    pub async fn subscribe(&self) -> Result<StateChanges, Refusal> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .path(ROOT_PATH)
            .interface(MANAGER.name)
            .member("UnitStateChanged");
        let rule = match &self.destination {
            Some(daemon) => rule.sender(daemon.as_str()),
            None => rule,
        };
        let rule = rule.build().map_err(refusal)?.to_owned();
        let stream = MessageStream::for_match_rule(rule, &self.connection, None).await;
        let (sender, changes) = unbounded_channel();
        let reading = tokio::spawn(read_changes(stream.map_err(refusal)?, sender)).abort_handle();
        Ok(StateChanges { changes, reading })
    }

    async fn manager<T>(&self, method: &str, arguments: &T) -> Result<Body, Refusal>
    where
        T: serde::Serialize + DynamicType,
    {
        self.call(ROOT_PATH, MANAGER.name, method, arguments).await
    }

    async fn call<T>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        arguments: &T,
    ) -> Result<Body, Refusal>
    where
        T: serde::Serialize + DynamicType,
    {
        let destination = self.destination.as_deref();
        let answered = self
            .connection
            .call_method(destination, path, Some(interface), method, arguments)
            .await;
        answered.map(|message| message.body()).map_err(refusal)
    }
}

impl StateChanges {
    /// The next transition; `None` when the daemon or the bus has gone.
    pub async fn next(&mut self) -> Option<StateChange> {
        self.changes.recv().await
    }
}

impl Drop for StateChanges {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read_changes(mut stream: MessageStream, sender: UnboundedSender<StateChange>) {
    while let Some(Ok(message)) = next(&mut stream).await {
        // A signal that a newer daemon sends in another shape is not for this version.
        let Ok(change) = state_change(&message.body()) else { continue };
        if sender.send(change).is_err() {
            break;
        }
    }
}

fn state_change(body: &Body) -> zbus::Result<StateChange> {
    type Carried<'m> =
        (zbus::ObjectPath<'m>, String, String, String, HashMap<&'m str, Variant<'m>>);
    let (_, id, from, to, detail): Carried<'_> = body.deserialize()?;
    let cause = match detail.get("Cause") {
        Some(Variant::Str(cause)) => cause.to_string(),
        _ => String::new(),
    };
    let code = |key| detail.get(key).and_then(|value| i32::try_from(value).ok());
    Ok(StateChange {
        id,
        from,
        to,
        pid: detail.get("PID").and_then(|value| u32::try_from(value).ok()).unwrap_or(0),
        timestamp: detail.get("Timestamp").and_then(|v| u64::try_from(v).ok()).unwrap_or(0),
        cause,
        exit_code: code("ExitCode"),
        exit_signal: code("ExitSignal"),
    })
}

/// The daemon on a bus. Asking for the owner of a name starts no service.
async fn owner(connection: &Connection) -> Result<String, String> {
    let asked =
        connection.call_method(Some(BUS), BUS_PATH, Some(BUS), "GetNameOwner", &BUS_NAME).await;
    let body = match asked {
        Ok(reply) => reply.body(),
        Err(zbus::Error::FDO(error)) if matches!(*error, zbus::fdo::Error::NameHasNoOwner(_)) => {
            return Err(format!("nobody owns the name {BUS_NAME}"));
        }
        Err(error) => return Err(reason(&error)),
    };
    body.deserialize().map_err(|error| reason(&error))
}

fn no_options() -> HashMap<&'static str, Variant<'static>> {
    HashMap::new()
}

fn outcomes(body: &Body) -> Result<Outcomes, Refusal> {
    let entries: Vec<HashMap<&str, OwnedVariant>> = body.deserialize().map_err(unreadable)?;
    Ok(entries.into_iter().map(outcome).collect())
}

fn outcome(mut entry: HashMap<&str, OwnedVariant>) -> (String, Result<String, Refusal>) {
    let mut take = |key| entry.remove(key).and_then(|value| String::try_from(value).ok());
    let name = take("Name").unwrap_or_default();
    let result = match take("Error") {
        Some(error) => Err(Refusal::new(fault(&error), take("Text").unwrap_or_default())),
        None => Ok(take("Done").unwrap_or_default()),
    };
    (name, result)
}

fn sorted(body: &Body) -> Result<Vec<(String, Value)>, Refusal> {
    let values: HashMap<&str, Variant<'_>> = body.deserialize().map_err(unreadable)?;
    let mut values: Vec<_> =
        values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value))).collect();
    values.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(values)
}

/// A refusal of the daemon, or a failure on the way to it.
fn refusal(error: zbus::Error) -> Refusal {
    match error {
        zbus::Error::MethodError(name, text, _) => {
            Refusal::new(fault(&name), text.unwrap_or_else(|| name.to_string()))
        }
        zbus::Error::FDO(error) => {
            use zbus::DBusError as _;
            let text = error.description().unwrap_or_default().to_owned();
            Refusal::new(fault(&error.name()), text)
        }
        other => Refusal::new(Fault::Failed, format!("connection lost: {}", reason(&other))),
    }
}

fn unreadable(error: zbus::Error) -> Refusal {
    Refusal::new(Fault::Failed, format!("answer not understood: {error}"))
}

async fn to_socket(path: &str) -> Result<Builder<'static>, String> {
    let stream = tokio::net::UnixStream::connect(path).await.map_err(said)?;
    Ok(Builder::unix_stream(stream.into_std().map_err(said)?).p2p())
}
