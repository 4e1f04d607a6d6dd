//! `environment_file`: variables that are kept apart from what is shown.

use std::io;
use std::sync::Arc;

use crate::config::environment_file::{self, Kind};
use crate::config::python::join;
use crate::config::reader::{Context, Reader};
use crate::config::source::{Place, decode};
use crate::unit::SecretEnvironment;

/// What the files say, the later before the earlier. Not known to expansions: what these are used in is shown.
pub(super) fn read(reader: &mut Reader<'_, '_>) -> SecretEnvironment {
    let mut variables = SecretEnvironment::default();
    for (word, place) in reader.pieces("environment_file") {
        let (path, optional) = word.strip_prefix('-').map_or((&*word, false), |path| (path, true));
        let path = join(&reader.cx.here, &reader.cx.machine.expand_home(path));
        if let Some(found) = variables_of(reader.cx, &path, optional, place) {
            variables.0.extend(found.0.clone());
        }
    }
    variables
}

/// What one file says. It is read once, however many processes have it.
fn variables_of(
    cx: &mut Context<'_>,
    path: &str,
    optional: bool,
    place: Option<Place>,
) -> Option<Arc<SecretEnvironment>> {
    if let Some(known) = cx.environment_files.get(path) {
        return known.clone();
    }
    let found = match cx.machine.read(path)? {
        Ok(bytes) => Some(Arc::new(understand(cx, path, &bytes))),
        Err(error) => {
            complain(cx, path, optional, place, &error);
            // What is missing here may be required elsewhere, which then is to be said.
            return None;
        }
    };
    cx.environment_files.insert(path.to_owned(), found.clone());
    found
}

fn complain(
    cx: &mut Context<'_>,
    path: &str,
    optional: bool,
    place: Option<Place>,
    error: &io::Error,
) {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let message = format!("could not read environment file {path}: {error}");
    match (optional, missing) {
        (true, true) => {}
        (true, false) => cx.report.warn(place, message, "make it readable for the daemon"),
        (false, true) => {
            let hint = format!("make the file, or write `-{path}` if it may be missing");
            cx.report.error(place, message, &hint);
        }
        (false, false) => cx.report.error(place, message, "make it readable for the daemon"),
    }
}

fn understand(cx: &mut Context<'_>, path: &str, bytes: &[u8]) -> SecretEnvironment {
    let (text, bad) = decode(bytes);
    let source = cx.report.sources.add(path, environment_file::masked(&text));
    if let Some(bad) = bad {
        let place = Place { source, start: bad.at, end: bad.at + 1 };
        cx.report.error(place, bad.message, "save the file as UTF-8");
    }
    let found = environment_file::read(&text);
    for problem in found.problems {
        let place = Place { source, start: problem.at.start, end: problem.at.end };
        let (message, hint) = (problem.kind.message(), problem.kind.hint());
        match problem.kind {
            Kind::OpenQuote => cx.report.error(place, message, hint),
            Kind::NoAssignment | Kind::NoName => cx.report.warn(place, message, hint),
        }
    }
    SecretEnvironment(found.values)
}
