//! `[program:x]` and its sisters: a section to its processes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::{environment_file, ordering, resources};
use crate::config::expand::Object;
use crate::config::kinds::{LogTarget, placeholder};
use crate::config::options::SectionKind;
use crate::config::python::{repr, strip};
use crate::config::reader::{Context, MOST_PROCESSES, Reader};
use crate::config::text::{Document, Section};
use crate::name::ProcessName;
use crate::signal::Signal;
use crate::unit::{
    Autorestart, LogField, LogFile, LogFormat, Output, Pacing, Program, SecretEnvironment,
};

/// The processes of one section, as members of `group`, by name. `global` is the environment below each one's own.
pub(super) fn processes(
    cx: &mut Context<'_>,
    document: &Document,
    section: &Section,
    kind: SectionKind,
    group: &str,
    global: &BTreeMap<String, String>,
) -> Vec<Program> {
    let mut reader = Reader::new(cx, document, section, kind).with_here().naming_section();
    let name = own_name(&mut reader);
    let host_name = reader.cx.host_name.clone();
    for (key, text) in [
        ("program_name", name.clone()),
        ("host_node_name", host_name),
        ("group_name", group.to_owned()),
    ] {
        reader.define(key, Object::Text(text));
    }
    let (template, numbers) = template(&mut reader, group);
    let mut processes = Vec::new();
    for number in numbers.clone() {
        let errors = reader.cx.report.errors();
        reader.define("process_num", Object::Integer(number));
        reader.define("numprocs", Object::Integer(numbers.end - numbers.start));
        processes.extend(process(&mut reader, &template, global));
        if reader.cx.report.errors() > errors {
            break;
        }
    }
    processes.sort_by(|a, b| a.name.process.cmp(&b.name.process));
    processes
}

/// The name after the colon. One that is refused is reported and used all the same.
pub(super) fn own_name(reader: &mut Reader<'_, '_>) -> String {
    let name = reader.section.name.split_once(':').map_or("", |(_, name)| name);
    if let Err(message) = check_name(name) {
        reader.refuse("", message, "use letters, digits, `-`, `_` and `.`");
    }
    strip(name).to_owned()
}

/// Whether a name can be told apart in events, in commands and on the web page.
fn check_name(name: &str) -> Result<(), String> {
    match [' ', ':', '/'].into_iter().find(|c| strip(name).contains(*c)) {
        Some(c) => Err(format!(
            "Invalid name: {} because of character: {}",
            repr(name),
            repr(&c.to_string())
        )),
        None => Ok(()),
    }
}

/// Everything that is the same for every process of the section, and their numbers.
fn template(reader: &mut Reader<'_, '_>, group: &str) -> (Program, Range<i64>) {
    let program = Program {
        name: ProcessName::new(group, ""),
        origin: reader.origin(),
        command: String::new(),
        directory: None,
        environment: BTreeMap::new(),
        secrets: SecretEnvironment::default(),
        priority: reader.get("priority").unwrap_or_default(),
        autostart: reader.get("autostart").unwrap_or_default(),
        autorestart: reader.get("autorestart").unwrap_or(Autorestart::Unexpected),
        startsecs: reader.get("startsecs").unwrap_or_default(),
        startretries: reader.get("startretries").unwrap_or_default(),
        pacing: pacing(reader),
        stopsignal: reader.get("stopsignal").unwrap_or(Signal::TERM),
        stopwaitsecs: reader.get("stopwaitsecs").unwrap_or_default(),
        stopasgroup: reader.get("stopasgroup").unwrap_or_default(),
        killasgroup: killasgroup(reader),
        exitcodes: reader.get("exitcodes").unwrap_or_default(),
        log_format: None,
        redirect_stderr: reader.get("redirect_stderr").unwrap_or_default(),
        stdout: output(reader, "stdout"),
        stderr: output(reader, "stderr"),
        serverurl: reader.get("serverurl").filter(|url: &String| !is_auto(url)),
        socket: None,
        user: reader.get("user"),
        groups: resources::groups(reader),
        resources: resources::resources(reader),
        umask: reader.get("umask"),
        ordering: ordering::of_program(reader),
    };
    let numbers = numbers(reader);
    check_process_name(reader, &numbers);
    if program.stopasgroup && !program.killasgroup {
        let hint = "leave killasgroup out, or set it to true";
        reader.refuse("killasgroup", "Cannot set stopasgroup=true and killasgroup=false", hint);
    }
    (program, numbers)
}

