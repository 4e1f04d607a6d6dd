//! `visorctl logs`

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

impl Logs {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        let screen = &context.screen;
        if self.names.is_empty() {
            let log = client.open_log(&self.request(None)).await?;
            let source = Source { name: client.program().to_owned(), log };
            self.show(screen, vec![source], &[]).await?;
            return self.end(&client, client.program(), Exit::Success).await;
        }
        let rows = client.list().await?;
        let selection = select(&rows, &self.names);
        let mut outcomes = show_unknown(screen, &selection.unknown)?;
        let (mut sources, mut refused) = (Vec::new(), Vec::new());
        for picked in &selection.picked {
            match self.open(&client, picked.row).await {
                Ok(source) => sources.push(source),
                Err(refusal) => refused.push((picked.row, refusal)),
            }
        }
        self.tell_refused(&client, screen, &refused);
        let outcome = |(row, refusal): (&UnitRow, Refusal)| Outcome {
            name: row.id.clone(),
            result: Err(refusal),
        };
        outcomes.extend(refused.into_iter().map(outcome));
        let exit = exit_code(&outcomes, |refusal| refusal.fault.into());
        let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        self.show(screen, sources, &outcomes).await?;
        if names.is_empty() { Ok(exit) } else { self.end(&client, &names.join(", "), exit).await }
    }

    /// What was followed has ended: with its process, or with the daemon, which is said.
    async fn end(&self, client: &Daemon, names: &str, exit: Exit) -> Result<Exit, Failure> {
        if self.follow && client.is_ending().await {
            return Err(Failure::ended(names, format!("{} is ending", client.program())));
        }
        Ok(exit)
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
    fn tell_refused(&self, client: &Daemon, screen: &Screen, refused: &[(&UnitRow, Refusal)]) {
        if screen.json {
            return;
        }
        for (row, refusal) in refused {
            let text = if refusal.fault == Fault::NoFile { "no log file" } else { &refusal.text };
            screen.remark(&format!("{}\n", printable(&format!("{}: ERROR ({text})", row.id))));
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

    async fn show(
        &self,
        screen: &Screen,
        mut sources: Vec<Source>,
        refused: &[Outcome],
    ) -> Result<(), Failure> {
        for source in &sources {
            if let Some(note) = source.note() {
                hint(screen, &format!("{}: {note}", source.name));
            }
        }
        if screen.json && !self.follow {
            return screen.document(&self.document(sources, refused).await?);
        }
        if sources.len() == 1 && !screen.json {
            return pass_on(screen, sources.remove(0)).await;
        }
        let width = sources.iter().map(|source| source.name.width()).max().unwrap_or(0);
        let each = |name: &str, line: &[u8]| self.show_line(screen, width, name, line);
        if self.follow { follow(sources, each).await } else { drain(sources, each).await }
    }

    /// `{"logs":[{"name":…,"stream":…,"text":…}]}`, with `errors` for those that cannot be read.
    async fn document(&self, sources: Vec<Source>, refused: &[Outcome]) -> Result<Value, Failure> {
        let mut logs = Vec::new();
        for source in sources {
            let (name, bytes) = source.read().await?;
            let text = String::from_utf8_lossy(&bytes);
            logs.push(json!({ "name": name, "stream": self.stream(), "text": text }));
        }
        let errors: Vec<Value> = refused.iter().map(json::outcome).collect();
        Ok(json!({ "logs": logs, "errors": errors }))
    }

    fn stream(&self) -> &'static str {
        if self.stderr { "stderr" } else { "stdout" }
    }

    /// One line of one of several logs: prefixed for people, an object of its own for programs.
    fn show_line(
        &self,
        screen: &Screen,
        width: usize,
        name: &str,
        line: &[u8],
    ) -> Result<(), Failure> {
        if screen.json {
            let line = String::from_utf8_lossy(line);
            let value = json!({ "name": name, "stream": self.stream(), "line": line });
            return screen.print(&format!("{value}\n"));
        }
        let pad = " ".repeat(width.saturating_sub(name.width()));
        screen.bytes(&[name.as_bytes(), pad.as_bytes(), b" | ", line, b"\n"].concat())
    }
}
