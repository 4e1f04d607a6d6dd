//! What the page can be told to do, and how that is asked for in an address.

use visor_units::name::{ProcessName, Selector};

use super::form::Form;

/// One order of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Show the page again.
    Refresh,
    /// Stop everything.
    StopAll,
    /// Stop everything, and start it.
    RestartAll,
    /// Do something with one process, or with one group.
    Do(Verb, Subject),
}

/// What can be done with a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Stop and start it.
    Restart,
    /// Empty its log files.
    ClearLog,
}

/// With what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A process.
    Process(ProcessName),
    /// Every process of a group: `group:*`. Supervisor's page cannot do that.
    Group(String),
}

impl Verb {
    const ALL: [Self; 4] = [Self::Start, Self::Stop, Self::Restart, Self::ClearLog];

    /// The word in the address.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::ClearLog => "clearlog",
        }
    }

    /// What a button says.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Stop => "Stop",
            Self::Restart => "Restart",
            Self::ClearLog => "Clear log",
        }
    }

    /// What is said when it is done.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Restart => "restarted",
            Self::ClearLog => "cleared",
        }
    }
}

impl Subject {
    /// Reads a name as Supervisor's page does: no patterns, and `name` alone is the process of that name in the group of
    /// that name.
    pub(super) fn parse(word: &str) -> Self {
        match word.split_once(':') {
            Some((group, "" | "*")) => Self::Group(group.to_owned()),
            Some((group, process)) => Self::Process(ProcessName::new(group, process)),
            None => Self::Process(ProcessName::new(word, word)),
        }
    }

    /// The name in addresses and messages.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Process(name) => name.to_string(),
            Self::Group(group) => format!("{group}:*"),
        }
    }

    /// The same, for the engine.
    pub(super) fn selector(&self) -> Selector {
        match self {
            Self::Process(name) => {
                Selector::Process(name.group.as_ref().to_owned(), name.process.as_ref().to_owned())
            }
            Self::Group(group) => Selector::Group(group.clone()),
        }
    }

    /// Whether that process is meant.
    pub(super) fn is(&self, name: &ProcessName) -> bool {
        self.selector().matches(name)
    }

    /// As it is called in a question.
    fn spoken(&self) -> String {
        match self {
            Self::Process(name) => name.to_string(),
            Self::Group(group) => format!("every program of {group}"),
        }
    }
}

impl Action {
    /// Reads the order of a form; `None` if there is none.
    ///
    /// # Errors
    /// If there is one that means nothing: what to tell the person.
    pub(super) fn read(form: &Form) -> Result<Option<Self>, String> {
        let Some(word) = form.get("action") else { return Ok(None) };
        let action = match word {
            "refresh" => Self::Refresh,
            "stopall" => Self::StopAll,
            "restartall" => Self::RestartAll,
            _ => {
                let verb = Verb::ALL.into_iter().find(|verb| verb.word() == word);
                let verb = verb.ok_or_else(|| format!("there is no action \"{word}\""))?;
                let name = form.get("processname");
                let name = name.ok_or_else(|| format!("action={word} needs a processname"))?;
                Self::Do(verb, Subject::parse(name))
            }
        };
        Ok(Some(action))
    }

    /// The word in the address.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::StopAll => "stopall",
            Self::RestartAll => "restartall",
            Self::Do(verb, _) => verb.word(),
        }
    }

    /// The name in the address; empty if it needs none.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Do(_, subject) => subject.word(),
            _ => String::new(),
        }
    }

    /// What its button says.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::Refresh => "Refresh",
            Self::StopAll => "Stop all",
            Self::RestartAll => "Restart all",
            Self::Do(verb, _) => verb.label(),
        }
    }

    /// What a person is asked before it is done.
    pub(super) fn question(&self) -> String {
        match self {
            Self::Refresh => "Refresh the page?".to_owned(),
            Self::StopAll => "Stop every program?".to_owned(),
            Self::RestartAll => "Restart every program?".to_owned(),
            Self::Do(Verb::ClearLog, subject) => format!("Clear the log of {}?", subject.spoken()),
            Self::Do(verb, subject) => format!("{} {}?", verb.label(), subject.spoken()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Option<Action>, String> {
        Action::read(&Form::read(query, b""))
    }

    fn process(group: &str, process: &str) -> Subject {
        Subject::Process(ProcessName::new(group, process))
    }

    #[test]
    fn the_addresses_are_supervisors() {
        for (query, action) in [
            ("action=refresh", Action::Refresh),
            ("action=stopall", Action::StopAll),
            ("action=restartall", Action::RestartAll),
            ("processname=web&action=start", Action::Do(Verb::Start, process("web", "web"))),
            ("processname=g%3Aweb&action=stop", Action::Do(Verb::Stop, process("g", "web"))),
            ("processname=a:b:c&action=restart", Action::Do(Verb::Restart, process("a", "b:c"))),
            ("processname=w*&action=clearlog", Action::Do(Verb::ClearLog, process("w*", "w*"))),
            ("processname=g:*&action=stop", Action::Do(Verb::Stop, Subject::Group("g".into()))),
        ] {
            assert_eq!(read(query), Ok(Some(action)), "{query}");
        }
        assert_eq!(read("message=hello"), Ok(None));
        assert_eq!(read("action="), Ok(None));
    }

    #[test]
    fn what_means_nothing_is_said() {
        assert_eq!(read("action=explode").unwrap_err(), "there is no action \"explode\"");
        assert_eq!(read("action=stop").unwrap_err(), "action=stop needs a processname");
    }

    #[test]
    fn an_order_reads_back_from_its_own_words() {
        for query in ["action=stopall", "action=start&processname=g:*", "action=stop&processname=a"]
        {
            let action = read(query).unwrap().unwrap();
            let again = format!("action={}&processname={}", action.word(), action.name());
            assert_eq!(read(&again), Ok(Some(action)));
        }
    }
}