/// visord's own rules of starting again.
fn pacing(reader: &mut Reader<'_, '_>) -> Pacing {
    let pacing = Pacing {
        delay: reader.get("restart_delay"),
        max_delay: reader.get("restart_max_delay"),
        early_exit: reader.get("early_exit").unwrap_or_default(),
    };
    if let Pacing { delay: Some(delay), max_delay: Some(most), .. } = pacing
        && most < delay
    {
        let hint = "write a longer time, or leave it out for a pause that does not grow";
        reader.refuse("restart_max_delay", "restart_max_delay is less than restart_delay", hint);
    }
    pacing
}

fn killasgroup(reader: &mut Reader<'_, '_>) -> bool {
    let stopasgroup = reader.get("stopasgroup").unwrap_or_default();
    reader.get_or("killasgroup", stopasgroup)
}

fn is_auto(url: &str) -> bool {
    strip(url).eq_ignore_ascii_case("auto")
}

/// The part of an output stream that is the same for every process.
fn output(reader: &mut Reader<'_, '_>, stream: &str) -> Output {
    Output {
        logfile: LogFile::Auto,
        maxbytes: 0,
        backups: 0,
        capture_maxbytes: reader.get(&format!("{stream}_capture_maxbytes")).unwrap_or_default(),
        events_enabled: reader.get(&format!("{stream}_events_enabled")).unwrap_or_default(),
        syslog: false,
        journal: reader.get(&format!("{stream}_journal")).unwrap_or_default(),
    }
}

impl Program {
    /// A program of which nothing is said but its command: everything else is as the table of options has it.
    #[must_use]
    pub fn new(name: ProcessName, command: &str) -> Self {
        let section = Section::absent(&format!("program:{}", name.process));
        let (mut cx, document) = (Context::empty(), Document::default());
        let mut reader = Reader::new(&mut cx, &document, &section, SectionKind::Program);
        let (template, _) = template(&mut reader, &name.group);
        Self {
            name,
            command: command.to_owned(),
            stdout: finish_output(&mut reader, "stdout", &template.stdout),
            stderr: finish_output(&mut reader, "stderr", &template.stderr),
            ..template
        }
    }
}

/// The range of `process_num`.
fn numbers(reader: &mut Reader<'_, '_>) -> Range<i64> {
    let count: i64 = reader.get("numprocs").unwrap_or(1);
    let start: i64 = reader.get("numprocs_start").unwrap_or(0);
    if count > reader.cx.processes_left {
        let hint = format!("{MOST_PROCESSES} processes are possible in all");
        reader.refuse("numprocs", format!("numprocs is too large: {count}"), &hint);
        return start..start;
    }
    reader.cx.processes_left -= count.max(0);
    start..start.saturating_add(count)
}

/// `process_name` is checked as it is written; what it expands to may contain anything.
fn check_process_name(reader: &mut Reader<'_, '_>, numbers: &Range<i64>) {
    let pattern = reader.entry("process_name").map_or("%(program_name)s", |entry| entry.text());
    if let Err(message) = check_name(pattern) {
        reader.refuse("process_name", message, "use letters, digits, `-`, `_` and `.`");
    }
    if numbers.end.saturating_sub(numbers.start) > 1 && !pattern.contains("%(process_num)") {
        let message = "%(process_num) must be present within process_name when numprocs > 1";
        let hint = "write process_name=%(program_name)s_%(process_num)02d";
        reader.refuse("process_name", message, hint);
    }
}

