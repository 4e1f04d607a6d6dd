//! What a `.conf` file says that does nothing: unknown sections and options, and options that are recognised only.

use super::footgun;
use super::options::{OPTIONS, SectionKind, Status};
use super::report::Report;
use super::spelling;
use super::text::{Document, Entry, Section};

/// Reports what probably does not mean what its writer thinks.
pub(super) fn lint(document: &Document, report: &mut Report) {
    for section in document.sections.iter().filter(|section| !section.native) {
        let kind = SectionKind::of(&section.name);
        match kind {
            Some(kind) => options(section, kind, report),
            None => unknown_section(section, report),
        }
        for entry in &section.entries {
            duplicate(section, entry, report);
            footgun::look(section, kind, entry, report);
        }
    }
    for entry in &document.defaults.entries {
        if !OPTIONS.iter().any(|spec| spec.key == entry.key) {
            unknown_option("DEFAULT", entry, OPTIONS.iter().map(|spec| spec.key), report);
        }
    }
}

fn unknown_section(section: &Section, report: &mut Report) {
    let (prefix, name) = section.name.split_once(':').unwrap_or((&section.name, ""));
    let words = SectionKind::ALL.map(|(_, word)| word);
    let bare = words.map(|word| word.trim_end_matches(':'));
    let prefix = prefix.trim();
    let hint = match bare.iter().position(|word| word.eq_ignore_ascii_case(prefix)) {
        Some(known) if words[known].ends_with(':') && name.is_empty() => {
            format!("write [{}NAME]", words[known])
        }
        Some(known) => format!("write [{}{name}]", words[known]),
        None => match spelling::nearest(&prefix.to_lowercase(), bare).as_slice() {
            [] => "nothing reads this section".to_owned(),
            [near] if !name.is_empty() => format!("did you mean [{near}:{name}]?"),
            [near, ..] => format!("did you mean [{near}]?"),
        },
    };
    report.warn(section.header, format!("unknown section [{}]", section.name), &hint);
}

fn options(section: &Section, kind: SectionKind, report: &mut Report) {
    // What else these two hold goes to their plugin.
    let open = matches!(kind, SectionKind::RpcInterface | SectionKind::CtlPlugin);
    for entry in &section.entries {
        match kind.option(&entry.key).map(|spec| spec.status) {
            Some(Status::Effective) => {}
            Some(Status::NoEffect(reason)) => {
                let message = format!("`{}` has no effect in [{}]", entry.key, section.name);
                report.warn(entry.place, message, reason);
            }
            None if open => {}
            None => {
                let known = kind.options().map(|spec| spec.key);
                unknown_option(&section.name, entry, known, report);
            }
        }
    }
}

fn unknown_option<'a>(
    section: &str,
    entry: &Entry,
    known: impl Iterator<Item = &'a str>,
    report: &mut Report,
) {
    let hint = match OPTIONS.iter().find(|spec| spec.key == entry.key) {
        Some(elsewhere) => elsewhere.sections.first().map(|kind| {
            let dots = if kind.name().ends_with(':') { "NAME" } else { "" };
            format!("`{}` belongs to [{}{dots}]", entry.key, kind.name())
        }),
        None => spelling::hint(&entry.key, known),
    };
    let message = format!("unknown option `{}` in [{section}]", entry.key);
    report.warn(entry.place, message, &hint.unwrap_or_else(|| "nothing reads it".to_owned()));
}

fn duplicate(section: &Section, entry: &Entry, report: &mut Report) {
    if let Some(hidden) = entry.hidden.filter(|hidden| hidden.differs).map(|hidden| hidden.place) {
        let message = format!("`{}` is set twice in [{}]", entry.key, section.name);
        report.warn(entry.place, message, "the last one counts; remove the other");
        report.relate(hidden, "it is set here too");
    }
}
