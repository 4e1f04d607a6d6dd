//! The methods of `org.visord1.Manager`, `Unit` and `Program`.

use std::collections::HashMap;

use visor_units::engine::{Answer, Command, Outcome, Whom};
use visor_units::fault::{Fault, Refusal};
use visor_units::name::{ProcessName, Selector};
use visor_units::signal::Signal;
use zbus::{Fd, Message, ObjectPath, OwnedVariant};

use crate::bodies::{Columns, Entry, UnitList};
use crate::fault::{CallError, error_name};
use crate::options::Options;
use crate::path::object_path;
use crate::server::{Call, Server, write};
use crate::table::{Manager, Unit, View, text};
use crate::{Action, Authority, Backend, LogRequest};

/// Where jobs will be; until there are any, every answer has none.
pub(crate) const NO_JOBS: &[ObjectPath<'static>] = &[];

/// Failures that an error text names one by one.
const NAMED_FAILURES: usize = 20;

/// The words of `Execute`.
#[derive(Clone, Copy)]
enum Verb {
    Start,
    Stop,
    Restart,
}

impl<B: Backend, A: Authority> Server<B, A> {
    pub(crate) async fn manager_call(
        &self,
        method: &Manager,
        call: &Call,
    ) -> Result<Message, CallError> {
        match method {
            Manager::GetUnit => self.get_unit(call).await,
            Manager::GetUnitByPID => self.get_unit_by_pid(call).await,
            Manager::ListUnits => self.list_units(call).await,
            Manager::Start => self.jobs(Verb::Start, call).await,
            Manager::Stop => self.jobs(Verb::Stop, call).await,
            Manager::Restart => self.jobs(Verb::Restart, call).await,
            Manager::Signal => self.signal(call).await,
            Manager::Execute => self.execute(call).await,
            Manager::Reread => self.reread(call).await,
            Manager::ListConfigured => self.list_configured(call).await,
            Manager::Update => self.update(call).await,
            Manager::AddGroup => self.add_group(call).await,
            Manager::RemoveGroup => self.remove_group(call).await,
            Manager::OpenLog => self.open_log(call).await,
            Manager::ClearLog => self.clear_log(call).await,
            Manager::SendStdin => self.send_stdin(call).await,
            Manager::ReloadConfigOfDaemon => {
                settle(self.backend.reload_daemon(call.who.clone()).await)?;
                call.reply(&())
            }
            Manager::Shutdown => {
                settle(self.backend.command(call.who.clone(), Command::Shutdown).await)?;
                call.reply(&())
            }
        }
    }

    pub(crate) async fn unit_call(
        &self,
        method: &Unit,
        name: ProcessName,
        call: &Call,
    ) -> Result<Message, CallError> {
        let body = call.message.body();
        let verb = match method {
            Unit::Start => Verb::Start,
            Unit::Stop => Verb::Stop,
            Unit::Restart => Verb::Restart,
        };
        settle(self.order(verb, vec![exactly(&name)], body.deserialize()?, call).await?)?;
        call.reply(&NO_JOBS)
    }

    pub(crate) async fn program_open_log(
        &self,
        name: ProcessName,
        call: &Call,
    ) -> Result<Message, CallError> {
        let body = call.message.body();
        let (stream, options): (&str, HashMap<String, OwnedVariant>) = body.deserialize()?;
        self.log(Some(name), stream, options, call).await
    }

    async fn get_unit(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let word: &str = body.deserialize()?;
        let name = process(word)?;
        let row = self.backend.row(&name).await.ok_or_else(|| unknown(word))?;
        let view = self.kinds().await.view(row);
        call.reply(&(
            object_path(&view.row.program.name),
            Entry { view: &view, columns: &Columns::settled() },
        ))
    }

    async fn get_unit_by_pid(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let pid: u32 = body.deserialize()?;
        let unknown = || Refusal::new(Fault::NoSuchUnit, format!("no process with pid {pid}"));
        // A process that does not run has pid 0; that names nothing.
        let found = if pid == 0 { None } else { self.backend.row_by_pid(pid).await };
        let view = self.kinds().await.view(found.ok_or_else(unknown)?);
        call.reply(&(
            object_path(&view.row.program.name),
            Entry { view: &view, columns: &Columns::settled() },
        ))
    }

    async fn list_units(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let mut filter = Options::new(body.deserialize()?);
        let names = filter.words("names")?;
        let states = filter.words("states")?;
        let columns = filter.words("properties")?;
        let sparse = filter.switch("sparse", false)?;
        filter.finish()?;
        let columns =
            columns.map_or_else(Columns::settled, |names| Columns::named(&names)).sparse(sparse);
        let views = self.views(names.as_deref(), states.as_deref(), columns.need_usage()).await;
        let large = views.len() > crate::server::LARGE;
        write(call, large, UnitList { views, columns }).await
    }

    /// Processes by name and state.
    async fn views(
        &self,
        names: Option<&[String]>,
        states: Option<&[String]>,
        usage: bool,
    ) -> Vec<View> {
        let selectors: Option<Vec<Selector>> =
            names.map(|names| names.iter().map(|name| Selector::parse(name)).collect());
        let mut rows = self.backend.rows().await;
        rows.retain(|row| {
            selectors.as_ref().is_none_or(|all| all.iter().any(|s| s.matches(&row.program.name)))
                && states.is_none_or(|all| all.iter().any(|state| state == row.state.name()))
        });
        let kinds = self.kinds().await;
        let mut views: Vec<View> = rows.into_iter().map(|row| kinds.view(row)).collect();
        if usage {
            for view in &mut views {
                view.usage = self.backend.usage(view.row.key).await;
            }
        }
        views
    }

    async fn jobs(&self, verb: Verb, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let (words, options): (Vec<&str>, _) = body.deserialize()?;
        settle(self.order(verb, selectors(&words)?, options, call).await?)?;
        call.reply(&NO_JOBS)
    }

    async fn order(
        &self,
        verb: Verb,
        names: Vec<Selector>,
        options: HashMap<String, OwnedVariant>,
        call: &Call,
    ) -> Result<Answer, CallError> {
        let mut options = Options::new(options);
        let wait = options.switch("wait", true)?;
        options.finish()?;
        let command = match verb {
            Verb::Start => Command::Start { names, wait },
            Verb::Stop => Command::Stop { names, wait },
            Verb::Restart => Command::Restart { names, wait },
        };
        Ok(self.backend.command(call.who.clone(), command).await)
    }

    async fn signal(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let (words, number, whom): (Vec<&str>, i32, &str) = body.deserialize()?;
        let signal = Signal::parse(&number.to_string())
            .map_err(|text| Refusal::new(Fault::BadSignal, text))?;
        let whom = match whom {
            "main" => Whom::Main,
            "group" => Whom::Group,
            _ => return Err(bad(format!("a signal reaches main or group, not {whom:?}")).into()),
        };
        let command = Command::Signal { names: selectors(&words)?, signal, whom };
        settle(self.backend.command(call.who.clone(), command).await)?;
        call.reply(&())
    }

    async fn execute(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let (verb, words, options): (&str, Vec<&str>, HashMap<String, OwnedVariant>) =
            body.deserialize()?;
        let verb = match verb {
            "start" => Verb::Start,
            "stop" => Verb::Stop,
            "restart" => Verb::Restart,
            "update" => {
                self.authority.judge(&call.who, Action::ManageConfig).await?;
                return call.reply(&outcomes(&self.apply(&words, options, call).await?)?);
            }
            _ => return Err(bad(format!("no verb {verb:?}")).into()),
        };
        let answer = self.order(verb, selectors(&words)?, options, call).await?;
        call.reply(&outcomes(&answer)?)
    }

    async fn open_log(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let (word, stream, options): (&str, &str, HashMap<String, OwnedVariant>) =
            body.deserialize()?;
        let name = if word.is_empty() { None } else { Some(process(word)?) };
        self.log(name, stream, options, call).await
    }

    async fn clear_log(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let (words, options): (Vec<&str>, _) = body.deserialize()?;
        Options::new(options).finish()?;
        settle(self.backend.clear(selectors(&words)?).await)?;
        call.reply(&())
    }

    async fn send_stdin(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let (word, bytes): (&str, &[u8]) = body.deserialize()?;
        self.backend.send_stdin(process(word)?, bytes.to_vec()).await?;
        call.reply(&())
    }

    async fn log(
        &self,
        name: Option<ProcessName>,
        stream: &str,
        options: HashMap<String, OwnedVariant>,
        call: &Call,
    ) -> Result<Message, CallError> {
        let mut options = Options::new(options);
        let request = LogRequest {
            name,
            stderr: match stream {
                "stdout" => false,
                "stderr" => true,
                _ => {
                    return Err(bad(format!("a stream is stdout or stderr, not {stream:?}")).into());
                }
            },
            follow: options.switch("follow", false)?,
            lines: options.count("lines")?,
            offset: options.count("offset")?,
            length: options.count("length")?,
        };
        options.finish()?;
        call.reply(&Fd::from(self.backend.open_log(request).await?))
    }
}

fn bad(text: String) -> Refusal {
    Refusal::new(Fault::BadArguments, text)
}

/// The words of a call; none at all is a mistake, not "everything".
fn selectors(words: &[&str]) -> Result<Vec<Selector>, Refusal> {
    if words.is_empty() {
        return Err(bad("no names given".to_owned()));
    }
    Ok(words.iter().map(|word| Selector::parse(word)).collect())
}

fn exactly(name: &ProcessName) -> Selector {
    Selector::Process(name.group.to_string(), name.process.to_string())
}

/// The process that a word names; several are none.
fn process(word: &str) -> Result<ProcessName, Refusal> {
    match Selector::parse(word) {
        Selector::Process(group, process) => Ok(ProcessName::new(group, process)),
        Selector::All | Selector::Group(_) | Selector::Pattern(_) => Err(unknown(word)),
    }
}

fn unknown(word: &str) -> Refusal {
    Refusal::new(Fault::NoSuchUnit, format!("no process named {word:?}"))
}

/// Makes one error of an answer: the only refusal as it is, several as `Failed` with a text that names each.
pub(crate) fn settle(answer: Answer) -> Result<(), Refusal> {
    let outcomes = match answer {
        Answer::Done => return Ok(()),
        Answer::Refused(refusal) => return Err(refusal),
        Answer::Outcomes(outcomes) => outcomes,
    };
    let alone = outcomes.len() == 1;
    let failed: Vec<(String, Refusal)> = outcomes
        .into_iter()
        .filter_map(|outcome| Some((outcome.name, outcome.result.err()?)))
        .collect();
    match failed.as_slice() {
        [] => Ok(()),
        [(_, refusal)] if alone => Err(refusal.clone()),
        _ => Err(Refusal::new(Fault::Failed, name_failures(&failed))),
    }
}

fn name_failures(failed: &[(String, Refusal)]) -> String {
    let mut parts: Vec<String> = failed
        .iter()
        .take(NAMED_FAILURES)
        .map(|(name, refusal)| format!("{name}: {}", refusal.text))
        .collect();
    if failed.len() > NAMED_FAILURES {
        parts.push(format!("and {} more", failed.len() - NAMED_FAILURES));
    }
    parts.join("; ")
}

/// What came of an order for each process, as dictionaries.
fn outcomes(answer: &Answer) -> Result<Vec<HashMap<&'static str, zbus::Variant<'_>>>, Refusal> {
    let outcomes = match answer {
        Answer::Refused(refusal) => return Err(refusal.clone()),
        Answer::Done => return Ok(Vec::new()),
        Answer::Outcomes(outcomes) => outcomes,
    };
    let entry = |outcome: &Outcome| {
        let mut entry = HashMap::from([("Name", text(outcome.name.clone()))]);
        match &outcome.result {
            Ok(done) => {
                entry.insert("Done", text(done.clone()));
            }
            Err(refusal) => {
                entry.insert("Error", text(error_name(refusal.fault)));
                entry.insert("Text", text(refusal.text.clone()));
            }
        }
        entry
    };
    Ok(outcomes.iter().map(entry).collect())
}
