//! Bytes to sections: the INI dialect of Python's `RawConfigParser` with `;` and `#` as inline comment prefixes, as
//! Supervisor sets it up. Knows nothing of Supervisor's options.
//!
//! Rules that surprise, all kept: a comment begins at a prefix that stands first or after white space, and the two
//! prefixes are searched in lock-step, so that `a#b #c ;d` keeps its ` #c`; quotes protect nothing; a line that is
//! indented deeper than the option above it belongs to that option, whatever it looks like; equal sections are merged
//! and the last of equal options counts.

use std::collections::HashMap;

use super::options::{PROGRAM_DEFAULT, SectionKind};
use super::python::{is_space, repr, strip};
use super::report::Report;
use super::source::Place;

/// Everything that files said, section by section.
#[derive(Default)]
pub(super) struct Document {
    /// In order of first appearance.
    pub sections: Vec<Section>,
    /// `[DEFAULT]`: options that every section has.
    pub defaults: Section,
    index: HashMap<String, usize>,
}

/// One section.
#[derive(Clone, Default)]
pub(super) struct Section {
    /// The text between the brackets.
    pub name: String,
    /// Its first header.
    pub header: Option<Place>,
    /// In order of first appearance.
    pub entries: Vec<Entry>,
    /// Whether it was written in the native form, where unknown keys are errors.
    pub native: bool,
    /// Whether a line in it could not be read, so that something may seem to be missing.
    pub damaged: bool,
    index: HashMap<String, usize>,
}

/// One option as written.
#[derive(Clone)]
pub(super) struct Entry {
    /// Lower case.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// What it is set to.
    pub value: Raw,
    /// Where the value stands, line by line.
    pub lines: Vec<ValueLine>,
    /// Whether `value` is still what those lines say, so that pieces of it can be found in the file.
    pub offsets_agree: bool,
    /// An equal option above it in the same file, which no longer counts.
    pub hidden: Option<Hidden>,
}

/// An option that another one of its name replaced.
#[derive(Clone, Copy)]
pub(super) struct Hidden {
    pub place: Place,
    /// Whether it said something else.
    pub differs: bool,
}

/// A value before it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Text(String),
    /// A table of the native form.
    Map(Vec<(String, String)>),
}

/// One line of a value.
#[derive(Clone, Copy)]
pub(super) struct ValueLine {
    /// Offset in the value.
    pub offset: usize,
    /// The same in the file.
    pub place: Place,
    /// Where a comment cut it short.
    pub comment: Option<usize>,
}

impl Document {
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.index.get(name).and_then(|index| self.sections.get(*index))
    }

    /// Sections whose name begins with `prefix`, with the rest of the name.
    pub(super) fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&Section, &str)> {
        self.sections.iter().filter_map(move |s| Some((s, s.name.strip_prefix(prefix)?)))
    }

    /// The section of that name, made if it is new.
    pub(super) fn open(&mut self, name: &str, header: Place) -> &mut Section {
        if name == "DEFAULT" {
            self.defaults.header.get_or_insert(header);
            return &mut self.defaults;
        }
        let index = *self.index.entry(name.to_owned()).or_insert_with(|| {
            self.sections.push(Section { header: Some(header), ..Section::absent(name) });
            self.sections.len() - 1
        });
        &mut self.sections[index]
    }

    /// The option as `section` sees it: its own, or for a program that of `[program-default]`, or that of `[DEFAULT]`.
    pub(super) fn entry<'a>(&'a self, section: &'a Section, key: &str) -> Option<&'a Entry> {
        section
            .own(key)
            .or_else(|| self.program_default(section)?.own(key))
            .or_else(|| self.defaults.own(key))
    }

    /// `[program-default]`, where it counts. A listener is no program among others: what suits those, such as
    /// `redirect_stderr`, may break it.
    fn program_default(&self, section: &Section) -> Option<&Section> {
        let kinds = [SectionKind::Program, SectionKind::FcgiProgram];
        let counts = kinds.iter().any(|kind| section.name.starts_with(kind.name()));
        if counts { self.section(PROGRAM_DEFAULT) } else { None }
    }

    /// Every option that `section` sees.
    pub(super) fn entries<'a>(&'a self, section: &'a Section) -> impl Iterator<Item = &'a Entry> {
        let inherited = self.defaults.entries.iter().filter(|e| section.own(&e.key).is_none());
        section.entries.iter().chain(inherited)
    }

    /// Writes `here` for the text `%(here)s` wherever it still stands, as Supervisor does around `[include]`.
    pub(super) fn replace_here(&mut self, here: &str) {
        let sections = self.sections.iter_mut().chain([&mut self.defaults]);
        for entry in sections.flat_map(|section| &mut section.entries) {
            entry.replace_here(here);
        }
    }
}

