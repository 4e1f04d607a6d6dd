//! One session: commands are carried out one after the other, and the exit status is what they leave behind.

use std::io::{self, Stdin, Write as _};
use std::process::ExitCode;
use std::rc::Rc;

use super::commands::{self, Done};
use super::exception::{Exception, Kind};
use super::link::Link;
use super::options::Options;
use super::status::{self, fault};
use crate::input::{self, Lines};
use crate::remote::CallError;

/// What every command is given.
pub(super) struct Session {
    /// The server.
    pub(super) link: Rc<Link>,
    /// The exit status so far. A command that goes well does not take back what an earlier one left.
    pub(super) status: u8,
    /// Whether a person answers questions.
    pub(super) interactive: bool,
    /// Whether the shell is to end.
    pub(super) over: bool,
    /// Standard input.
    pub(super) input: Lines<Stdin>,
    /// The prompt of the shell, with what stands after it.
    pub(super) prompt: String,
    /// Where the shell keeps its history.
    pub(super) history_file: Option<String>,
}

/// The version of the methods that supervisorctl knows.
const API_VERSION: &str = "3.0";

/// The exit status of a program that Ctrl-C ends.
const INTERRUPTED: u8 = 130;

impl Session {
    pub(super) fn new(options: Options) -> io::Result<Self> {
        Ok(Self {
            link: Rc::new(Link::new(&options)?),
            status: 0,
            interactive: options.interactive,
            over: false,
            input: Lines::new(io::stdin()),
            prompt: format!("{}> ", options.ctl.prompt),
            history_file: options.ctl.history_file,
        })
    }

    /// Carries out one command and says how it went.
    pub(super) fn once(&mut self, line: &str) -> ExitCode {
        match self.carry_out(line) {
            Ok(()) => self.status.into(),
            Err(_) => INTERRUPTED.into(),
        }
    }

    /// Carries out one line. What a command does not handle is shown.
    ///
    /// # Errors
    /// Only Ctrl-C.
    pub(super) fn carry_out(&mut self, line: &str) -> Done {
        let Some((name, argument)) = parse(line) else { return Ok(()) };
        let Some(command) = commands::find(&name) else {
            self.say(&format!("*** Unknown syntax: {}", line.trim()));
            self.status = status::GENERIC;
            return Ok(());
        };
        self.link.forget();
        loop {
            let result = (command.run)(self, argument);
            let result = match result {
                Err(exception) if wants_login(&exception) && self.log_in()? => continue,
                Err(exception) if wants_login(&exception) => Ok(()),
                other => other,
            };
            return result.or_else(|exception| self.show(exception));
        }
    }

    fn show(&mut self, exception: Exception) -> Done {
        if matches!(exception.kind, Kind::Interrupt) {
            return Err(exception);
        }
        self.say(&exception.line());
        self.status = status::GENERIC;
        Ok(())
    }

    /// Asks who is there; `false` if nobody is who could answer.
    fn log_in(&mut self) -> Result<bool, Exception> {
        self.say("Server requires authentication");
        if !self.interactive {
            self.status = status::GENERIC;
            return Ok(false);
        }
        let login = self.ask_person("Username:").and_then(|name| Ok((name, self.ask_password()?)));
        match login {
            Ok(login) => {
                self.say("");
                self.link.set_login(login);
                Ok(true)
            }
            Err(exception) => self.show(exception).map(|()| false),
        }
    }

    fn ask_password(&self) -> Result<String, Exception> {
        match self.link.interruptible(input::password("Password:"))? {
            Ok(Some(password)) => Ok(password),
            Ok(None) => Err(Kind::EndOfInput.into()),
            Err(error) => Err(CallError::Io(error).into()),
        }
    }

    /// Shows a prompt and waits for a line.
    #[track_caller]
    pub(super) fn ask_person(&mut self, prompt: &str) -> Result<String, Exception> {
        write(prompt);
        match self.link.interruptible(self.input.next())? {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(Kind::EndOfInput.into()),
            Err(error) => Err(CallError::Io(error).into()),
        }
    }

