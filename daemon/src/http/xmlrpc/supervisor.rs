//! The namespace `supervisor`.

use std::sync::Arc;

use visor_dbus::Backend as _;
use visor_units::config::Difference;
use visor_units::engine::{Answer, Command, Mood, Outcome, State, Whom};
use visor_units::fault::{Fault as Kind, Refusal};
use visor_units::name::{ProcessName, Selector};
use visor_units::signal::Signal;
use visor_units::unit::{Group, LogLevel, Program};
use visor_units::xmlrpc::Value;

use super::args::Args;
use super::fault::{Code, Fault, SUCCESS};
use super::info::{Configured, Process};
use super::table::Act;
use super::{Caller, logs};
use crate::child::launcher;
use crate::configuration::SUPERVISOR_VERSION;
use crate::core::View;
use crate::door::Door;
use crate::http::clock::Clock;
use crate::log::Stream;

/// The version of the interface.
const API_VERSION: &str = "3.0";

/// What a name stands for.
enum Target {
    /// A whole group, `group:*` or `group:`.
    Group(String),
    /// One process, `group:process`, or a name that stands for both.
    Process(ProcessName),
}

impl Target {
    fn of(name: &str) -> Self {
        match name.split_once(':') {
            Some((group, "" | "*")) => Self::Group(group.to_owned()),
            Some((group, process)) => Self::Process(ProcessName::new(group, process)),
            None => Self::Process(ProcessName::new(name, name)),
        }
    }
}

/// Whether the command of each names something that can be run now.
///
/// # Errors
/// If that cannot be found out.
pub(in crate::http) async fn check_commands(
    door: &Door,
    programs: Vec<Arc<Program>>,
) -> Result<Vec<Result<(), Fault>>, Fault> {
    let settings = door.look(|view| view.settings.launch.clone()).await;
    let settings = settings.ok_or(Code::ShutdownState)?;
    let checking = tokio::task::spawn_blocking(move || {
        let check = |program: &Arc<Program>| {
            launcher::resolve(program, &settings)
                .map(drop)
                .map_err(|error| Fault::of_command(&error))
        };
        programs.iter().map(check).collect()
    });
    checking.await.map_err(|error| Code::Failed.about(error.to_string()))
}

fn selector(name: &ProcessName) -> Selector {
    Selector::Process(name.group.to_string(), name.process.to_string())
}

