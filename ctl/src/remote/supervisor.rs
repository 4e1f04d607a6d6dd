//! A Supervisor asked what visord is asked on its bus, in visord's terms.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinHandle;
use visor_dbus::{ConfiguredRow, LogRequest, Outcomes, UnitRow};
use visor_units::config::Difference;
use visor_units::fault::{Fault, Refusal};
use visor_units::name::ProcessName;
use visor_units::signal::Signal;
use visor_units::xmlrpc::Value;

use super::{
    CallError, ConfigInfo, ProcessInfo, ProcessResult, Remote, RemoteLog, Reply, properties,
};

/// A Supervisor that has answered.
pub(crate) struct Supervisor(Remote);

/// Names of properties with their values.
type Properties = Vec<(String, visor_dbus::Value)>;

/// The refusal of what its methods do not reach.
fn beyond(what: &str, instead: &str) -> Refusal {
    Refusal::new(Fault::Failed, format!("Supervisor's methods give no {what}; {instead}"))
}

impl Supervisor {
    /// Asks whether it is there.
    pub(crate) async fn connect(remote: Remote) -> Result<Self, CallError> {
        remote.ask::<String>("getSupervisorVersion", []).await?;
        Ok(Self(remote))
    }

    pub(crate) async fn list(&self) -> Result<Vec<UnitRow>, Refusal> {
        let infos: Vec<ProcessInfo> = self.ask("getAllProcessInfo", []).await?;
        // Some versions cannot tell this; the rest is worth showing without it.
        let configured = self.ask::<Vec<ConfigInfo>>("getAllConfigInfo", []).await;
        let configured = by_name(configured.unwrap_or_default());
        let row = |info: ProcessInfo| {
            let known = configured.get(&(info.group.clone(), info.name.clone()));
            info.into_row(known)
        };
        Ok(infos.into_iter().map(row).collect())
    }

    pub(crate) async fn start_all(&self, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        Ok(self.order("startProcess", names, wait, "started").await)
    }

    pub(crate) async fn stop_all(&self, names: &[&str], wait: bool) -> Result<Outcomes, Refusal> {
        Ok(self.order("stopProcess", names, wait, "stopped").await)
    }

    /// Stops what runs, and starts all of it. What cannot be stopped is not started.
    pub(crate) async fn restart_all(
        &self,
        names: &[&str],
        wait: bool,
    ) -> Result<Outcomes, Refusal> {
        let stopped = self.order("stopProcess", names, true, "stopped").await;
        let (down, refused): (Outcomes, Outcomes) = stopped.into_iter().partition(|(_, result)| {
            result.as_ref().map_or_else(|refusal| refusal.fault == Fault::NotRunning, |_| true)
        });
        let down: Vec<&str> = down.iter().map(|(name, _)| name.as_str()).collect();
        let started = self.order("startProcess", &down, wait, "restarted").await;
        Ok(started.into_iter().chain(refused).collect())
    }

    pub(crate) async fn signal(
        &self,
        name: &str,
        signal: Signal,
        group: bool,
    ) -> Result<(), Refusal> {
        if group {
            return Err(beyond("way to a process group", "leave out --group"));
        }
        let params = [name.into(), signal.0.to_string().into()];
        self.ask::<Value>("signalProcess", params).await.map(drop)
    }

    /// Writes text to the standard input of a process; as base64, since XML does not allow every character.
    pub(crate) async fn send_stdin(&self, name: &str, bytes: &[u8]) -> Result<(), Refusal> {
        if str::from_utf8(bytes).is_err() {
            return Err(beyond("way to send what is no UTF-8 text", "encode it"));
        }
        let params = [name.into(), Value::Base64(bytes.to_vec())];
        self.ask::<Value>("sendProcessStdin", params).await.map(drop)
    }

    /// The output of a process, or of the daemon.
    pub(crate) async fn open_log(&self, request: &LogRequest) -> Result<RemoteLog, Refusal> {
        RemoteLog::open(&self.0, request).await
    }

    /// What is known of these processes, by name and in their order.
    pub(crate) async fn properties(&self, names: &[&str]) -> Result<Vec<Properties>, Refusal> {
        let told: Vec<Value> = self.ask("getAllProcessInfo", []).await?;
        // Supervisor 3 cannot tell this; the rest is worth showing without it.
        let configured = self.ask::<Vec<Value>>("getAllConfigInfo", []).await.unwrap_or_default();
        let (told, configured) = (by_id(&told), by_id(&configured));
        let known = |name: &&str| {
            let info = told.get(*name)?;
            properties::of(info, configured.get(*name).copied())
        };
        let no_such = || Refusal::from(Fault::NoSuchUnit);
        names.iter().map(|name| known(name).ok_or_else(no_such)).collect()
    }

    pub(crate) async fn reread(&self) -> Result<Difference, Refusal> {
        let answer: Vec<Vec<Vec<String>>> = self.ask("reloadConfig", []).await?;
        let mut lists = answer.into_iter().flatten();
        let mut next = || lists.next().unwrap_or_default().into_iter().map(Arc::from).collect();
        Ok(Difference { added: next(), changed: next(), removed: next() })
    }

    /// Supervisor tells what was read last; so it is read first.
    pub(crate) async fn configured(&self) -> Result<Vec<ConfiguredRow>, Refusal> {
        self.reread().await?;
        let infos: Vec<ConfigInfo> = self.ask("getAllConfigInfo", []).await?;
        Ok(infos.into_iter().map(ConfigInfo::into_row).collect())
    }

    /// Supervisor adds from what was read last; so it is read first.
    pub(crate) async fn add_group(&self, group: &str) -> Result<(), Refusal> {
        self.reread().await?;
        self.add(group).await
    }