impl Section {
    /// What stands for a section that is not written.
    pub(super) fn absent(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The option as set in this section itself.
    pub(super) fn own(&self, key: &str) -> Option<&Entry> {
        self.index.get(key).and_then(|index| self.entries.get(*index))
    }

    /// Sets an option; an equal one is replaced in its place.
    pub(super) fn set(&mut self, mut entry: Entry) {
        match self.index.get(&entry.key) {
            Some(index) => {
                let old = &mut self.entries[*index];
                if old.place.source == entry.place.source {
                    let differs = old.value != entry.value;
                    entry.hidden = Some(Hidden { place: old.place, differs });
                }
                *old = entry;
            }
            None => {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }
}

impl Entry {
    /// The value if it is text.
    pub(super) fn text(&self) -> &str {
        match &self.value {
            Raw::Text(text) => text,
            Raw::Map(_) => "",
        }
    }

    /// Where the value stands, or the key if the value is empty.
    pub(super) fn value_place(&self) -> Place {
        let written: Vec<Place> =
            self.lines.iter().map(|l| l.place).filter(|p| p.end > p.start).collect();
        match (written.first(), written.last()) {
            (Some(first), Some(last)) => Place { end: last.end, ..*first },
            _ => self.place,
        }
    }

    /// Where a piece of the value stands.
    pub(super) fn piece(&self, at: &std::ops::Range<usize>) -> Place {
        let line = self.lines.iter().rev().find(|line| line.offset <= at.start);
        let Some(ValueLine { offset, place, .. }) = line.filter(|_| self.offsets_agree) else {
            return self.value_place();
        };
        let (start, end) = (place.start + at.start - offset, place.start + at.end - offset);
        if end > place.end { self.value_place() } else { Place { start, end, ..*place } }
    }

    fn replace_here(&mut self, here: &str) {
        const HERE: &str = "%(here)s";
        if self.text().contains(HERE) {
            self.value = Raw::Text(self.text().replace(HERE, here));
            self.offsets_agree = false;
        }
    }
}

/// Adds what `text` says to `document`. Every bad line is reported and skipped.
pub(super) fn parse(text: &str, source: usize, document: &mut Document, report: &mut Report) {
    let mut parser = Parser {
        source,
        document,
        report,
        section: None,
        option: None,
        indent: 0,
        headless: false,
        bad: Vec::new(),
    };
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        parser.line(index + 1, start, line);
        start += line.len();
    }
    parser.finish();
}

struct Parser<'a> {
    source: usize,
    document: &'a mut Document,
    report: &'a mut Report,
    section: Option<String>,
    option: Option<Open>,
    indent: usize,
    /// Whether a line stood before any section.
    headless: bool,
    /// Supervisor's line about each bad line.
    bad: Vec<String>,
}

/// An option whose value may still go on.
struct Open {
    entry: Entry,
    /// Blank lines that count only if more follows.
    blank: usize,
}

impl Parser<'_> {
    fn place(&self, start: usize, text: &str) -> Place {
        Place { source: self.source, start, end: start + text.len() }
    }

    fn line(&mut self, number: usize, start: usize, line: &str) {
        let comment = comment_start(line);
        let kept = &line[..comment.unwrap_or(line.len())];
        let value = strip(kept);
        if value.is_empty() {
            if comment.is_none()
                && let Some(open) = &mut self.option
            {
                open.blank += 1;
            }
            return;
        }
        let lead = kept.len() - kept.trim_start_matches(is_space).len();
        let indent = kept[..lead].chars().count();
        let place = self.place(start + lead, value);
        let comment = comment.map(|at| start + at);
        if indent > self.indent
            && let Some(open) = &mut self.option
        {
            open.append(value, ValueLine { offset: 0, place, comment });
            return;
        }
        self.indent = indent;
        if let Some(name) = header(value) {
            self.open_section(name, place);
        } else if self.section.is_none() {
            self.no_header(number, line, place);
        } else {
            self.option_line(number, line, value, ValueLine { offset: 0, place, comment });
        }
    }

