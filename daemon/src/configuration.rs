//! Which file is read, what the command line lays over it, and reading it again.

use std::cmp::Reverse;

use visor_units::config::{self, Diagnostic, Host as _, Loaded, Plan, Request, Severity};
use visor_units::fault::{Fault, Refusal};

use crate::args::Args;
use crate::config::{Machine, report, search};

/// The name under which the daemon leaves the terminal, as Supervisor does.
pub(crate) const OLD_NAME: &str = "supervisord";

/// The Supervisor that this daemon is like: clients take the number apart, and decide by it what they can ask.
pub(crate) const SUPERVISOR_VERSION: &str = "4.3.0";

/// The configuration of this daemon, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Configuration {
    file: String,
    /// Where the daemon was started: what relative paths mean does not change when it goes elsewhere.
    directory: String,
    overrides: Vec<(String, String)>,
}

/// What was read: the plan, and what is worth a warning.
pub(crate) type Read = (Plan, Vec<String>);

impl Configuration {
    /// Finds the file: `-c`, or the first that exists of the default places.
    ///
    /// # Errors
    /// Supervisor's text, with every place that was searched.
    pub(crate) fn find(program: &str, name: &str, args: &Args) -> Result<Self, String> {
        let file = args.value("configuration").map_or_else(|| search(program), |f| Ok(f.into()))?;
        let file = std::path::absolute(&file).map_or(file, |path| path.display().to_string());
        let mut overrides: Vec<(String, String)> = args.settings().collect();
        if name != OLD_NAME {
            overrides.retain(|(key, _)| key != "nodaemon");
            overrides.push(("nodaemon".to_owned(), "true".to_owned()));
        }
        Ok(Self { file, directory: Machine::default().working_directory(), overrides })
    }

    /// The file.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Reads it at start: warnings become messages for the log, problems are drawn on the terminal.
    ///
    /// # Errors
    /// A line for the end of the drawing.
    pub(crate) fn load_aloud(&self) -> Result<Read, String> {
        let loaded = self.read();
        let warnings = lines(&loaded.diagnostics);
        let Some(plan) = loaded.plan else {
            report::draw(&loaded);
            let places = loaded.diagnostics.iter().filter(|it| it.severity == Severity::Error);
            return Err(match places.filter_map(|it| it.span.as_ref()).next() {
                Some(_) => format!("{} is refused", self.file),
                None => "not started".to_owned(),
            });
        };
        Ok((plan, warnings))
    }

    /// Reads it again.
    ///
    /// # Errors
    /// `ConfigInvalid`, with a line for each problem.
    pub(crate) fn load(&self) -> Result<Read, Refusal> {
        let Loaded { plan, mut diagnostics, .. } = self.read();
        if let Some(plan) = plan {
            return Ok((plan, lines(&diagnostics)));
        }
        // Why it is refused is said first.
        diagnostics.sort_by_key(|diagnostic| Reverse(diagnostic.severity));
        Err(Refusal::new(Fault::ConfigInvalid, lines(&diagnostics).join("\n")))
    }

    /// Reads it again, for those who expect Supervisor's text.
    ///
    /// # Errors
    /// `ConfigInvalid`, with the one problem that Supervisor would end with.
    pub(crate) fn load_as_supervisor(&self) -> Result<Plan, Refusal> {
        let Loaded { plan, refusal, .. } = self.read();
        plan.ok_or_else(|| Refusal::new(Fault::ConfigInvalid, refusal.unwrap_or_default()))
    }

    fn read(&self) -> Loaded {
        let request = Request {
            file: self.file.clone(),
            overrides: self.overrides.clone(),
            ..Request::default()
        };
        config::load(&request, &Machine::default().at(&self.directory))
    }
}

fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(report::line).collect()
}