impl Caller<'_> {
    /// Does what a method is for.
    pub(super) async fn act(&self, act: Act, args: &Args<'_>) -> Result<Value, Fault> {
        if act == Act::SendRemoteCommEvent {
            return self.send_event(args).await;
        }
        self.refuse_when_going_down().await?;
        match act {
            Act::GetApiVersion => Ok(API_VERSION.into()),
            Act::GetSupervisorVersion => Ok(SUPERVISOR_VERSION.into()),
            Act::GetIdentification => {
                self.look(|view| view.settings.identifier.clone().into()).await
            }
            Act::GetState => Ok(Value::members([
                ("statecode", 1.into()),
                ("statename", Mood::Running.name().into()),
            ])),
            Act::GetPid => Ok(i64::from(std::process::id()).into()),
            Act::Shutdown => self.order(Command::Shutdown).await.map(|_| true.into()),
            Act::Restart => match self.face.door.reload_daemon(self.who.clone()).await {
                Answer::Refused(refusal) => Err(Fault::of(&refusal, "")),
                Answer::Done | Answer::Outcomes(_) => Ok(true.into()),
            },
            Act::ReloadConfig => self.reload_config().await,
            Act::AddProcessGroup => self.add_group(args.text(0)?).await,
            Act::RemoveProcessGroup => self.remove_group(args.text(0)?).await,
            Act::StartProcess => self.start_process(args.text(0)?, args.truth(1)).await,
            Act::StartGroup => {
                let name = args.text(0)?;
                self.start_all(self.group(name, name).await?, args.truth(1)).await
            }
            Act::StartAll => self.start_all(self.everything().await?, args.truth(0)).await,
            Act::StopProcess => self.stop_process(args.text(0)?, args.truth(1)).await,
            Act::StopGroup => {
                let name = args.text(0)?;
                self.group(name, name).await?;
                self.stop_all(Selector::Group(name.to_owned()), args.truth(1)).await
            }
            Act::StopAll => self.stop_all(Selector::All, args.truth(0)).await,
            Act::SignalProcess => self.signal_process(args.text(0)?, &signal(args)?).await,
            Act::SignalGroup => {
                let name = args.text(0)?;
                self.signal_all(self.group(name, name).await?, &signal(args)?).await
            }
            Act::SignalAll => {
                let signal = shown(args.0.first().unwrap_or(&Value::Nil));
                self.signal_all(self.everything().await?, &signal).await
            }
            Act::GetProcessInfo => Ok(self.process(args.text(0)?).await?.info(&Clock::now())),
            Act::GetAllProcessInfo => self.all_process_info().await,
            Act::GetAllConfigInfo => self.all_config_info().await,
            Act::ReadLog => {
                let path = self.look(|view| view.settings.logfile.clone()).await?;
                logs::read(path, args.number(0)?, args.number(1)?).await
            }
            Act::ClearLog => self.clear_log().await,
            Act::ReadStdout => self.read_log(Stream::Stdout, args).await,
            Act::ReadStderr => self.read_log(Stream::Stderr, args).await,
            Act::TailStdout => self.tail_log(Stream::Stdout, args).await,
            Act::TailStderr => self.tail_log(Stream::Stderr, args).await,
            Act::ClearProcessLogs => self.clear_logs(args.text(0)?).await,
            Act::ClearAllProcessLogs => self.clear_all_logs().await,
            Act::SendProcessStdin => self.send_stdin(args).await,
            Act::SendRemoteCommEvent => self.send_event(args).await,
        }
    }

    /// Supervisor answers nobody any more once it is being stopped, or restarted.
    async fn refuse_when_going_down(&self) -> Result<(), Fault> {
        match self.look(|view| view.engine.mood()).await? {
            Mood::Running => Ok(()),
            Mood::Restarting | Mood::Shutdown => Err(Code::ShutdownState.into()),
        }
    }

    async fn look<T: Send + 'static>(
        &self,
        see: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        self.face.door.look(see).await.ok_or_else(|| Code::ShutdownState.into())
    }

    /// Gives an order; what came of it for each process.
    async fn order(&self, command: Command) -> Result<Vec<Outcome>, Fault> {
        match self.face.door.command(self.who.clone(), command).await {
            Answer::Refused(refusal) => Err(Fault::of(&refusal, "")),
            Answer::Done => Ok(Vec::new()),
            Answer::Outcomes(outcomes) => Ok(outcomes),
        }
    }

    /// Gives an order about one process or group, which was called `name`.
    async fn order_one(&self, command: Command, name: &str) -> Result<Value, Fault> {
        let about = |refusal: &Refusal| Fault::of(refusal, name);
        match self.face.door.command(self.who.clone(), command).await {
            Answer::Refused(refusal) => Err(about(&refusal)),
            Answer::Done => Ok(true.into()),
            Answer::Outcomes(outcomes) => {
                let refused = outcomes.into_iter().find_map(|outcome| outcome.result.err());
                refused.map_or(Ok(true.into()), |refusal| Err(about(&refusal)))
            }
        }
    }

    /// One process by its name; a group is none.
    async fn process(&self, name: &str) -> Result<Process, Fault> {
        match Target::of(name) {
            Target::Process(process) => {
                self.find(process).await?.ok_or_else(|| Code::BadName.about(name))
            }
            Target::Group(_) => Err(Code::BadName.about(name)),
        }
    }

    async fn find(&self, name: ProcessName) -> Result<Option<Process>, Fault> {
        self.look(move |view| {
            let key = view.engine.find(&name)?;
            Some(Process { row: view.engine.row(key)?, paths: view.paths.of(key) })
        })
        .await
    }

    /// Every process, in start order.
    async fn everything(&self) -> Result<Vec<Process>, Fault> {
        self.look(|view| {
            let rows = view.engine.snapshot().into_iter();
            rows.map(|row| Process { paths: view.paths.of(row.key), row }).collect()
        })
        .await
    }

    /// The processes of a group, which was called `name`.
    async fn group(&self, group: &str, name: &str) -> Result<Vec<Process>, Fault> {
        let wanted = group.to_owned();
        let is_there =
            move |view: &View<'_>| view.engine.groups().iter().any(|g| *g.name == *wanted);
        if !self.look(is_there).await? {
            return Err(Code::BadName.about(name));
        }
        let mut processes = self.everything().await?;
        processes.retain(|process| *process.row.program.name.group == *group);
        Ok(processes)
    }

    async fn reload_config(&self) -> Result<Value, Fault> {
        let found = self.face.door.reload_config().await;
        let Difference { added, changed, removed } =
            found.map_err(|refusal| Fault::of(&refusal, ""))?;
        let names = |list: Vec<Arc<str>>| {
            Value::Array(list.iter().map(|name| Value::from(&**name)).collect())
        };
        let lists = vec![names(added), names(changed), names(removed)];
        Ok(Value::Array(vec![Value::Array(lists)]))
    }

    async fn add_group(&self, name: &str) -> Result<Value, Fault> {
        let wanted = name.to_owned();
        let found = self.look(move |view| {
            view.settings.groups.iter().find(|group| *group.name == *wanted).cloned()
        });
        let group = found.await?.ok_or_else(|| Code::BadName.about(name))?;
        self.order_one(Command::AddGroup(group), name).await
    }

    async fn remove_group(&self, name: &str) -> Result<Value, Fault> {
        self.order_one(Command::RemoveGroup(name.to_owned()), name).await
    }

    async fn start_process(&self, name: &str, wait: bool) -> Result<Value, Fault> {
        if let Target::Group(group) = Target::of(name) {
            return self.start_all(self.group(&group, name).await?, wait).await;
        }
        let process = self.process(name).await?;
        let program = process.row.program;
        check_commands(&self.face.door, vec![program.clone()]).await?.pop().unwrap_or(Ok(()))?;
        if process.row.state == State::Unknown {
            return Err(unknown(name));
        }
        let names = vec![selector(&program.name)];
        self.order_one(Command::Start { names, wait }, name).await
    }

    /// Starts what does not run. Whose command names nothing that can be run is not even tried.
    async fn start_all(&self, processes: Vec<Process>, wait: bool) -> Result<Value, Fault> {
        let idle = processes.into_iter().filter(|process| !process.row.state.is_running());
        let programs: Vec<Arc<Program>> = idle.map(|process| process.row.program).collect();
        let checks = check_commands(&self.face.door, programs.clone()).await?;
        let (mut statuses, mut names) = (Vec::new(), Vec::new());
        for (program, check) in programs.iter().zip(checks) {
            match check {
                Ok(()) => names.push(selector(&program.name)),
                Err(fault) => statuses.push(status(&program.name, Err(fault))),
            }
        }
        if !names.is_empty() {
            let outcomes = self.order(Command::Start { names, wait }).await?;
            // What somebody else has started meanwhile was not attempted.
            let attempted = outcomes.into_iter().filter(|outcome| !is_already_so(outcome));
            statuses.extend(attempted.map(|outcome| status_of(&outcome)));
        }
        Ok(Value::Array(statuses))
    }

    async fn stop_process(&self, name: &str, wait: bool) -> Result<Value, Fault> {
        match Target::of(name) {
            Target::Group(group) => {
                self.group(&group, name).await?;
                self.stop_all(Selector::Group(group), wait).await
            }
            Target::Process(process) => {
                let names = vec![selector(&process)];
                self.order_one(Command::Stop { names, wait }, name).await
            }
        }
    }

    async fn stop_all(&self, which: Selector, wait: bool) -> Result<Value, Fault> {
        let outcomes = self.order(Command::Stop { names: vec![which], wait }).await?;
        Ok(Value::Array(outcomes.iter().map(status_of).collect()))
    }

    async fn signal_process(&self, name: &str, signal: &str) -> Result<Value, Fault> {
        if let Target::Group(group) = Target::of(name) {
            return self.signal_all(self.group(&group, name).await?, signal).await;
        }
        let process = self.process(name).await?;
        let signal = Signal::parse(signal).map_err(|_| Code::BadSignal.about(signal))?;
        let names = vec![selector(&process.row.program.name)];
        self.order_one(Command::Signal { names, signal, whom: Whom::Main }, name).await
    }

    async fn signal_all(&self, processes: Vec<Process>, signal: &str) -> Result<Value, Fault> {
        let alive = processes.into_iter().filter(|process| {
            matches!(process.row.state, State::Running | State::Starting | State::Stopping)
        });
        let names: Vec<ProcessName> =
            alive.map(|process| process.row.program.name.clone()).collect();
        let Ok(known) = Signal::parse(signal) else {
            let refused = |name| status(name, Err(Code::BadSignal.about(signal)));
            return Ok(Value::Array(names.iter().map(refused).collect()));
        };
        let names = names.iter().map(selector).collect();
        let outcomes =
            self.order(Command::Signal { names, signal: known, whom: Whom::Main }).await?;
        Ok(Value::Array(outcomes.iter().map(status_of).collect()))
    }

    async fn all_process_info(&self) -> Result<Value, Fault> {
        let mut processes = self.everything().await?;
        // There may be thousands, and the core has other things to do.
        let telling = tokio::task::spawn_blocking(move || {
            processes.sort_by(|a, b| a.row.program.name.cmp(&b.row.program.name));
            let clock = Clock::now();
            Value::Array(processes.iter().map(|process| process.info(&clock)).collect())
        });
        telling.await.map_err(|error| Code::Failed.about(error.to_string()))
    }

    async fn all_config_info(&self) -> Result<Value, Fault> {
        let configured: Vec<Configured> = self
            .look(|view| {
                let running = view.engine.groups();
                let groups = view.settings.groups.iter();
                groups.map(|group| configured(view, &running, group)).collect()
            })
            .await?;
        let mut infos: Vec<_> = configured.iter().flat_map(Configured::infos).collect();
        infos.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Value::Array(infos.into_iter().map(|(_, info)| info).collect()))
    }

    async fn clear_log(&self) -> Result<Value, Fault> {
        let path = self.look(|view| view.settings.logfile.clone()).await?;
        if !path.is_some_and(|path| path.exists()) {
            return Err(Code::NoFile.into());
        }
        // As Supervisor, into what is about to go.
        self.face.door.say(LogLevel::Info, "reopening log file");
        self.face.door.clear_main_log().await.map_err(|_| Code::Failed)?;
        Ok(true.into())
    }

    async fn read_log(&self, stream: Stream, args: &Args<'_>) -> Result<Value, Fault> {
        let path = self.process(args.text(0)?).await?.log(stream);
        logs::read(path, args.number(1)?, args.number(2)?).await
    }

    async fn tail_log(&self, stream: Stream, args: &Args<'_>) -> Result<Value, Fault> {
        let path = self.process(args.text(0)?).await?.log(stream);
        logs::tail(path, args.number(1)?, args.number(2)?).await
    }

    async fn clear_logs(&self, name: &str) -> Result<Value, Fault> {
        let process = self.process(name).await?;
        let cleared = self.face.door.clear_logs(process.row.key).await;
        cleared.map(|()| true.into()).map_err(|_| Code::Failed.about(name))
    }

    async fn clear_all_logs(&self) -> Result<Value, Fault> {
        let mut statuses = Vec::new();
        for Process { row, .. } in self.everything().await? {
            let name = &row.program.name;
            let cleared = self.face.door.clear_logs(row.key).await;
            statuses.push(status(name, cleared.map_err(|_| Code::Failed.about(name.to_string()))));
        }
        Ok(Value::Array(statuses))
    }

    async fn send_stdin(&self, args: &Args<'_>) -> Result<Value, Fault> {
        let given = args.0.get(1).unwrap_or(&Value::Nil);
        let text = given.as_str().ok_or_else(|| Code::IncorrectParameters.about(shown(given)))?;
        let name = args.text(0)?;
        let process = self.process(name).await?.row.program.name.clone();
        let sent = self.face.door.send_stdin(process, text.into()).await;
        sent.map(|()| true.into()).map_err(|refusal| Fault::of(&refusal, name))
    }

    async fn send_event(&self, args: &Args<'_>) -> Result<Value, Fault> {
        let text = |at| args.0.get(at).filter(|value| !is_compound(value)).map(shown);
        let (Some(kind), Some(data)) = (text(0), text(1)) else {
            return Err(Code::IncorrectParameters.into());
        };
        let sent = self.face.door.remote_comm(kind, data).await;
        sent.map(|()| true.into()).map_err(|refusal| Fault::of(&refusal, ""))
    }
}

