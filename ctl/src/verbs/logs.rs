//! `visorctl logs`

use std::borrow::Borrow;

use clap::Args;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;
use visor_dbus::{LogRequest, UnitRow};
use visor_units::engine::Outcome;
use visor_units::fault::{Fault, Refusal};

use super::report::{exit_code, hint, show_unknown};
use crate::complete;
use crate::context::Context;
use crate::daemon::Daemon;
use crate::exit::Exit;
use crate::failure::{Failure, hint_for};
use crate::lines::{Source, drain, follow, pass_on};
use crate::progress::some_of;
use crate::render::{json, printable};
use crate::screen::Screen;
use crate::select::{name_of, select};

/// Show what processes wrote, from their log files
///
/// With several processes, every line begins with the name of its own. Of a Supervisor asked over HTTP, older lines are
/// shown only where they are UTF-8; followed, a log that begins again says `==> File truncated <==`, and what was written
/// right before a rotation can be missing.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Processes [default: visord's own log]
    #[arg(value_name = "NAME", add = complete::processes())]
    names: Vec<String>,
    /// Go on with what is written from now on, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// The last N lines, or all
    #[arg(short = 'n', long = "lines", value_name = "N", default_value = "50", value_parser = parse_lines)]
    lines: Lines,
    /// Standard error, where it is kept apart
    #[arg(long)]
    stderr: bool,
}

/// How much of what is there already; `None` is all of it.
#[derive(Clone, Copy, Debug)]
struct Lines(Option<u64>);

fn parse_lines(text: &str) -> Result<Lines, String> {
    if text == "all" {
        return Ok(Lines(None));
    }
    text.parse()
        .map(|n| Lines(Some(n)))
        .map_err(|_| "neither a number of lines nor `all`".to_owned())
}

/// A process whose log cannot be had.
type Refused<'r> = (&'r UnitRow, Refusal);

