//! Orders for processes, groups and everything: what `start`, `stop` and `signal` have in common.

use super::{Done, start, stop};
use crate::remote::{CallError, ProcessResult};
use crate::supervisor::exception::{Exception, Kind};
use crate::supervisor::names;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};
use visor_units::xmlrpc::Value;

/// The text of a fault for which the server's own stands, alone on its line.
pub(super) const SERVERS_OWN: &str = "";

/// One kind of order.
pub(super) struct Order {
    /// The methods for one process, a group and everything.
    pub(super) methods: [&'static str; 3],
    /// What is given after the name.
    pub(super) params: Vec<Value>,
    /// What stands behind the name of a process that followed it.
    pub(super) success: &'static str,
    /// What a fault means, by its number.
    pub(super) faults: &'static [(i64, &'static str)],
    /// The fault that says it is so already.
    pub(super) harmless: Option<i64>,
    /// The exit status for a group that is not there.
    pub(super) no_group: u8,
}

impl Order {
    /// Gives the order to each of `names`; `all` among them is everything.
    pub(super) fn give(&self, session: &mut Session, names: &[&str]) -> Done {
        let [one, group, all] = self.methods;
        if names.contains(&"all") {
            let results = session.link.ask(all, self.params.clone())?;
            return self.show_all(session, results);
        }
        for name in names {
            match names::split(name) {
                (of, None) => self.give_group(session, group, of),
                (of, Some(process)) => self.give_one(session, one, name, of, process),
            }?;
        }
        Ok(())
    }

    fn params(&self, name: &str) -> Vec<Value> {
        std::iter::once(name.into()).chain(self.params.iter().cloned()).collect()
    }

    fn give_group(&self, session: &mut Session, method: &str, group: &str) -> Done {
        match session.link.ask(method, self.params(group)) {
            Ok(results) => self.show_all(session, results),
            Err(exception) if exception.fault() == Some(fault::BAD_NAME) => {
                session.say(&format!("{group}: ERROR (no such group)"));
                session.status = self.no_group;
                Ok(())
            }
            Err(exception) => Err(exception),
        }
    }

    fn give_one(
        &self,
        session: &mut Session,
        method: &str,
        name: &str,
        group: &str,
        process: &str,
    ) -> Done {
        let answer = session.link.ask::<Value>(method, self.params(name));
        self.show(session, &result(group, Some(process), answer)?)
    }

    fn show_all(&self, session: &mut Session, results: Vec<ProcessResult>) -> Done {
        results.iter().try_for_each(|result| self.show(session, result))
    }

    fn show(&self, session: &mut Session, result: &ProcessResult) -> Done {
        session.say(&self.line(result)?);
        session.count(result.status, self.harmless);
        Ok(())
    }

    fn line(&self, result: &ProcessResult) -> Result<String, Exception> {
        line(result, self.success, self.faults)
    }
}

/// What came of an order for one process: success, a fault, or what is neither.
pub(super) fn result(
    group: &str,
    process: Option<&str>,
    answer: Result<Value, Exception>,
) -> Result<ProcessResult, Exception> {
    let (status, description) = match answer {
        Ok(_) => (fault::SUCCESS, String::new()),
        Err(Exception { kind: Kind::Call(CallError::Fault { code, string }), .. }) => {
            (code, string)
        }
        Err(other) => return Err(other),
    };
    let name = process.map(str::to_owned);
    Ok(ProcessResult { group: group.to_owned(), name, status, description })
}

/// `web: started`, `web: ERROR (already started)`, or the server's own text.
pub(super) fn line(
    result: &ProcessResult,
    success: &str,
    faults: &[(i64, &str)],
) -> Result<String, Exception> {
    let ProcessResult { group, name, status, description } = result;
    // A group where a process is meant has no name, and Python calls that so.
    let name = names::join(group, name.as_deref().unwrap_or("None"));
    let known = faults.iter().find(|(code, _)| code == status);
    match (*status, known) {
        (_, Some((_, SERVERS_OWN))) => Ok(description.clone()),
        (_, Some((_, text))) => Ok(format!("{name}: ERROR ({text})")),
        (fault::SUCCESS, None) => Ok(format!("{name}: {success}")),
        _ => Err(Exception::value(format!("Unknown result code {status} for {name}"))),
    }
}

/// `restart`: stop and start.
pub(super) fn restart(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    if argument.is_empty() {
        session.wrong_usage("Error: restart requires a process name", "restart", status::GENERIC);
        return Ok(());
    }
    stop::run(session, argument)?;
    start::run(session, argument)
}

#[cfg(test)]
mod tests {
    use super::super::signal;
    use super::*;

    #[test]
    fn what_came_of_an_order_is_a_line() {
        let answer = |code, string: &str| {
            let error = CallError::Fault { code, string: string.to_owned() };
            result("g", Some("p"), Err(error.into())).expect("a fault")
        };
        let ok = result("p", Some("p"), Ok(Value::from(true))).expect("an answer");
        assert_eq!(line(&ok, "stopped", signal::FAULTS).expect("a line"), "p: stopped");
        for (code, text) in
            [(fault::NOT_RUNNING, "g:p: ERROR (not running)"), (fault::FAILED, "FAILED: no")]
        {
            assert_eq!(
                line(&answer(code, "FAILED: no"), "", signal::FAULTS).expect("a line"),
                text
            );
        }
        let unknown = line(&answer(6, "SHUTDOWN_STATE"), "", signal::FAULTS).expect_err("no line");
        assert!(
            unknown.line().contains("<class 'ValueError'>, Unknown result code 6 for g:p: file:")
        );
    }
}