    fn open_section(&mut self, name: &str, place: Place) {
        self.close_option();
        self.document.open(name, place);
        self.section = Some(name.to_owned());
    }

    fn option_line(&mut self, number: usize, line: &str, value: &str, at: ValueLine) {
        let Some((key, rest)) =
            value.split_once(['=', ':']).filter(|(key, _)| !strip(key).is_empty())
        else {
            return self.bad_line(number, line, value, at.place);
        };
        self.close_option();
        let key = key.trim_end_matches(is_space);
        let text = strip(rest);
        let offset =
            value.len() - rest.len() + (rest.len() - rest.trim_start_matches(is_space).len());
        let offset = if text.is_empty() { value.len() } else { offset };
        let place = self.place(at.place.start + offset, text);
        self.option = Some(Open {
            entry: Entry {
                key: key.to_lowercase(),
                place: self.place(at.place.start, key),
                value: Raw::Text(text.to_owned()),
                lines: vec![ValueLine { place, ..at }],
                offsets_agree: true,
                hidden: None,
            },
            blank: 0,
        });
    }

    fn bad_line(&mut self, number: usize, line: &str, value: &str, place: Place) {
        let about = format!("\n\t[line {number:2}]: {}", repr(line));
        let message = format!("{}{about}", self.bad_lines());
        let hint = if value.contains(['=', ':']) {
            "write a name before the `=`"
        } else {
            "write `name=value`; a comment begins with `;` or `#`"
        };
        self.report.error_aside(place, message, hint);
        self.bad.push(about);
        if let Some(name) = &self.section {
            self.document.open(name, place).damaged = true;
        }
    }

    fn bad_lines(&self) -> String {
        format!("Source contains parsing errors: {}", repr(self.report.sources.file(self.source)))
    }

    /// Supervisor gives up at the first line that stands before any section, so one report is enough.
    fn no_header(&mut self, number: usize, line: &str, place: Place) {
        if std::mem::replace(&mut self.headless, true) {
            return;
        }
        let file = repr(self.report.sources.file(self.source));
        let message = format!(
            "File contains no section headers.\nfile: {file}, line: {number}\n{}",
            repr(line)
        );
        let hint = if line.starts_with('\u{feff}') {
            "the file begins with a byte order mark; save it without one"
        } else {
            "write a section such as `[program:name]` above this line"
        };
        self.report.error(place, message, hint);
    }

    fn close_option(&mut self) {
        let Some(open) = self.option.take() else { return };
        let Some(name) = &self.section else { return };
        let place = open.entry.place;
        self.document.open(name, place).set(open.entry);
    }

    fn finish(mut self) {
        self.close_option();
        if !self.bad.is_empty() {
            self.report.refuse(&format!("{}{}", self.bad_lines(), self.bad.concat()));
        }
    }
}

impl Open {
    fn append(&mut self, line: &str, at: ValueLine) {
        let Raw::Text(text) = &mut self.entry.value else { return };
        for _ in 0..=self.blank {
            text.push('\n');
        }
        self.blank = 0;
        self.entry.lines.push(ValueLine { offset: text.len(), ..at });
        text.push_str(line);
    }
}

/// The name in `[name] rest`: everything up to the last bracket.
fn header(value: &str) -> Option<&str> {
    let rest = value.strip_prefix('[')?;
    let name = &rest[..rest.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// Where a comment begins. Each round looks for the next `;` and the next `#`; the first round in which one of them
/// stands first or after white space ends the search.
fn comment_start(line: &str) -> Option<usize> {
    if strip(line).starts_with([';', '#']) {
        return Some(0);
    }
    let mut next = [(';', Some(0)), ('#', Some(0))];
    loop {
        let mut found = None;
        for (prefix, from) in &mut next {
            let at = from.and_then(|from| line[from..].find(*prefix).map(|offset| from + offset));
            *from = at.map(|at| at + 1);
            let valid = at.filter(|at| line[..*at].chars().next_back().is_none_or(is_space));
            found = found.into_iter().chain(valid).min();
        }
        if found.is_some() || next.iter().all(|(_, from)| from.is_none()) {
            return found;
        }
    }
}
