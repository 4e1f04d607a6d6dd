//! visorctl: asks visord, and shows what it answers.
//!
//! Started under a name of Supervisor's it is that program ([`supervisor`], [`sample`]).
//!
//! One verb, one file ([`verbs`]); what is shown is made of rows by functions ([`render`]); what goes wrong is a
//! [`failure::Failure`]; what the shell is told is an [`exit::Exit`].
#![forbid(unsafe_code)]

mod args;
mod complete;
mod config;
mod context;
mod daemon;
mod exit;
mod failure;
mod input;
mod lines;
mod login;
#[cfg(test)]
mod man;
mod place;
mod progress;
mod remote;
mod render;
mod sample;
mod screen;
mod select;
mod supervisor;
mod verbs;

use std::env;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{CommandLine, Verb};
use context::Context;
use exit::Exit;
use failure::{Failure, Trouble};
use screen::Screen;

fn main() -> ExitCode {
    let mut words = env::args_os().map(|word| word.to_string_lossy().into_owned());
    let program = words.next().unwrap_or_default();
    match program.rsplit('/').next() {
        Some(supervisor::NAME) => supervisor::main(&program, words),
        Some(sample::NAME) => sample::main(),
        _ => visorctl(),
    }
}

fn visorctl() -> ExitCode {
    if complete::answered() {
        return Exit::Success.into();
    }
    match CommandLine::try_parse() {
        Ok(line) => run(line),
        Err(error) => refuse(&error),
    }
    .into()
}

fn run(line: CommandLine) -> Exit {
    let screen = Screen::new(line.json);
    let context = Context::new(screen, line.place);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done =
        runtime.map_err(Failure::from).and_then(|rt| rt.block_on(carry_out(line.verb, &context)));
    done.unwrap_or_else(|failure| tell(&failure, &context.screen))
}

async fn carry_out(verb: Verb, context: &Context) -> Result<Exit, Failure> {
    match verb {
        Verb::Status(verb) => verb.run(context).await,
        Verb::List(verb) => verb.run(context).await,
        Verb::Show(verb) => verb.run(context).await,
        Verb::Why(verb) => verb.run(context).await,
        Verb::Start(verb) => verb.run(context).await,
        Verb::Stop(verb) => verb.run(context).await,
        Verb::Restart(verb) => verb.run(context).await,
        Verb::Signal(verb) => verb.run(context).await,
        Verb::Send(verb) => verb.run(context).await,
        Verb::Clear(verb) => verb.run(context).await,
        Verb::Reread(verb) => verb.run(context).await,
        Verb::Avail(verb) => verb.run(context).await,
        Verb::Update(verb) => verb.run(context).await,
        Verb::Add(verb) => verb.run(context).await,
        Verb::Remove(verb) => verb.run(context).await,
        Verb::Reload(verb) => verb.run(context).await,
        Verb::Shutdown(verb) => verb.run(context).await,
        Verb::Logs(verb) => verb.run(context).await,
        Verb::Pid(verb) => verb.run(context).await,
        Verb::Version(verb) => verb.run(context).await,
        Verb::Completion(verb) => verb.run(context),
    }
}

/// Tells a failure to whoever asked: people on standard error, programs on standard output.
fn tell(failure: &Failure, screen: &Screen) -> Exit {
    let Failure::Trouble(trouble) = failure else { return Exit::Success };
    if screen.json {
        let _unread = screen.document(&trouble.json());
    } else {
        screen.remark(&trouble.render());
    }
    trouble.exit
}

/// Shows help, or what is wrong with the command line.
fn refuse(error: &clap::Error) -> Exit {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked_for && env::args_os().any(|word| word == "--json") {
        return tell(&usage_trouble(error).into(), &Screen::new(true));
    }
    let _unread = error.print();
    if asked_for { Exit::Success } else { Exit::Usage }
}

/// A command line error as data: its first paragraph, without clap's `error:`.
fn usage_trouble(error: &clap::Error) -> Trouble {
    let text = error.to_string();
    let paragraph: Vec<&str> =
        text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let text = paragraph.join(" ");
    Trouble {
        exit: Exit::Usage,
        fault: "BadArguments".to_owned(),
        text: text.strip_prefix("error: ").unwrap_or(&text).to_owned(),
        details: Vec::new(),
        hint: Some("see `visorctl --help`".to_owned()),
    }
}