    /// Asks a question that only a clear yes agrees to; nobody there is agreed.
    pub(super) fn agreed(&mut self, question: &str) -> Result<bool, Exception> {
        Ok(!self.interactive || self.ask_person(question)?.to_lowercase().starts_with('y'))
    }

    /// Shows a line.
    pub(super) fn say(&self, text: &str) {
        write(&format!("{text}\n"));
    }

    /// Shows what is wrong with the argument, and the help of the command.
    pub(super) fn wrong_usage(&mut self, text: &str, command: &str, status: u8) {
        self.say(text);
        self.status = status;
        commands::help::of(self, command);
    }

    /// Whether the server is there and speaks our version. If it is not, says so.
    pub(super) fn is_up(&mut self) -> Result<bool, Exception> {
        let url = self.link.url();
        // The old name of getAPIVersion, which every version has.
        let (text, status) = match self.link.ask::<String>("getVersion", []) {
            Ok(version) if version == API_VERSION => return Ok(true),
            Ok(version) => (other_version(&version), status::OTHER_VERSION),
            Err(exception) => match (exception.fault(), exception.os_error()) {
                (Some(fault::UNKNOWN_METHOD), _) => (NO_METHODS.to_owned(), status::NO_METHODS),
                (_, Some(io::ErrorKind::ConnectionRefused)) => {
                    (format!("{url} refused connection"), status::REFUSED)
                }
                (_, Some(io::ErrorKind::NotFound)) => {
                    (format!("{url} no such file"), status::NOT_RUNNING)
                }
                _ => return Err(exception),
            },
        };
        self.say(&text);
        self.status = status;
        Ok(false)
    }

    /// Lets a fault of one process count for the exit status, unless it is `harmless`.
    pub(super) fn count(&mut self, code: i64, harmless: Option<i64>) {
        match code {
            fault::SUCCESS => {}
            code if Some(code) == harmless => {}
            fault::SPAWN_ERROR | fault::ABNORMAL_TERMINATION | fault::NOT_RUNNING => {
                self.status = status::NOT_RUNNING;
            }
            _ => self.status = status::GENERIC,
        }
    }
}

const NO_METHODS: &str = "Sorry, supervisord responded but did not recognize the supervisor namespace commands that \
     supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is enabled in the \
     configuration file (see sample.conf).";

fn other_version(version: &str) -> String {
    format!(
        "Sorry, this version of supervisorctl expects to talk to a server with API version {API_VERSION}, but the \
         remote version is {version}."
    )
}

fn wants_login(exception: &Exception) -> bool {
    matches!(exception.kind, Kind::Call(CallError::Status { code: 401, .. }))
}

/// Writes to standard output. Nobody there to read it changes nothing.
pub(super) fn write(text: &str) {
    let mut out = io::stdout().lock();
    let _unread = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line as a command's name and its argument: the letters, digits and underscores that it begins with, and what
/// follows. `?` is `help`. `None` for an empty line.
fn parse(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if let Some(topic) = line.strip_prefix('?') {
        return Some(("help".to_owned(), topic.trim()));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = line.find(|c| !is_name(c)).unwrap_or(line.len());
    let (name, argument) = line.split_at(end);
    (!line.is_empty()).then(|| (name.to_owned(), argument.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_an_argument() {
        for (line, parsed) in [
            (" start  a b ", Some(("start", "a b"))),
            ("start-all", Some(("start", "-all"))),
            ("?tail", Some(("help", "tail"))),
            ("?", Some(("help", ""))),
            ("!x", Some(("", "!x"))),
            ("EOF", Some(("EOF", ""))),
            ("  ", None),
        ] {
            let found = parse(line);
            assert_eq!(found.as_ref().map(|(n, a)| (n.as_str(), *a)), parsed, "{line:?}");
        }
    }
}
