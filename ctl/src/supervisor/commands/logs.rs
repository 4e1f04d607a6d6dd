//! `tail` and `maintail`.

use super::Done;
use crate::supervisor::exception::Exception;
use crate::supervisor::follow::follow;
use crate::supervisor::session::Session;
use crate::supervisor::status::{self, fault};
use visor_units::config::{int, repr};

/// Bytes that are shown if nothing else is said.
const USUAL: i64 = 1600;

/// How much of a log is wanted.
enum Amount {
    /// The last so many bytes.
    Bytes(i64),
    /// The end, and everything from now on.
    Follow,
}

impl Amount {
    /// `-N` or `-f`.
    fn parse(word: &str) -> Option<Self> {
        match word.strip_prefix('-')? {
            "f" => Some(Self::Follow),
            number => int(number).ok().map(Self::Bytes),
        }
    }
}

pub(super) fn tail(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    if words.is_empty() || words.len() > 3 {
        let amount = if words.is_empty() { "few" } else { "many" };
        session.wrong_usage(&format!("Error: too {amount} arguments"), "tail", status::GENERIC);
        return Ok(());
    }
    let is_modifier = words[0].starts_with('-');
    let (modifier, words) = words.split_at(usize::from(is_modifier));
    let (name, channel) = match words {
        [] => return wrong(session, "Error: tail requires process name"),
        [name] => (*name, "stdout".to_owned()),
        [name, .., channel] => (*name, channel.to_lowercase()),
    };
    if channel != "stdout" && channel != "stderr" {
        return wrong(session, &format!("Error: bad channel {}", repr(&channel)));
    }
    let Some(amount) =
        modifier.first().map_or(Some(Amount::Bytes(USUAL)), |word| Amount::parse(word))
    else {
        return wrong(session, &format!("Error: bad argument {}", modifier[0]));
    };
    match amount {
        Amount::Follow => follow(session, &format!("/logtail/{name}/{channel}")),
        Amount::Bytes(count) => {
            let stdout = channel == "stdout";
            let method = if stdout { "readProcessStdoutLog" } else { "readProcessStderrLog" };
            let answer = session.link.ask(method, [name.into(), (-count).into(), 0.into()]);
            show(session, name, answer)
        }
    }
}

pub(super) fn maintail(session: &mut Session, argument: &str) -> Done {
    if !session.is_up()? {
        return Ok(());
    }
    let words: Vec<&str> = argument.split_whitespace().collect();
    let amount = match words.as_slice() {
        [] => Amount::Bytes(USUAL),
        [word] => match Amount::parse(word) {
            Some(amount) => amount,
            None => return wrong(session, &format!("Error: bad argument {word}")),
        },
        _ => {
            session.wrong_usage("Error: too many arguments", "maintail", status::GENERIC);
            return Ok(());
        }
    };
    match amount {
        Amount::Follow => follow(session, "/mainlogtail"),
        Amount::Bytes(count) => {
            let answer = session.link.ask("readLog", [(-count).into(), 0.into()]);
            show(session, "supervisord", answer)
        }
    }
}

fn show(session: &mut Session, name: &str, answer: Result<String, Exception>) -> Done {
    let exception = match answer {
        Ok(text) => {
            session.say(&text);
            return Ok(());
        }
        Err(exception) => exception,
    };
    let text = match exception.fault() {
        Some(fault::NO_FILE) => "no log file",
        Some(fault::FAILED) => "unknown error reading log",
        Some(fault::BAD_NAME) => "no such process name",
        _ => return Err(exception),
    };
    wrong(session, &format!("{name}: ERROR ({text})"))
}

#[expect(clippy::unnecessary_wraps, reason = "the end of a command")]
fn wrong(session: &mut Session, text: &str) -> Done {
    session.say(text);
    session.status = status::GENERIC;
    Ok(())
}
