//! The main file, and the files that it includes.

use std::io;

use super::host::Host;
use super::python::{abspath, dirname, join};
use super::reader::{Context, Reader};
use super::source::{Place, decode};
use super::text::{Document, Section, parse};
use super::{native, options::SectionKind};
use crate::unit::LogLevel;

/// Reads one file into the document. `None` if it was read.
pub(super) fn read_file(
    cx: &mut Context<'_>,
    host: &dyn Host,
    document: &mut Document,
    path: &str,
) -> Option<io::Error> {
    let bytes = match host.read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Some(error),
    };
    let (text, bad) = decode(&bytes);
    let source = cx.report.sources.add(path, text.clone());
    if let Some(bad) = bad {
        let end = bad.at + char::REPLACEMENT_CHARACTER.len_utf8();
        let place = Place { source, start: bad.at, end };
        cx.report.error(place, bad.message, "save the file as UTF-8");
    }
    if is_native(path) {
        native::parse(&text, source, document, &mut cx.report);
    } else {
        parse(&text, source, document, &mut cx.report);
    }
    None
}

/// Whether a file is in the native form.
pub(super) fn is_native(path: &str) -> bool {
    path.ends_with(".toml")
}

/// `[include] files`: reads what the patterns match, in their order. An `[include]` in those files means nothing.
pub(super) fn include(cx: &mut Context<'_>, host: &dyn Host, document: &mut Document) {
    let Some(section) = document.section("include").cloned() else { return };
    let here = cx.here.clone();
    document.replace_here(&here);
    let Some(patterns) = patterns(cx, document) else { return };
    let place = section.own("files").map(super::text::Entry::value_place);
    for pattern in patterns {
        let pattern = join(&here, &pattern);
        let files = host.glob(&pattern);
        if files.is_empty() {
            let message = format!("No file matches via include \"{pattern}\"");
            cx.warn_at_start(place, message, "check the pattern, or leave it for later files");
        }
        for file in files {
            let message = format!("Included extra file \"{file}\" during parsing");
            cx.messages.push((LogLevel::Info, message));
            include_file(cx, host, document, &file, place);
        }
    }
    warn_of_nested(cx, document, Some(0));
}

/// Says that `[include]` does nothing outside the main file, which has that number.
pub(super) fn warn_of_nested(cx: &mut Context<'_>, document: &Document, main: Option<usize>) {
    let entries = document.section("include").map_or(&[][..], |section| &section.entries);
    for entry in entries.iter().filter(|entry| Some(entry.place.source) != main) {
        let message = "[include] has no effect in a file that is itself included";
        cx.report.warn(entry.place, message, "name the files in the main file");
    }
}

fn include_file(
    cx: &mut Context<'_>,
    host: &dyn Host,
    document: &mut Document,
    file: &str,
    place: Option<Place>,
) {
    if let Some(error) = read_file(cx, host, document, file) {
        let message = format!("could not read {file}, so it is left out: {error}");
        cx.report.warn(place, message, "make it readable for the daemon, or narrow the pattern");
        return;
    }
    let directory = abspath(dirname(file), &cx.directory);
    document.replace_here(&directory);
}

fn patterns(cx: &mut Context<'_>, document: &Document) -> Option<Vec<String>> {
    let section: &Section = document.section("include")?;
    let host_name = cx.host_name.clone();
    let mut reader = Reader::new(cx, document, section, SectionKind::Include).with_here();
    if reader.entry("files").is_none() {
        let message = ".ini file has [include] section, but no files setting";
        reader.refuse_missing(message, "add a line such as `files=conf.d/*.conf`");
        return None;
    }
    reader.define("host_node_name", super::expand::Object::Text(host_name));
    reader.get("files")
}
