//! Options of one section, expanded and understood by the table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::expand::{ExpandError, Names, Object, expand};
use super::kinds::{Kind, LogTarget, Value};
use super::machine::Machine;
use super::options::{OptionSpec, SectionKind};
use super::python::{abspath, repr};
use super::report::Report;
use super::source::{Place, in_section};
use super::text::{Document, Entry, Raw, Section};
use crate::signal::Signal;
use crate::unit::{
    Autorestart, EarlyExit, ExitWhen, Gid, Limit, LogFormat, LogLevel, OnOffAuto, Origin,
    SecretEnvironment, User, WhichBus,
};

/// Processes of one configuration beyond this many are taken for a slip of the pen.
pub(super) const MOST_PROCESSES: i64 = 100_000;

/// What is known while a configuration is read.
pub(super) struct Context<'h> {
    /// Problems so far, and the texts.
    pub report: Report,
    /// Who is asked about users and directories.
    pub machine: Machine<'h>,
    /// `ENV_x`.
    pub environment: BTreeMap<String, String>,
    /// Environment files that were read, by path.
    pub environment_files: HashMap<String, Option<Arc<SecretEnvironment>>>,
    /// Absolute directory of the main file.
    pub here: String,
    /// Working directory.
    pub directory: String,
    /// `uname -n`.
    pub host_name: String,
    /// Options of `[supervisord]` from the command line.
    pub overrides: Vec<(String, String)>,
    /// Processes that may still be made.
    pub processes_left: i64,
    /// What Supervisor logs at start about the reading.
    pub messages: Vec<(LogLevel, String)>,
}

impl Context<'_> {
    /// Nothing is known.
    pub(super) fn empty() -> Self {
        Self {
            report: Report::default(),
            machine: Machine::absent(),
            environment: BTreeMap::new(),
            environment_files: HashMap::new(),
            here: String::new(),
            directory: String::new(),
            host_name: String::new(),
            overrides: Vec::new(),
            processes_left: MOST_PROCESSES,
            messages: Vec::new(),
        }
    }

    /// `~` expanded, made absolute against the working directory, and `.` and `..` resolved.
    pub(super) fn absolute(&self, path: &str) -> String {
        abspath(&self.machine.expand_home(path), &self.directory)
    }

    /// Something that Supervisor logs as a warning at start.
    pub(super) fn warn_at_start(&mut self, place: Option<Place>, message: String, hint: &str) {
        self.report.warn(place, message.clone(), hint);
        self.messages.push((LogLevel::Warn, message));
    }
}

/// Reads the options of one section.
pub(super) struct Reader<'r, 'h> {
    pub cx: &'r mut Context<'h>,
    pub document: &'r Document,
    pub section: &'r Section,
    kind: SectionKind,
    names: BTreeMap<String, Object>,
    suffix: String,
    lenient: bool,
}

impl<'r, 'h> Reader<'r, 'h> {
    /// A reader that knows only `ENV_x`.
    pub(super) fn new(
        cx: &'r mut Context<'h>,
        document: &'r Document,
        section: &'r Section,
        kind: SectionKind,
    ) -> Self {
        let (names, suffix) = (BTreeMap::new(), String::new());
        Self { cx, document, section, kind, names, suffix, lenient: false }
    }

    /// The same, with `%(here)s`.
    pub(super) fn with_here(mut self) -> Self {
        let here = self.cx.here.clone();
        self.define("here", Object::Text(here));
        self
    }

    /// Reports warnings where others report errors.
    pub(super) fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Makes errors end with ` in section … (file: …)`.
    pub(super) fn naming_section(mut self) -> Self {
        let source = self.section.header.map_or(0, |header| header.source);
        self.suffix = in_section(&self.section.name, self.cx.report.sources.file(source));
        self
    }

    /// Makes a name known to expansions.
    pub(super) fn define(&mut self, name: impl Into<String>, object: Object) {
        self.names.insert(name.into(), object);
    }

    /// What the option means, if some names more are known to its expansion, each as this.
    pub(super) fn get_with<T: Setting>(
        &mut self,
        key: &str,
        names: impl Iterator<Item = (&'static str, String)>,
    ) -> Option<T> {
        let before = self.names.clone();
        names.for_each(|(name, text)| self.define(name, Object::Text(text)));
        let value = self.get(key);
        self.names = before;
        value
    }

    /// Forgets `ENV_x` that were defined, so that the environment shows again.
    pub(super) fn forget_environment(&mut self) {
        self.names.retain(|name, _| !name.starts_with("ENV_"));
    }

    /// The option as written.
    pub(super) fn entry(&self, key: &str) -> Option<&'r Entry> {
        self.document.entry(self.section, key)
    }

