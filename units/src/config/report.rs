//! Problems as they are found.

use std::collections::HashSet;

use super::diagnostic::{Diagnostic, Severity};
use super::source::{Place, Sources};

/// Problems beyond this many are counted, not kept.
const MOST: usize = 10_000;

/// Collects the problems of a configuration.
#[derive(Default)]
pub(super) struct Report {
    /// What was read.
    pub sources: Sources,
    found: Vec<(Option<Place>, Diagnostic)>,
    seen: HashSet<(Option<Place>, String)>,
    left_out: usize,
    refusal: Option<String>,
    errors: usize,
}

impl Report {
    /// Something that refuses the configuration. `message` is Supervisor's text.
    pub(super) fn error(
        &mut self,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.error_in(place, message.into(), "", hint);
    }

    /// An error whose text goes on with where it was found. What has been said of the same place is not said again.
    pub(super) fn error_in(
        &mut self,
        place: impl Into<Option<Place>>,
        message: String,
        suffix: &str,
        hint: &str,
    ) {
        self.refuse(&format!("{message}{suffix}"));
        self.add(Severity::Error, place.into(), message, suffix, hint);
    }

    /// An error whose text is not what Supervisor would end with; [`Report::refuse`] says that.
    pub(super) fn error_aside(
        &mut self,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.add(Severity::Error, place.into(), message.into(), "", hint);
    }

    /// Something that is probably not meant.
    pub(super) fn warn(
        &mut self,
        place: impl Into<Option<Place>>,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.add(Severity::Warning, place.into(), message.into(), "", hint);
    }

    /// What Supervisor would end with; the first of them counts.
    pub(super) fn refuse(&mut self, message: &str) {
        self.refusal.get_or_insert_with(|| message.to_owned());
    }

    /// How many errors were reported, the same ones counted again.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Adds another place to the problem found last.
    pub(super) fn relate(&mut self, place: Place, what: &str) {
        let span = self.sources.span(place);
        if let Some((_, last)) = self.found.last_mut() {
            last.related.push((span, what.to_owned()));
        }
    }

    /// Takes over a problem whose places are known by their lines only.
    pub(super) fn adopt(&mut self, mut problem: Diagnostic) {
        if problem.severity == Severity::Error {
            self.refuse(&problem.message);
            self.errors += 1;
        }
        for (span, _) in &mut problem.related {
            self.sources.complete(span);
        }
        let place = problem.span.as_mut().and_then(|span| self.sources.complete(span));
        self.found.push((place, problem));
    }

    fn add(
        &mut self,
        severity: Severity,
        place: Option<Place>,
        message: String,
        suffix: &str,
        hint: &str,
    ) {
        self.errors += usize::from(severity == Severity::Error);
        if self.found.len() >= MOST {
            self.left_out += 1;
        } else if self.seen.insert((place, message.clone())) {
            let message = message + suffix;
            let span = place.map(|place| self.sources.span(place));
            let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
            self.found.push((place, Diagnostic { severity, span, message, hint, related: vec![] }));
        }
    }

    /// Everything found, in file order, what has no place last; the texts they point into; and the first text that
    /// Supervisor would end with.
    pub(super) fn finish(mut self) -> (Vec<Diagnostic>, Sources, Option<String>) {
        self.found.sort_by_key(|(place, _)| (place.is_none(), *place));
        let mut diagnostics: Vec<Diagnostic> = self.found.into_iter().map(|(_, d)| d).collect();
        if self.left_out > 0 {
            diagnostics.push(Diagnostic {
                severity: Severity::Info,
                span: None,
                message: format!("{} more problems are not shown", self.left_out),
                hint: None,
                related: vec![],
            });
        }
        (diagnostics, self.sources, self.refusal)
    }
}
