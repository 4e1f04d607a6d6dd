//! Problems of a configuration, as people read them.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use visor_units::config::{Diagnostic, Loaded, Severity, Source, Span};
use visor_units::printable::is_late_control;

/// Longer messages are cut, in characters.
const LONGEST_TITLE: usize = 300;

/// Longer lines are not quoted.
const LONGEST_LINE: usize = 1_000;

/// Draws every problem on standard error: the place, the line, a caret, a hint, and how many there are.
pub(crate) fn draw(loaded: &Loaded) {
    anstream::eprint!("{}", drawing(loaded));
}

/// The same as text, with colours; printing it through `anstream` takes them out where they do not belong.
pub(super) fn drawing(loaded: &Loaded) -> String {
    let renderer = Renderer::styled();
    let mut text = String::new();
    for diagnostic in &loaded.diagnostics {
        let report = groups(diagnostic, &loaded.sources);
        text.push_str(&renderer.render(&report));
        // Within the report it would hang from the frame of a quotation that is not there.
        if let (None, Some(hint)) = (&diagnostic.span, &diagnostic.hint) {
            let help = Group::with_title(Level::HELP.secondary_title(hint.as_str()));
            text.push('\n');
            text.push_str(&renderer.render(&[help]));
        }
        text.push_str("\n\n");
    }
    text.push_str(&summary(&loaded.diagnostics));
    text.push('\n');
    // The renderer shows the other control characters as pictures.
    text.replace(is_late_control, "\u{fffd}")
}

/// One problem on one line: `file:line:column: error: message (hint)`.
pub(crate) fn line(diagnostic: &Diagnostic) -> String {
    let mut text = String::new();
    if let Some(Span { file, line, column, .. }) = &diagnostic.span {
        // Writing to a String cannot fail.
        let _ = write!(text, "{file}:{line}:{column}: ");
    }
    let message = diagnostic.message.replace(char::is_control, " ");
    let _ = write!(text, "{}: {message}", severity(diagnostic.severity));
    if let Some(hint) = &diagnostic.hint {
        let _ = write!(text, " ({hint})");
    }
    text
}

/// `2 errors, 1 warning`.
pub(super) fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |wanted| diagnostics.iter().filter(|d| d.severity == wanted).count();
    let part = |number: usize, what: &str| match number {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{number} {what}s")),
    };
    let parts: Vec<String> =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")]
            .into_iter()
            .filter_map(|(severity, word)| part(count(severity), word))
            .collect();
    if parts.is_empty() { "no problems".to_owned() } else { parts.join(", ") }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::NOTE,
    };
    let mut first = Group::with_title(level.primary_title(title(&diagnostic.message)));
    if let Some(span) = &diagnostic.span {
        first = quote(first, span, sources, AnnotationKind::Primary);
        first = first.elements(diagnostic.hint.as_deref().map(|hint| Level::HELP.message(hint)));
    }
    let related = diagnostic.related.iter().map(|(span, what)| {
        let group = Group::with_title(Level::NOTE.secondary_title(what.as_str()));
        quote(group, span, sources, AnnotationKind::Context)
    });
    std::iter::once(first).chain(related).collect()
}

/// The part of Supervisor's text that place and quote do not say again.
fn title(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let end = first.rfind(" in section ").filter(|at| first[*at..].contains("(file: "));
    let title = &first[..end.unwrap_or(first.len())];
    if title.chars().count() <= LONGEST_TITLE {
        return title.to_owned();
    }
    title.chars().take(LONGEST_TITLE).chain(['…']).collect()
}

/// Adds the line of a span, underlined.
fn quote<'a>(
    group: Group<'a>,
    span: &'a Span,
    sources: &'a [Source],
    kind: AnnotationKind,
) -> Group<'a> {
    let source = sources.iter().find(|source| source.file == span.file);
    let Some((start, line)) = source.and_then(|source| quoted(&source.text, span.start..span.end))
    else {
        let origin = Origin::path(span.file.as_str())
            .line(span.line as usize)
            .char_column(span.column as usize);
        return group.element(origin);
    };
    let end = span.end.min(start + line.len());
    let annotation = kind.span(span.start - start..(end - start).max(span.start - start));
    group.element(
        Snippet::source(line)
            .line_start(span.line as usize)
            .path(span.file.as_str())
            .annotation(annotation),
    )
}

