//! `--check`: judges a configuration and ends.

use std::io::{self, Write as _};
use std::process::ExitCode;

use visor_units::config::{Loaded, Request, Severity, load};
use visor_units::printable;

use super::{Machine, json, report, search};
use crate::args::Args;

/// There are warnings, and `--strict` was given.
const WARNINGS: u8 = 1;
/// The configuration is refused, or was not found.
const REFUSED: u8 = 2;

/// Reads the configuration that `args` name and prints every problem, or with `--json` its meaning.
///
/// Options: `-c FILE`, `--json`, `--strict`, `--fragment`, `--no-host`, `--env-file FILE`. The exit status is 0 if
/// it can be used, 1 if it has warnings and `--strict` is given, 2 if it is refused.
pub(crate) fn check(program: &str, args: &Args) -> ExitCode {
    match read(program, args) {
        Ok((loaded, machine)) => {
            print(&loaded, &machine, args.has("json"));
            ExitCode::from(status(&loaded, args.has("strict")))
        }
        Err(text) => {
            // A terminal that is gone cannot be told anything.
            drop(writeln!(io::stderr(), "Error: {text}"));
            ExitCode::from(REFUSED)
        }
    }
}

fn read(program: &str, args: &Args) -> Result<(Loaded, Machine), String> {
    let file = match args.value("configuration") {
        Some(file) => file.to_owned(),
        None => search(program)?,
    };
    let mut machine = Machine::default();
    if let Some(path) = args.value("env-file") {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {path}: {error}"))?;
        machine = machine.with_variables(
            variables(&text).map_err(|line| format!("{path}:{line}: expected KEY=VALUE"))?,
        );
    }
    let no_host = args.has("no-host");
    if no_host {
        machine = machine.offline();
    }
    let request = Request { file, fragment: args.has("fragment"), no_host, ..Request::default() };
    Ok((load(&request, &machine), machine))
}

/// `KEY=VALUE` on each line; blank lines and those that begin with `#` are skipped. The number of a line that is
/// neither.
fn variables(text: &str) -> Result<Vec<(String, String)>, usize> {
    let lines = text.lines().enumerate();
    let written = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    written
        .map(|(index, line)| match line.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(index + 1),
        })
        .collect()
}

fn print(loaded: &Loaded, machine: &Machine, as_json: bool) {
    let text = if as_json {
        printable::json(&format!("{:#}\n", json::document(loaded, machine))).into_owned()
    } else {
        report::drawing(loaded)
    };
    // A reader that has gone away (`| head`) needs no more.
    drop(anstream::stdout().write_all(text.as_bytes()));
}

fn status(loaded: &Loaded, strict: bool) -> u8 {
    let warned = loaded.diagnostics.iter().any(|found| found.severity == Severity::Warning);
    match loaded.plan {
        None => REFUSED,
        Some(_) if strict && warned => WARNINGS,
        Some(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_file_has_a_variable_on_each_line() {
        let text = "# comment\nA=1\n\nB=x=y \n";
        let expected = vec![("A".into(), "1".into()), ("B".into(), "x=y ".into())];
        assert_eq!(variables(text), Ok(expected));
        assert_eq!(variables("A=1\nnonsense\n"), Err(2));
    }
}