    /// Where the option's value stands, or else the section; nowhere if the command line says it.
    pub(super) fn place(&self, key: &str) -> Option<Place> {
        if self.override_of(key).is_some() {
            return None;
        }
        self.entry(key).map(Entry::value_place).or(self.section.header)
    }

    /// What the option means: its value, or its default, or `None`. `None` too if it means nothing, which is reported.
    pub(super) fn get<T: Setting>(&mut self, key: &str) -> Option<T> {
        let label = self.label(key);
        self.get_through(key, &[&label])
    }

    /// The same, with another default.
    pub(super) fn get_or<T: Setting>(&mut self, key: &str, default: T) -> T {
        if self.entry(key).is_some() { self.get(key).unwrap_or(default) } else { default }
    }

    /// The same, of an option that Supervisor ignores and that stands in files for other reasons: what is wrong with it is
    /// a warning, and it is as if it were not there.
    pub(super) fn get_or_ignore<T: Setting>(&mut self, key: &str) -> Option<T> {
        let lenient = std::mem::replace(&mut self.lenient, !self.section.native);
        let value = self.get(key);
        self.lenient = lenient;
        value
    }

    /// The same, expanded once for each label, which is what messages call it.
    pub(super) fn get_through<T: Setting>(&mut self, key: &str, labels: &[&str]) -> Option<T> {
        self.get_inner(key, labels, None)
    }

    /// The same; a value that is refused is so with `Invalid <name> value <text>`.
    pub(super) fn get_called<T: Setting>(&mut self, key: &str, name: &str) -> Option<T> {
        let label = self.label(key);
        self.get_inner(key, &[&label], Some(name))
    }

    fn get_inner<T: Setting>(
        &mut self,
        key: &str,
        labels: &[&str],
        name: Option<&str>,
    ) -> Option<T> {
        let spec = self.kind.option(key)?;
        let value = match self.entry(key) {
            Some(entry) => self.read(spec, entry, labels, name),
            None => self.default(spec, labels),
        };
        let setting = T::from_value(self.overridden(spec).or(value)?);
        debug_assert!(setting.is_some(), "{key} is read as what it is not");
        setting
    }

    fn read(
        &mut self,
        spec: &OptionSpec,
        entry: &Entry,
        labels: &[&str],
        name: Option<&str>,
    ) -> Option<Value> {
        let mut raw = entry.value.clone();
        let passes = if self.section.native { 1 } else { labels.len() };
        for (pass, label) in labels.iter().take(passes).enumerate() {
            raw = match self.expand(&raw, label) {
                Ok(expanded) => expanded,
                Err(error) => return self.refuse_expansion(entry, error, pass),
            };
        }
        let value = spec.kind.read(&raw, &mut self.cx.machine);
        let message = |theirs| match (name, &raw) {
            (Some(name), Raw::Text(text)) => format!("Invalid {name} value {text}"),
            _ => theirs,
        };
        value.map_err(|theirs| self.refuse_value(spec.kind, entry, message(theirs))).ok()
    }

    fn refuse_expansion(
        &mut self,
        entry: &Entry,
        error: ExpandError,
        pass: usize,
    ) -> Option<Value> {
        let exact = pass == 0 && matches!(entry.value, Raw::Text(_));
        let place = if exact { entry.piece(&error.at) } else { entry.value_place() };
        let hint = if pass == 0 { &error.hint } else { TWICE };
        self.error(Some(place), error.message, hint);
        None
    }

    /// What the command line says of an option.
    fn override_of(&self, key: &str) -> Option<&(String, String)> {
        let mut overrides = self.cx.overrides.iter();
        overrides.find(|(other, _)| self.kind == SectionKind::Supervisord && other == key)
    }

    /// What the command line says, which is not expanded.
    fn overridden(&mut self, spec: &OptionSpec) -> Option<Value> {
        let (key, text) = self.override_of(spec.key)?.clone();
        match spec.kind.read(&Raw::Text(text.clone()), &mut self.cx.machine) {
            Ok(value) => Some(value),
            Err(reason) => {
                let message = format!("invalid value for --{key} {}: {reason}", repr(&text));
                self.error(None, message, spec.kind.expects());
                None
            }
        }
    }

    fn default(&mut self, spec: &OptionSpec, labels: &[&str]) -> Option<Value> {
        let raw = Raw::Text(spec.default?.to_owned());
        let expanded = self.expand(&raw, labels.first().copied().unwrap_or_default()).ok()?;
        match spec.kind.read(&expanded, &mut self.cx.machine) {
            Ok(value) => Some(value),
            Err(message) => {
                self.error(self.section.header, message, spec.kind.expects());
                None
            }
        }
    }

