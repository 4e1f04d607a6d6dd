//! Started as `supervisorctl` this is Supervisor 4.3.0's supervisorctl: its flags, its places of configuration, its
//! commands and shell, its texts and exit codes. It asks over HTTP, so it drives visord and a real supervisord alike.
//!
//! A command line becomes [`options::Options`]; a [`session::Session`] carries out one command, or those typed into the
//! [`shell`]; each command is a file in [`commands`]; what Python would have raised is an [`exception::Exception`].

mod commands;
mod complete;
mod exception;
mod follow;
mod history;
mod link;
mod names;
mod options;
mod session;
mod shell;
mod status;

use std::io::Write as _;
use std::process::ExitCode;

use options::{Options, Outcome};
use session::Session;

/// The name under which all this is reached.
pub(crate) const NAME: &str = "supervisorctl";

/// The exit status of a wrong command line or configuration.
const USAGE: u8 = 2;

/// Runs it. `program` is what it was started as.
pub(crate) fn main(program: &str, words: impl Iterator<Item = String>) -> ExitCode {
    let options = match Options::read(program, words) {
        Ok(Outcome::Run(options)) => options,
        Ok(Outcome::Help(text)) => {
            // Nobody there to read it is no failure.
            drop(std::io::stdout().write_all(text.as_bytes()));
            return ExitCode::SUCCESS;
        }
        Err(text) => return refuse(program, &text),
    };
    let words = options.words.join(" ");
    let shell = options.words.is_empty();
    match Session::new(options) {
        Ok(mut session) if shell => shell::run(&mut session),
        Ok(mut session) => session.once(&words),
        Err(error) => refuse(program, &error.to_string()),
    }
}

/// Tells what is wrong in Supervisor's two lines.
fn refuse(program: &str, text: &str) -> ExitCode {
    eprintln!("Error: {text}\nFor help, use {program} -h");
    ExitCode::from(USAGE)
}
