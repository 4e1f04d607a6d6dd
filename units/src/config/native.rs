//! The native form: the same units in TOML. Strict where `.conf` files are lenient: an unknown key is an error, and so is
//! a value of the wrong type.
//!
//! ```toml
//! include = ["conf.d/*.toml"]
//!
//! [visord]
//! logfile = "/var/log/visord.log"
//! bus = "system"
//!
//! [program.web]
//! command = "/usr/bin/web --port %(ENV_PORT)s"
//! autorestart = true
//! exitcodes = [0, 2]
//! stdout_logfile_maxbytes = "10MB"
//! environment = { LANG = "C.UTF-8" }
//! ```
//!
//! Options have the names and meanings of the table; `[visord]` holds those of `[supervisord]` too. Lists are arrays,
//! `environment` is a table, and `%(name)s` is expanded as in `.conf` files, each value once.

use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::kinds::Kind;
use super::options::{FACTORY, OptionSpec, SectionKind, Status};
use super::report::Report;
use super::source::Place;
use super::spelling;
use super::text::{Document, Entry, Raw, Section, ValueLine};
use crate::unit::RpcInterface;

/// Tables of the top level that hold one table per unit.
const NAMED: [SectionKind; 4] = [
    SectionKind::Program,
    SectionKind::Group,
    SectionKind::EventListener,
    SectionKind::FcgiProgram,
];

/// Tables of the top level that are sections themselves.
const SINGLE: [SectionKind; 4] = [
    SectionKind::UnixHttpServer,
    SectionKind::InetHttpServer,
    SectionKind::Supervisorctl,
    SectionKind::ProgramDefault,
];

/// Adds what `text` says to `document`. Every problem is reported.
pub(super) fn parse(text: &str, source: usize, document: &mut Document, report: &mut Report) {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        let place = Place { source, start: at.start, end: at.end };
        report.error(place, error.message(), "see toml.io for the form of such files");
    }
    let mut walker = Walker { source, document, report };
    for (key, value) in root.get_ref() {
        walker.top(key.get_ref(), walker.place(key), value);
    }
}

struct Walker<'a> {
    source: usize,
    document: &'a mut Document,
    report: &'a mut Report,
}

impl Walker<'_> {
    fn place<T>(&self, item: &Spanned<T>) -> Place {
        Place { source: self.source, start: item.span().start, end: item.span().end }
    }

    fn top(&mut self, key: &str, place: Place, value: &Spanned<DeValue<'_>>) {
        let single = SINGLE.into_iter().find(|kind| kind.name() == key);
        let named = NAMED.into_iter().find(|kind| kind.name().trim_end_matches(':') == key);
        match (key, single, named) {
            ("include", ..) => self.include(place, value),
            ("visord", ..) => self.daemon(place, value),
            (_, Some(kind), _) => self.section(key, key, kind, place, value),
            (_, _, Some(kind)) => self.units(key, kind, value),
            _ => {
                let singles = SINGLE.iter().chain(&NAMED).map(|k| k.name().trim_end_matches(':'));
                let hint = spelling::hint(key, singles.chain(["include", "visord"]));
                let message = format!("unknown key `{key}` at the top level");
                self.report.error(place, message, &hint.unwrap_or_default());
            }
        }
    }

    fn table<'v, 'i>(&mut self, value: &'v Spanned<DeValue<'i>>) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type("a table", value);
        }
        table
    }

    fn wrong_type(&mut self, expected: &str, found: &Spanned<DeValue<'_>>) {
        let message = format!("expected {expected}, found {}", described(found.get_ref()));
        self.report.error(self.place(found), message, "");
    }

    /// `include = ["conf.d/*.toml"]`.
    fn include(&mut self, place: Place, value: &Spanned<DeValue<'_>>) {
        let Some(spec) = SectionKind::Include.option("files") else { return };
        if let Some(entry) = self.entry(spec, place, value) {
            self.document.open("include", place).set(entry);
        }
    }

    /// `[visord]`: options of the daemon, whichever section they have in the other form.
    fn daemon(&mut self, place: Place, value: &Spanned<DeValue<'_>>) {
        let Some(table) = self.table(value) else { return };
        for (key, value) in table {
            let kinds = [SectionKind::Visord, SectionKind::Supervisord];
            let kind = kinds.into_iter().find(|kind| effective(*kind, key.get_ref()).is_some());
            match kind {
                Some(kind) => {
                    self.set(kind.name(), kind, place, key.get_ref(), self.place(key), value);
                }
                None => self.unknown_key(&kinds, "visord", key.get_ref(), self.place(key)),
            }
        }
    }

    /// `[program.x]` and the like.
    fn units(&mut self, key: &str, kind: SectionKind, value: &Spanned<DeValue<'_>>) {
        let Some(units) = self.table(value) else { return };
        for (name, unit) in units {
            let title = format!("{key}.{}", name.get_ref());
            let section = format!("{}{}", kind.name(), name.get_ref());
            self.section(&title, &section, kind, self.place(name), unit);
        }
    }

    fn section(
        &mut self,
        title: &str,
        name: &str,
        kind: SectionKind,
        place: Place,
        value: &Spanned<DeValue<'_>>,
    ) {
        if let Some(first) = self.document.section(name).and_then(|section| section.header) {
            self.report.error(
                place,
                format!("[{title}] is defined twice"),
                "remove one of the two",
            );
            self.report.relate(first, "it is defined here too");
            return;
        }
        let Some(table) = self.table(value) else { return };
        self.open(name, place);
        for (key, value) in table {
            let at = self.place(key);
            if effective(kind, key.get_ref()).is_some() {
                self.set(name, kind, place, key.get_ref(), at, value);
            } else {
                self.unknown_key(&[kind], title, key.get_ref(), at);
            }
        }
        if matches!(kind, SectionKind::UnixHttpServer | SectionKind::InetHttpServer) {
            self.main_interface(place);
        }
    }

    fn open(&mut self, name: &str, place: Place) -> &mut Section {
        let section = self.document.open(name, place);
        section.native = true;
        section
    }

    /// A server serves Supervisor's methods without being told to.
    fn main_interface(&mut self, place: Place) {
        let Some(spec) = SectionKind::RpcInterface.option(FACTORY) else { return };
        let factory = Raw::Text(RpcInterface::MAIN.to_owned());
        let entry = entry(spec, place, place, factory);
        self.open("rpcinterface:supervisor", place).set(entry);
    }

    fn set(
        &mut self,
        section: &str,
        kind: SectionKind,
        header: Place,
        key: &str,
        at: Place,
        value: &Spanned<DeValue<'_>>,
    ) {
        let Some(spec) = effective(kind, key) else { return };
        let entry = self.entry(spec, at, value);
        let section = self.open(section, header);
        match entry {
            Some(entry) => section.set(entry),
            // What was there is not missing.
            None => section.damaged = true,
        }
    }

    fn unknown_key(&mut self, kinds: &[SectionKind], title: &str, key: &str, at: Place) {
        let known = kinds.iter().flat_map(|kind| kind.options()).map(|spec| spec.key);
        let hint = spelling::hint(key, known).unwrap_or_default();
        self.report.error(at, format!("unknown key `{key}` in [{title}]"), &hint);
    }

    fn entry(
        &mut self,
        spec: &OptionSpec,
        key: Place,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Entry> {
        match raw(spec.kind, value.get_ref()) {
            Some(raw) => Some(entry(spec, key, self.place(value), raw)),
            None => {
                self.wrong_type(expected(spec.kind), value);
                None
            }
        }
    }
}