/// One process: what may depend on its number, and on its own environment.
fn process(
    reader: &mut Reader<'_, '_>,
    template: &Program,
    global: &BTreeMap<String, String>,
) -> Option<Program> {
    reader.forget_environment();
    let own: BTreeMap<String, String> =
        reader.get_through("environment", &["environment"]).unwrap_or_default();
    for (key, value) in &own {
        reader.define(format!("ENV_{key}"), Object::Text(value.clone()));
    }
    let secrets = environment_file::read(reader);
    let directory = reader.get("directory");
    let log_format = log_format(reader);
    let stdout = finish_output(reader, "stdout", &template.stdout);
    let mut stderr = finish_output(reader, "stderr", &template.stderr);
    if template.redirect_stderr {
        forget_stderr_file(reader, &mut stderr);
    }
    let command = reader.get("command");
    if command.is_none() && reader.entry("command").is_none() {
        let message = format!("program section {} does not specify a command", reader.section.name);
        reader.refuse_missing(message, "add a line `command=/path/to/program arguments`");
    }
    let name: String = reader.get_through("process_name", &["process_name"])?;
    Some(Program {
        name: ProcessName { group: template.name.group.clone(), process: Arc::from(name) },
        command: command?,
        directory,
        stdout,
        stderr,
        environment: global.clone().into_iter().chain(own).collect(),
        secrets,
        log_format,
        ..template.clone()
    })
}

/// `log_format`. What it says of each line stays in it through the expansion.
fn log_format(reader: &mut Reader<'_, '_>) -> Option<LogFormat> {
    let fields = LogField::ALL.into_iter().map(|(_, name)| name).chain([LogFormat::MESSAGE]);
    reader.get_with("log_format", fields.map(|name| (name, placeholder(name)))).flatten()
}

fn finish_output(reader: &mut Reader<'_, '_>, stream: &str, template: &Output) -> Output {
    let section = reader.section.name.clone();
    let file = format!("{stream}_logfile");
    let target = reader.get_through(&file, &[&reader.label(&file), &file]);
    let backups = reader.get(&format!("{file}_backups")).unwrap_or_default();
    let maxbytes = reader.get(&format!("{file}_maxbytes")).unwrap_or_default();
    let mut syslog = reader.get(&format!("{stream}_syslog")).unwrap_or_default();
    let place = reader.place(&file);
    let logfile = match target.unwrap_or(LogTarget::Auto) {
        LogTarget::Path(path) => {
            if let Some(directory) = reader.cx.machine.missing_parent(&path) {
                reader.warn_of_missing(&file, directory);
            }
            LogFile::Path(path)
        }
        LogTarget::None => LogFile::None,
        LogTarget::Auto => LogFile::Auto,
        LogTarget::Syslog => {
            syslog = true;
            let message = format!(
                "For [{section}], {file}=syslog but this is deprecated and will be removed.  \
                 Use {stream}_syslog=true to enable syslog instead."
            );
            let hint = format!("write {file}=NONE and {stream}_syslog=true");
            reader.cx.warn_at_start(place, message, &hint);
            LogFile::None
        }
    };
    if logfile == LogFile::Auto && maxbytes == 0 {
        let message = format!(
            "For [{section}], AUTO logging used for {file} without rollover, \
             set maxbytes > 0 to avoid filling up filesystem unintentionally"
        );
        reader.cx.warn_at_start(place, message, &format!("set {file}_maxbytes above 0"));
    }
    Output { logfile, maxbytes, backups, syslog, ..template.clone() }
}

/// With `redirect_stderr` there is never a file for standard error.
fn forget_stderr_file(reader: &mut Reader<'_, '_>, stderr: &mut Output) {
    if matches!(stderr.logfile, LogFile::Path(_)) {
        let message = format!(
            "For [{}], redirect_stderr=true but stderr_logfile has also been set to a filename, \
             the filename has been ignored",
            reader.section.name
        );
        let place = reader.place("stderr_logfile");
        reader.cx.warn_at_start(place, message, "remove one of the two");
    }
    stderr.logfile = LogFile::None;
}
