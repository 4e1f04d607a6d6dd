//! Shell completion: the shell asks this binary what fits, and it asks the daemon.
//!
//! bash, zsh and fish call visorctl with `COMPLETE` set (clap's protocol). For bash the script is our own, because clap's
//! takes no notice of bash splitting words at colons, and `group:process` is how processes are called here.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{EnvCompleter, Fish, Shells, Zsh};
use clap_complete::{CompleteEnv, engine};
use visor_dbus::{ConfiguredRow, UnitRow};
use visor_units::fault::Refusal;
use visor_units::signal::Signal;

use crate::args::{CommandLine, PlaceArgs};
use crate::daemon::{Daemon, Properties};
use crate::screen::Screen;

/// Set by the shell that asks, to its name.
const VARIABLE: &str = "COMPLETE";
/// Whoever presses Tab waits no longer than this for a daemon that does not answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// The shells whose completion is known here.
pub(crate) const SHELLS: Shells<'static> = Shells(&[&Bash, &Zsh, &Fish]);

/// Lets the first Tab complete too where zsh has loaded the script as the function `_visorctl`, from its `fpath`.
const ZSH_AUTOLOAD: &[u8] =
    b"[[ $funcstack[1] == _visorctl ]] && _clap_dynamic_completer_visorctl \"$@\"\n";

/// Answers the shell, if it is a shell that asks. Never says that something went wrong: the person is typing.
pub(crate) fn answered() -> bool {
    if env::var_os(VARIABLE).is_none_or(|shell| shell.is_empty()) {
        return false;
    }
    let here = env::current_dir().ok();
    let shell = CompleteEnv::with_factory(CommandLine::command).bin("visorctl").shells(SHELLS);
    shell.try_complete(env::args_os(), here.as_deref()).unwrap_or(true)
}

/// Writes the script that makes a shell ask.
pub(crate) fn script(shell: &dyn EnvCompleter) -> io::Result<Vec<u8>> {
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "visorctl", "visorctl", "visorctl", &mut script)?;
    if shell.name() == Zsh.name() {
        script.extend(ZSH_AUTOLOAD);
    }
    Ok(script)
}

/// Completes names of processes, `group:*` and `all`.
pub(crate) fn processes() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| fitting(typed, &process_candidates(&rows())))
}

/// Completes names of groups.
pub(crate) fn groups() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        fitting(typed, &group_candidates(rows().iter().map(|row| row.group.as_str())))
    })
}

/// Completes names of groups that the configuration has and the daemon has not.
pub(crate) fn available_groups() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let configured: Vec<ConfiguredRow> = asked(async |daemon| daemon.configured().await);
        let available = configured.iter().filter(|row| !row.in_use);
        fitting(typed, &group_candidates(available.map(|row| row.group.as_str())))
    })
}

/// Completes names of properties: those of the first process, since all have the same.
pub(crate) fn properties() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let found: Vec<Properties> = asked(async |daemon| {
            let rows = daemon.list().await?;
            let first: Vec<&str> = rows.first().iter().map(|row| row.id.as_str()).collect();
            daemon.properties(&first).await
        });
        let names = found.into_iter().flatten().map(|(name, _)| (name, String::new()));
        fitting(typed, &names.collect::<Vec<_>>())
    })
}

/// Completes names of signals, with and without `SIG`.
pub(crate) fn signals() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let long = typed.as_encoded_bytes().starts_with(b"SIG");
        let names = (1..=31).map(|number| Signal(number).to_string());
        let shown = names.map(|name| if long { name } else { name.replacen("SIG", "", 1) });
        fitting(typed, &shown.map(|name| (name, String::new())).collect::<Vec<_>>())
    })
}

/// A word with what it stands for.
type Candidate = (String, String);

fn fitting(typed: &OsStr, candidates: &[Candidate]) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    let candidate = |(word, help): &Candidate| {
        let help = (!help.is_empty()).then(|| help.clone().into());
        CompletionCandidate::new(word).help(help)
    };
    candidates.iter().filter(|(word, _)| word.starts_with(typed)).map(candidate).collect()
}

fn process_candidates(rows: &[UnitRow]) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> =
        rows.iter().map(|row| (row.id.clone(), row.state.clone())).collect();
    let whole = |(group, _): Candidate| (format!("{group}:*"), "every process of it".to_owned());
    let is_several = |group: &str| rows.iter().any(|row| row.group == group && row.name != group);
    let groups = group_candidates(rows.iter().map(|row| row.group.as_str()));
    candidates.extend(groups.into_iter().filter(|(group, _)| is_several(group)).map(whole));
    if !rows.is_empty() {
        candidates.push(("all".to_owned(), "every process".to_owned()));
    }
    candidates
}

fn group_candidates<'a>(groups: impl Iterator<Item = &'a str>) -> Vec<Candidate> {
    let mut groups: Vec<&str> = groups.collect();
    groups.sort_unstable();
    groups.dedup();
    groups.into_iter().map(|group| (group.to_owned(), String::new())).collect()
}

/// Every process.
fn rows() -> Vec<UnitRow> {
    asked(async |daemon| daemon.list().await)
}

/// What the daemon lists; nothing if there is none, or if it takes its time.
fn asked<T>(question: impl AsyncFnOnce(Daemon) -> Result<Vec<T>, Refusal>) -> Vec<T> {
    let place = typed_place();
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let list =
        async { question(Daemon::connect(&place, &Screen::unwatched()).await.ok()?).await.ok() };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, list).await });
    answer.ok().flatten().unwrap_or_default()
}

/// Where the line that is being typed says visord is.
fn typed_place() -> PlaceArgs {
    let words = env::args_os().skip_while(|word| word != "--").skip(1);
    let matches = CommandLine::command().ignore_errors(true).try_get_matches_from(words);
    matches.ok().and_then(|found| PlaceArgs::from_arg_matches(&found).ok()).unwrap_or_default()
}

/// bash, with words that hold colons.
struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == self.name()
    }

    fn write_registration(
        &self,
        _var: &str,
        _name: &str,
        _bin: &str,
        _completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        buf.write_all(include_bytes!("../../packaging/completions/visorctl.bash"))
    }

    /// Completes the last word, as the script hands over the line up to the cursor; one candidate a line.
    fn write_complete(
        &self,
        cmd: &mut clap::Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let last = args.len().saturating_sub(1);
        for candidate in engine::complete(cmd, args, last, current_dir)? {
            writeln!(buf, "{}", candidate.get_value().to_string_lossy())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(group: &str, name: &str, state: &str) -> UnitRow {
        let id = if group == name { name.to_owned() } else { format!("{group}:{name}") };
        let [group, name, state] = [group, name, state].map(str::to_owned);
        UnitRow { id, group, name, state, ..UnitRow::default() }
    }

    fn words(typed: &str, candidates: &[Candidate]) -> Vec<String> {
        let fitting = fitting(OsStr::new(typed), candidates);
        fitting.iter().map(|c| c.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn groups_of_several_can_be_meant_as_a_whole() {
        let rows = [row("web", "web", "RUNNING"), row("workers", "w_00", "FATAL")];
        let candidates = process_candidates(&rows);
        assert_eq!(words("", &candidates), ["web", "workers:w_00", "workers:*", "all"]);
        assert_eq!(words("workers:", &candidates), ["workers:w_00", "workers:*"]);
    }

    #[test]
    fn nothing_is_offered_where_nothing_is() {
        assert!(process_candidates(&[]).is_empty());
    }
}