fn entry(spec: &OptionSpec, key: Place, at: Place, value: Raw) -> Entry {
    let lines = vec![ValueLine { offset: 0, place: at, comment: None }];
    Entry { key: spec.key.to_owned(), place: key, value, lines, offsets_agree: false, hidden: None }
}

fn effective(kind: SectionKind, key: &str) -> Option<&'static OptionSpec> {
    kind.option(key).filter(|spec| !matches!(spec.status, Status::NoEffect(_)))
}

/// The value as it would be written in the other form, if it is of a type that the option has.
fn raw(kind: Kind, value: &DeValue<'_>) -> Option<Raw> {
    let text = match (kind, value) {
        (Kind::Environment, DeValue::Table(table)) => return pairs(table).map(Raw::Map),
        (Kind::ExitCodes, DeValue::Array(array)) => joined(array, ",", number)?,
        (Kind::List | Kind::Names | Kind::UnixGroups, DeValue::Array(array)) => {
            joined(array, ",", word)?
        }
        (Kind::Words, DeValue::Array(array)) => joined(array, "\n", word)?,
        (Kind::Boolean | Kind::Autorestart | Kind::OnOffAuto, DeValue::Boolean(value)) => {
            value.to_string()
        }
        (Kind::Octal, DeValue::Integer(integer)) if integer.radix() == 8 => {
            format!("{:o}", integer_value(integer)?)
        }
        (
            Kind::Integer
            | Kind::Size
            | Kind::Signal
            | Kind::Address
            | Kind::Duration
            | Kind::Nice
            | Kind::Limit(_)
            | Kind::UnixGroup,
            DeValue::Integer(integer),
        ) => integer_value(integer)?.to_string(),
        (Kind::Duration, DeValue::Float(float)) => float.as_str().to_owned(),
        (kind, DeValue::String(text)) if takes_text(kind) => text.to_string(),
        _ => return None,
    };
    Some(Raw::Text(text))
}

/// Whether a string is a way to write it here. Numbers, booleans, lists and tables have their own.
const fn takes_text(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Environment
            | Kind::ExitCodes
            | Kind::List
            | Kind::Names
            | Kind::Words
            | Kind::Boolean
            | Kind::Integer
            | Kind::Nice
            | Kind::UnixGroups
    )
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Environment => "a table of strings",
        Kind::ExitCodes => "an array of integers",
        Kind::List | Kind::Names | Kind::Words | Kind::UnixGroups => {
            "an array of strings without commas or white space"
        }
        Kind::Boolean => "a boolean",
        Kind::Autorestart | Kind::OnOffAuto => "a boolean or a string",
        Kind::Octal => "an octal integer such as 0o022, or a string",
        Kind::Integer | Kind::Nice => "an integer",
        Kind::Size | Kind::Signal | Kind::Address | Kind::Limit(_) | Kind::UnixGroup => {
            "an integer or a string"
        }
        Kind::Duration => "a number or a string",
        _ => "a string",
    }
}

fn integer_value(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(value: &DeValue<'_>) -> Option<String> {
    integer_value(value.as_integer()?).map(|number| number.to_string())
}

/// A string that is one word in the other form too.
fn word(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str()?;
    let one = !text.is_empty() && !text.contains(|c: char| c == ',' || c.is_whitespace());
    one.then(|| text.to_owned())
}

fn joined(
    array: &DeArray<'_>,
    separator: &str,
    item: impl Fn(&DeValue<'_>) -> Option<String>,
) -> Option<String> {
    let items: Option<Vec<String>> = array.iter().map(|value| item(value.get_ref())).collect();
    items.map(|items| items.join(separator))
}

fn pairs(table: &DeTable<'_>) -> Option<Vec<(String, String)>> {
    let pair = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        Some((key.to_string(), value.get_ref().as_str()?.to_owned()))
    };
    table.iter().map(pair).collect()
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