/// The line in which a range begins, with its offset; `None` if it is too long or not there.
fn quoted(text: &str, range: Range<usize>) -> Option<(usize, &str)> {
    let start = text.get(..range.start)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.split('\n').next()?;
    (line.len() <= LONGEST_LINE).then_some((start, line))
}

#[cfg(test)]
mod tests {
    use visor_units::config::{Request, load};

    use super::*;
    use crate::config::Machine;

    /// What is drawn of a file with this text, without colours.
    fn drawn(text: &str) -> String {
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("x.conf").display().to_string();
        std::fs::write(&file, text).expect("written");
        let request = Request { file: file.clone(), no_host: true, ..Request::default() };
        let drawing = drawing(&load(&request, &Machine::default()));
        anstream::adapter::strip_str(&drawing).to_string().replace(&file, "x.conf")
    }

    #[test]
    fn a_problem_has_its_place_its_line_a_caret_and_a_hint() {
        assert_eq!(
            drawn(
                "[supervisord]\n[program:é]\ncommand=é\nuser=0\nautorstart=1\nuser=1\nstartsecs=1.5\n"
            ),
            "\
warning: unknown option `autorstart` in [program:é]
 --> x.conf:5:1
  |
5 | autorstart=1
  | ^^^^^^^^^^
  |
  = help: did you mean `autostart` or `autorestart`?

warning: `user` is set twice in [program:é]
 --> x.conf:6:1
  |
6 | user=1
  | ^^^^
  |
  = help: the last one counts; remove the other
note: it is set here too
 --> x.conf:4:1
  |
4 | user=0
  | ----

error: invalid literal for int() with base 10: '1.5'
 --> x.conf:7:11
  |
7 | startsecs=1.5
  |           ^^^
  |
  = help: write a whole number

1 error, 2 warnings
"
        );
    }

    #[test]
    fn a_problem_without_a_place_has_no_frame() {
        let request = Request { file: "/nowhere/x.conf".into(), ..Request::default() };
        let drawing = drawing(&load(&request, &Machine::default()));
        assert_eq!(
            anstream::adapter::strip_str(&drawing).to_string(),
            "error: could not find config file /nowhere/x.conf\nhelp: No such file or directory (os error 2)\n\n1 error\n"
        );
    }

    #[test]
    fn on_one_line_a_problem_is_told_with_its_place_and_without_control_characters() {
        let span = Span { file: "x.conf".into(), line: 2, column: 3, start: 0, end: 0 };
        let problem = Diagnostic {
            severity: Severity::Warning,
            span: Some(span),
            message: "one\n\ttwo\u{1b}[m".into(),
            hint: Some("do".into()),
            related: vec![],
        };
        assert_eq!(line(&problem), "x.conf:2:3: warning: one  two [m (do)");
    }

    #[test]
    fn a_line_too_long_to_quote_is_named_by_its_place() {
        let text = format!("[supervisord]\nminfds={}\n", "x".repeat(5_000));
        let drawing = drawn(&text);
        assert!(drawing.contains("--> x.conf:2:8") && drawing.len() < 1_000, "{drawing}");
    }

    #[test]
    fn hostile_text_is_drawn_without_its_control_characters() {
        let drawing = drawn("[supervisord]\nenvironment=\u{1b}[31m\u{7}\n\u{1b}]0;x\u{7}\n");
        assert!(!drawing.contains(['\u{1b}', '\u{7}']), "{drawing:?}");
    }

    #[test]
    fn the_summary_counts() {
        let of = |severity| Diagnostic {
            severity,
            span: None,
            message: String::new(),
            hint: None,
            related: vec![],
        };
        assert_eq!(summary(&[]), "no problems");
        let found = [Severity::Error, Severity::Warning, Severity::Error].map(of);
        assert_eq!(summary(&found), "2 errors, 1 warning");
    }
}