impl Logs {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        let screen = &context.screen;
        if self.names.is_empty() {
            return self.of_daemon(&client, screen).await;
        }
        let rows = client.list().await?;
        let selection = select(&rows, &self.names);
        let mut outcomes = show_unknown(screen, &selection.unknown)?;
        let picked: Vec<&UnitRow> = selection.picked.iter().map(|picked| picked.row).collect();
        let (logs, refused) = if self.follow {
            (Vec::new(), self.follow(&client, screen, &picked).await?)
        } else {
            self.read(&client, screen, &picked).await?
        };
        let outcome =
            |(row, refusal): Refused<'_>| Outcome { name: row.id.clone(), result: Err(refusal) };
        outcomes.extend(refused.into_iter().map(outcome));
        if screen.json && !self.follow {
            screen.document(&document(logs, &outcomes))?;
        }
        Ok(exit_code(&outcomes, |refusal| refusal.fault.into()))
    }

    async fn of_daemon(&self, client: &Daemon, screen: &Screen) -> Result<Exit, Failure> {
        let log = client.open_log(&self.request(None)).await?;
        let source = Source { name: client.program().to_owned(), log };
        tell_note(screen, &source);
        match (screen.json, self.follow) {
            (true, false) => screen.document(&document(vec![self.value(source).await?], &[]))?,
            (true, true) => drain(vec![source], self.each(screen, None)).await?,
            (false, _) => pass_on(screen, source).await?,
        }
        self.end(client, &[client.program()]).await?;
        Ok(Exit::Success)
    }

    /// Shows what there is, one log after the other: only so many may be open at once. For programs it is collected.
    async fn read<'r>(
        &self,
        client: &Daemon,
        screen: &Screen,
        picked: &[&'r UnitRow],
    ) -> Result<(Vec<Value>, Vec<Refused<'r>>), Failure> {
        let (mut logs, mut refused) = (Vec::new(), Vec::new());
        for row in picked {
            let source = match self.open(client, row).await {
                Ok(source) => source,
                Err(refusal) => {
                    refused.push((*row, refusal));
                    continue;
                }
            };
            tell_note(screen, &source);
            match prefix(picked) {
                _ if screen.json => logs.push(self.value(source).await?),
                None => pass_on(screen, source).await?,
                width => drain(vec![source], self.each(screen, width)).await?,
            }
        }
        self.tell_refused(client, screen, &refused);
        Ok((logs, refused))
    }

    /// Shows what there is, and what is written from then on, of all of them at once.
    async fn follow<'r>(
        &self,
        client: &Daemon,
        screen: &Screen,
        picked: &[&'r UnitRow],
    ) -> Result<Vec<Refused<'r>>, Failure> {
        let (mut sources, mut refused) = (Vec::new(), Vec::new());
        for row in picked {
            match self.open(client, row).await {
                Ok(source) => sources.push(source),
                Err(refusal) => refused.push((*row, refusal)),
            }
        }
        self.tell_refused(client, screen, &refused);
        sources.iter().for_each(|source| tell_note(screen, source));
        let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        match (prefix(picked), sources.pop()) {
            (_, None) => return Ok(refused),
            (None, Some(only)) if !screen.json => pass_on(screen, only).await?,
            (width, Some(last)) => {
                sources.push(last);
                follow(sources, self.each(screen, width)).await?;
            }
        }
        self.end(client, &names).await?;
        Ok(refused)
    }

    /// What was followed has ended: with its process, or with the daemon, which is said.
    async fn end(&self, client: &Daemon, names: &[impl Borrow<str>]) -> Result<(), Failure> {
        if self.follow && client.is_ending().await {
            let reason = format!("{} is ending", client.program());
            return Err(Failure::ended(&names.join(", "), reason));
        }
        Ok(())
    }

    fn request(&self, row: Option<&UnitRow>) -> LogRequest {
        LogRequest {
            name: row.map(name_of),
            stderr: self.stderr,
            follow: self.follow,
            lines: self.lines.0,
            offset: None,
            length: None,
        }
    }

    async fn open(&self, client: &Daemon, row: &UnitRow) -> Result<Source, Refusal> {
        let log = client.open_log(&self.request(Some(row))).await?;
        Ok(Source { name: row.id.clone(), log })
    }

    /// Says which processes have no log, and where their output may be.
    fn tell_refused(&self, client: &Daemon, screen: &Screen, refused: &[Refused<'_>]) {
        if screen.json {
            return;
        }
        for line in refusals(refused) {
            screen.remark(&format!("{}\n", printable(&line)));
        }
        if let Some((_, refusal)) = refused.iter().find(|(_, r)| r.fault == Fault::NotAuthorized)
            && let Some(advice) = hint_for(refusal.fault)
        {
            hint(screen, advice);
        }
        let missing = refused.iter().find(|(_, refusal)| refusal.fault == Fault::NoFile);
        if let Some((row, _)) = missing {
            let other = if self.stderr { "without --stderr" } else { "--stderr" };
            let elsewhere = match client {
                Daemon::Bus(_) => {
                    let process = name_of(row).qualified();
                    format!("in the journal: `journalctl VISORD_PROCESS={process}`")
                }
                Daemon::Http(_) => "kept nowhere, or not yet".to_owned(),
            };
            hint(screen, &format!("what it writes may be {elsewhere}; or try {other}"));
        }
    }

    /// Shows a line: with the name of its log before it for people, an object of its own for programs.
    fn each(
        &self,
        screen: &Screen,
        width: Option<usize>,
    ) -> impl FnMut(&str, &[u8]) -> Result<(), Failure> {
        let stream = self.stream();
        move |name, line| {
            if screen.json {
                let line = String::from_utf8_lossy(line);
                let value = json!({ "name": name, "stream": stream, "line": line });
                return screen.print(&format!("{value}\n"));
            }
            let pad = " ".repeat(width.unwrap_or(0).saturating_sub(name.width()));
            screen.bytes(&[name.as_bytes(), pad.as_bytes(), b" | ", line, b"\n"].concat())
        }
    }

    /// `{"name":…,"stream":…,"text":…}`
    async fn value(&self, source: Source) -> Result<Value, Failure> {
        let (name, bytes) = source.read().await?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(json!({ "name": name, "stream": self.stream(), "text": text }))
    }

    fn stream(&self) -> &'static str {
        if self.stderr { "stderr" } else { "stdout" }
    }
}

/// How wide the names before lines are; `None` if there is only one.
fn prefix(picked: &[&UnitRow]) -> Option<usize> {
    let widest = picked.iter().map(|row| row.id.width()).max();
    widest.filter(|_| picked.len() > 1)
}

/// Says why there is less than was asked for.
fn tell_note(screen: &Screen, source: &Source) {
    if let Some(note) = source.note() {
        hint(screen, &format!("{}: {note}", source.name));
    }
}

/// A line for each reason, with the names of the first whom it concerns.
fn refusals(refused: &[Refused<'_>]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (row, refusal) in refused {
        let text = if refusal.fault == Fault::NoFile { "no log file" } else { &refusal.text };
        match reasons.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(&row.id),
            None => reasons.push((text, vec![&row.id])),
        }
    }
    reasons.iter().map(|(text, names)| format!("{}: ERROR ({text})", some_of(names))).collect()
}

/// `{"logs":[…]}`, with `errors` for those that cannot be read.
fn document(logs: Vec<Value>, refused: &[Outcome]) -> Value {
    let errors: Vec<Value> = refused.iter().map(json::outcome).collect();
    json!({ "logs": logs, "errors": errors })
}
