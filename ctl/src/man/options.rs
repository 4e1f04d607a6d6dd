//! visord.conf(5), of the table of options.

use visor_units::config::options::{OptionSpec, SectionKind, Status};

/// What is written by hand, with every section and its options between.
pub(super) fn page() -> String {
    let sections: String =
        SectionKind::ALL.into_iter().map(|(kind, name)| section(kind, name)).collect();
    format!(
        "{}.SH SECTIONS\n{sections}{}",
        include_str!("../../../packaging/man/visord.conf.5.head"),
        include_str!("../../../packaging/man/visord.conf.5.tail")
    )
}

fn section(kind: SectionKind, name: &str) -> String {
    let title = if name.ends_with(':') { format!("[{name}x]") } else { format!("[{name}]") };
    let mut text = format!(".SS {}\n", escape(&title));
    let shared = matches!(kind, SectionKind::EventListener | SectionKind::FcgiProgram);
    if shared {
        text.push_str("The options of a program, and:\n");
    }
    if kind == SectionKind::ProgramDefault {
        text.push_str(DEFAULTS);
        return text;
    }
    let own = |spec: &&OptionSpec| !(shared && spec.sections.contains(&SectionKind::Program));
    let (works, idle): (Vec<&OptionSpec>, Vec<&OptionSpec>) =
        kind.options().filter(own).partition(|spec| !matches!(spec.status, Status::NoEffect(_)));
    text.extend(works.into_iter().map(option));
    if !idle.is_empty() {
        text.push_str(".TP\nRecognised without effect\n");
        let reasons: Vec<String> = idle.into_iter().map(without_effect).collect();
        text.push_str(&format!("{}\n", reasons.join(";\n")));
    }
    text
}

const DEFAULTS: &str = "The options of a program, for every [program:x] and [fcgi\\-program:x] that does not have them itself. An \
    option of a program replaces the whole of its default, \\fBenvironment\\fR too. Event listeners are not concerned.\n";

/// The key with its default, and what it does.
fn option(spec: &OptionSpec) -> String {
    let default = spec.default.filter(|default| !default.is_empty());
    let default = default.map(|text| format!("=\\fI{}\\fR", escape(text))).unwrap_or_default();
    format!(".TP\n\\fB{}\\fR{default}\n{}\n", escape(spec.key), escape(spec.doc))
}

fn without_effect(spec: &OptionSpec) -> String {
    match spec.status {
        Status::NoEffect(reason) => format!("\\fB{}\\fR: {}", escape(spec.key), escape(reason)),
        Status::Effective => String::new(),
    }
}

/// Text that roff(7) shows as it is.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