    fn refuse_value(&mut self, kind: Kind, entry: &Entry, message: String) {
        let hint = if message.starts_with("integer is too large") {
            "write a number that fits 64 bits"
        } else if entry.text().contains("${") && kind != Kind::Environment {
            "no shell expands this variable; write `%(ENV_NAME)s`"
        } else {
            kind.expects()
        };
        self.error(Some(entry.value_place()), message, hint);
    }

    /// The text of the option, expanded, whatever its kind.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let entry = self.entry(key)?;
        let label = self.label(key);
        match self.expand(&entry.value, &label) {
            Ok(Raw::Text(text)) => Some(text),
            Ok(Raw::Map(_)) => None,
            Err(error) => {
                self.error(Some(entry.piece(&error.at)), error.message, &error.hint);
                None
            }
        }
    }

    fn expand(&self, raw: &Raw, label: &str) -> Result<Raw, ExpandError> {
        let names = Names { environment: &self.cx.environment, own: &self.names };
        match raw {
            Raw::Text(text) => expand(text, names, label).map(Raw::Text),
            Raw::Map(pairs) => {
                let pair = |(key, value): &(String, String)| {
                    expand(value, names, label).map(|value| (key.clone(), value))
                };
                pairs.iter().map(pair).collect::<Result<_, _>>().map(Raw::Map)
            }
        }
    }

    /// The words of a list, each with its place.
    pub(super) fn pieces(&mut self, key: &str) -> Vec<(String, Option<Place>)> {
        let found: Vec<String> = self.get(key).unwrap_or_default();
        let mut from = 0;
        let mut place = |word: &str| {
            let entry = self.entry(key)?;
            let Some(offset) = entry.text().get(from..).and_then(|rest| rest.find(word)) else {
                return Some(entry.value_place());
            };
            let at = from + offset..from + offset + word.len();
            from = at.end;
            Some(entry.piece(&at))
        };
        let places: Vec<_> = found.iter().map(|word| place(word)).collect();
        found.into_iter().zip(places).collect()
    }

    /// What messages call the option: `program:x.command`.
    pub(super) fn label(&self, key: &str) -> String {
        format!("{}.{key}", self.section.name)
    }

    /// Warns of a directory that an option names and that will have to be made.
    pub(super) fn warn_of_missing(&mut self, key: &str, directory: &str) {
        let message =
            format!("the directory {directory} does not exist; it is made when it is needed");
        let hint =
            "make it beforehand if Supervisor is to read this file: it would refuse all of it";
        self.cx.report.warn(self.place(key), message, hint);
    }

    /// Reports what is wrong with an option, or with what is missing in the section.
    pub(super) fn refuse(&mut self, key: &str, message: impl Into<String>, hint: &str) {
        let place = self.place(key);
        self.error(place, message.into(), hint);
    }

    /// Reports that a required option is missing, unless it may be in a line that could not be read.
    pub(super) fn refuse_missing(&mut self, message: impl Into<String>, hint: &str) {
        if !self.section.damaged {
            self.error(self.section.header, message.into(), hint);
        }
    }

    fn error(&mut self, place: Option<Place>, message: String, hint: &str) {
        if self.lenient {
            self.cx.report.warn(place, message, hint);
        } else {
            self.cx.report.error_in(place, message, &self.suffix, hint);
        }
    }

    /// Where the section stands.
    pub(super) fn origin(&self) -> Origin {
        self.origin_of(self.section.header)
    }

    /// Where a place in this section stands.
    pub(super) fn origin_of(&self, place: Option<Place>) -> Origin {
        let sources = &self.cx.report.sources;
        Origin {
            file: place.map_or(String::new(), |place| sources.file(place.source).to_owned()),
            line: place.map_or(0, |place| sources.line(place)),
            section: self.section.name.clone(),
        }
    }
}

const TWICE: &str = "this value is expanded twice: a literal percent sign is written `%%%%`";

/// A type that options can have.
pub(super) trait Setting: Sized {
    /// The value, if it is of this type.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! settings {
    ($($variant:ident => $type:ty),* $(,)?) => {$(
        impl Setting for $type {
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(value) => Some(value),
                    _ => None,
                }
            }
        }
    )*};
}

settings! {
    Text => String,
    Integer => i64,
    Boolean => bool,
    Mode => u32,
    Signal => Signal,
    ExitCodes => Vec<u8>,
    List => Vec<String>,
    Autorestart => Autorestart,
    LogTarget => LogTarget,
    LogLevel => LogLevel,
    User => User,
    Environment => BTreeMap<String, String>,
    Address => (String, u16),
    Bus => WhichBus,
    OnOffAuto => OnOffAuto,
    Duration => Duration,
    EarlyExit => EarlyExit,
    LogFormat => Option<LogFormat>,
    Gid => Gid,
    Gids => Vec<Gid>,
    Nice => i32,
    Limit => Limit,
    ExitWhen => ExitWhen,
}