    pub(crate) async fn remove_group(&self, group: &str) -> Result<(), Refusal> {
        self.ask::<Value>("removeProcessGroup", [group.into()]).await.map(drop)
    }

    pub(crate) async fn clear_log(&self, name: &str) -> Result<(), Refusal> {
        self.ask::<Value>("clearProcessLogs", [name.into()]).await.map(drop)
    }

    /// What is gone goes first, and what is new comes last, as in supervisorctl.
    pub(crate) async fn update_outcomes(&self, groups: &[String]) -> Result<Outcomes, Refusal> {
        let found = self.reread().await?;
        let is_meant =
            |group: &&Arc<str>| groups.is_empty() || groups.iter().any(|g| **g == ***group);
        let mut outcomes = Outcomes::new();
        for group in found.removed.iter().filter(is_meant) {
            outcomes.push(done(group, "removed", self.remove(group).await));
        }
        for group in found.changed.iter().filter(is_meant) {
            let changed = match self.remove(group).await {
                Ok(()) => self.add(group).await,
                refused => refused,
            };
            outcomes.push(done(group, "updated", changed));
        }
        for group in found.added.iter().filter(is_meant) {
            outcomes.push(done(group, "added", self.add(group).await));
        }
        Ok(outcomes)
    }

    pub(crate) async fn reload_daemon(&self) -> Result<(), Refusal> {
        self.ask::<Value>("restart", []).await.map(drop)
    }

    pub(crate) async fn shutdown(&self) -> Result<(), Refusal> {
        self.ask::<Value>("shutdown", []).await.map(drop)
    }

    /// The two that have a method.
    pub(crate) async fn manager_property(&self, name: &str) -> Result<String, Refusal> {
        match name {
            "Version" => self.ask("getSupervisorVersion", []).await,
            "PID" => self.ask::<i64>("getPID", []).await.map(|pid| pid.to_string()),
            _ => Err(beyond("properties", "its log says more")),
        }
    }

    /// Gives an order for each process; all at once, since each may take its time.
    async fn order(
        &self,
        method: &'static str,
        names: &[&str],
        wait: bool,
        success: &str,
    ) -> Outcomes {
        let give = |name: &&str| -> JoinHandle<Result<Value, CallError>> {
            let (remote, params) = (self.0.clone(), vec![(*name).into(), wait.into()]);
            tokio::spawn(async move { remote.ask(method, params).await })
        };
        let given: Vec<_> = names.iter().map(give).collect();
        let mut outcomes = Outcomes::new();
        for (name, answer) in names.iter().zip(given) {
            let result = match answer.await {
                Ok(answer) => answer.map(|_| success.to_owned()).map_err(refusal),
                Err(error) => Err(Refusal::new(Fault::Failed, error.to_string())),
            };
            outcomes.push(((*name).to_owned(), result));
        }
        outcomes
    }

    /// Stops what runs of it first.
    async fn remove(&self, group: &str) -> Result<(), Refusal> {
        let results: Vec<ProcessResult> = self.ask("stopProcessGroup", [group.into()]).await?;
        let failed = results.iter().find(|result| result.status == i64::from(Fault::Failed.code()));
        match failed {
            Some(result) => Err(Refusal::new(Fault::Failed, &*result.description)),
            None => self.remove_group(group).await,
        }
    }

    async fn add(&self, group: &str) -> Result<(), Refusal> {
        self.ask::<Value>("addProcessGroup", [group.into()]).await.map(drop)
    }

    async fn ask<R: Reply>(
        &self,
        method: &str,
        params: impl Into<Vec<Value>>,
    ) -> Result<R, Refusal> {
        self.0.ask(method, params).await.map_err(refusal)
    }
}

fn by_name(all: Vec<ConfigInfo>) -> HashMap<(String, String), ConfigInfo> {
    all.into_iter().map(|info| ((info.group.clone(), info.name.clone()), info)).collect()
}

/// Structs that say of which process they are, by its name as it is shown.
fn by_id(all: &[Value]) -> HashMap<String, &Value> {
    let text = |value: &Value, key| value.member(key).and_then(Value::as_str).map(str::to_owned);
    let id = |value: &Value| Some(ProcessName::new(text(value, "group")?, text(value, "name")?));
    all.iter().filter_map(|value| Some((id(value)?.to_string(), value))).collect()
}

fn done(group: &str, what: &str, result: Result<(), Refusal>) -> (String, Result<String, Refusal>) {
    (group.to_owned(), result.map(|()| format!("{what} process group")))
}

/// A fault in visord's terms. Its name before the text says nothing to people.
pub(super) fn refusal(error: CallError) -> Refusal {
    match error {
        CallError::Fault { code, string } => {
            let known = Fault::ALL.into_iter().find(|fault| i64::from(fault.code()) == code);
            let fault = known.unwrap_or(Fault::Failed);
            let told = string.split_once(": ").map_or(string.as_str(), |(_, text)| text);
            let text = match fault {
                Fault::Failed | Fault::ConfigInvalid => told,
                fault => fault.text(),
            };
            Refusal::new(fault, text)
        }
        CallError::Status { code: 401 | 403, .. } => {
            Refusal::new(Fault::NotAuthorized, error.to_string())
        }
        other => Refusal::new(Fault::Failed, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_in_visords_terms() {
        for (code, string, fault, text) in [
            (60, "ALREADY_STARTED: web", Fault::AlreadyStarted, "already started"),
            (30, "FAILED: no such luck: really", Fault::Failed, "no such luck: really"),
            (92, "CANT_REREAD: bad line", Fault::ConfigInvalid, "bad line"),
            (1234, "X", Fault::Failed, "X"),
        ] {
            let told = refusal(CallError::Fault { code, string: string.to_owned() });
            assert_eq!((told.fault, told.text.as_str()), (fault, text));
        }
    }
}