fn configured(view: &View<'_>, running: &[Arc<Group>], group: &Arc<Group>) -> Configured {
    let found = running.iter().find(|other| other.name == group.name);
    let is_the_same = found.is_some_and(|found| Arc::ptr_eq(found, group));
    let paths = || {
        let keys = group.programs.iter().map(|program| view.engine.find(&program.name));
        keys.map(|key| key.map(|key| view.paths.of(key)).unwrap_or_default()).collect()
    };
    Configured { group: Arc::clone(group), in_use: found.is_some(), paths: is_the_same.then(paths) }
}

fn unknown(name: &str) -> Fault {
    Code::Failed.about(format!("{name} is in an unknown process state"))
}

fn is_already_so(outcome: &Outcome) -> bool {
    matches!(&outcome.result, Err(refusal) if refusal.fault == Kind::AlreadyStarted)
}

/// What came of an order for one process.
fn status_of(outcome: &Outcome) -> Value {
    let name = match Target::of(&outcome.name) {
        Target::Process(name) => name,
        Target::Group(name) => ProcessName::new(name.as_str(), name.as_str()),
    };
    let refused = |refusal: &Refusal| Fault::of(refusal, &outcome.name);
    status(&name, outcome.result.as_ref().map(drop).map_err(refused))
}

fn status(name: &ProcessName, result: Result<(), Fault>) -> Value {
    let (code, description) = match result {
        Ok(()) => (SUCCESS, "OK".to_owned()),
        Err(fault) => (fault.code as i32, fault.text()),
    };
    Value::members([
        ("name", (&*name.process).into()),
        ("group", (&*name.group).into()),
        ("status", code.into()),
        ("description", description.into()),
    ])
}

/// The signal, by name or number.
fn signal(args: &Args<'_>) -> Result<String, Fault> {
    args.0.get(1).map(shown).ok_or_else(|| Code::IncorrectParameters.into())
}

fn is_compound(value: &Value) -> bool {
    matches!(value, Value::Base64(_) | Value::Array(_) | Value::Struct(_))
}

/// A simple value as Python shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::Nil => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => format!("{number:?}"),
        Value::String(text) | Value::DateTime(text) => text.clone(),
        Value::Base64(_) | Value::Array(_) | Value::Struct(_) => String::new(),
    }
}
